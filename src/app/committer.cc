// SPDX-License-Identifier: Apache-2.0
#include "app/committer.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/limits.h"
#include "base/log.h"

namespace otaru::app {

struct Committer::Impl {
  struct Item {
    WriteBatch batch;
    Done done;
  };
  mutable std::mutex mutex;
  std::condition_variable wake;
  std::deque<Item> queue;  // guarded by mutex
  bool stopping = false;   // guarded by mutex
  Mode mode = Mode::thread;
  FailureHandler on_failure;
  EventLog* events = nullptr;
  Journal* journal = nullptr;
  std::thread thread;
};

Committer::Committer(Store& store, Mode mode) : store_(store), impl_(std::make_unique<Impl>()) {
  impl_->mode = mode;
  if (mode == Mode::manual) return;
  impl_->thread = std::thread([this] {
    std::unique_lock lock(impl_->mutex);
    while (true) {
      impl_->wake.wait(lock, [this] { return impl_->stopping || !impl_->queue.empty(); });
      if (impl_->queue.empty()) return;
      lock.unlock();
      apply_group();
      lock.lock();
    }
  });
}

Committer::~Committer() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  if (impl_->thread.joinable()) impl_->thread.join();
}

void Committer::set_event_log(EventLog& log) {
  impl_->events = &log;
}

void Committer::set_failure_handler(FailureHandler handler) {
  impl_->on_failure = std::move(handler);
}

void Committer::set_journal(Journal* journal) {
  impl_->journal = journal;
}

base::Status Committer::submit(WriteBatch batch, Done done) {
  bool first = false;
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->queue.size() >= base::limits::kCommitQueueMax) {
      return base::fail(base::Code::exhausted, "too many changes are waiting to be stored");
    }
    first = impl_->queue.empty();
    impl_->queue.push_back({std::move(batch), std::move(done)});
  }
  if (first && impl_->mode == Mode::thread) impl_->wake.notify_one();
  return {};
}

bool Committer::pump() {
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->queue.empty()) return false;
  }
  apply_group();
  return true;
}

base::Status Committer::stamp_and_apply(const std::vector<WriteBatch*>& batches) {
  Journal* journal = impl_->journal;
  base::Status status;
  if (journal != nullptr) {
    for (auto* batch : batches) {
      if (status && !batch->journal.empty()) status = journal->stamp(*batch);
    }
  }
  if (status) {
    const std::vector<const WriteBatch*> stamped(batches.begin(), batches.end());
    status = store_.apply(stamped);
  }
  if (journal != nullptr) {
    journal->settle(status ? Journal::Outcome::durable : Journal::Outcome::failed);
  }
  return status;
}

void Committer::apply_group() {
  std::vector<Impl::Item> group;
  {
    const std::lock_guard lock(impl_->mutex);
    const size_t count = std::min(impl_->queue.size(), base::limits::kCommitBatchMax);
    group.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      group.push_back(std::move(impl_->queue.front()));
      impl_->queue.pop_front();
    }
  }
  std::vector<WriteBatch*> batches;
  batches.reserve(group.size());
  for (auto& item : group) {
    if (impl_->events != nullptr) impl_->events->stamp(item.batch);
    batches.push_back(&item.batch);
  }
  const base::Status status = stamp_and_apply(batches);
  if (impl_->events != nullptr) impl_->events->settle(status.has_value());
  stats_.transactions += 1;
  stats_.batches += static_cast<int64_t>(group.size());
  if (!status) {
    stats_.failures += 1;
    base::log::error("store.commit_failed", {{"batches", group.size()},
                                             {"code", base::code_name(status.error().code)},
                                             {"message", status.error().message},
                                             {"detail", status.error().detail}});
    const auto drain = [&] {
      const std::lock_guard lock(impl_->mutex);
      while (!impl_->queue.empty()) {
        group.push_back(std::move(impl_->queue.front()));
        impl_->queue.pop_front();
      }
      std::vector<const WriteBatch*> failed;
      failed.reserve(group.size());
      for (const auto& item : group) failed.push_back(&item.batch);
      return failed;
    };
    if (impl_->on_failure) {
      impl_->on_failure(drain);
    } else {
      drain();
    }
  }
  for (auto& item : group) {
    if (item.done) item.done(status);
  }
}

base::Status Committer::flush() {
  if (impl_->mode == Mode::manual) {
    base::Status last;
    while (pump()) {
    }
    return last;
  }
  struct Waiter {
    std::mutex mutex;
    std::condition_variable wake;
    bool ready = false;
    base::Status status;
  };
  const auto waiter = std::make_shared<Waiter>();
  OTARU_CHECK(submit({}, [waiter](const base::Status& status) {
    const std::lock_guard lock(waiter->mutex);
    waiter->status = status;
    waiter->ready = true;
    waiter->wake.notify_all();
  }));
  std::unique_lock lock(waiter->mutex);
  waiter->wake.wait(lock, [&] { return waiter->ready; });
  return waiter->status;
}

size_t Committer::queued() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->queue.size();
}

}  // namespace otaru::app
