// SPDX-License-Identifier: Apache-2.0
// Many units of work, one wait: each is correct by itself, and together they become one or a few
// transactions. For what the server does with thousands of devices that do not ask.
#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "app/engine.h"
#include "app/latch.h"

namespace otaru::app {
namespace {

using base::Code;

constexpr int kManyAttemptsMax = 200;

// Counts what has been submitted and is not durable yet.
class Crowd {
 public:
  void enter() {
    const std::lock_guard lock(mutex_);
    ++inside_;
  }
  void leave(const base::Status& status) {
    const std::lock_guard lock(mutex_);
    if (!status && failed_) failed_ = status;
    if (--inside_ == 0) wake_.notify_all();
  }
  base::Status wait() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return inside_ == 0; });
    return failed_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  size_t inside_ = 0;
  base::Status failed_;  // the first failure
};

}  // namespace

void Engine::pump_if_manual() {
  if (parts_.commit_mode != Committer::Mode::manual) return;
  while (committer_.pump()) {
  }
}

base::Status Engine::load_now(const DeviceGateway& gateway, LoadedRows* loaded) {
  // Read here, on this (worker) thread: waiting for the readers could starve them of threads.
  const auto& miss = gateway.miss_;
  if (miss.history) {
    OTARU_ASSERT(loaded != nullptr);
    return read_history(miss.task, miss.lines_max, *loaded);
  }
  const int64_t bucket =
      miss.task ? base::bucket_of(miss.task) : domain::bucket_for(miss.tenant, miss.key);
  const std::string load_key = "blocking";
  const auto latch = std::make_shared<Latch>();
  if (devices_.begin_load(bucket, load_key,
                          [latch](const base::Status& status) { latch->set(status); })) {
    read_missed(miss.tenant, miss.key, miss.task, bucket, load_key);
  }
  return latch->wait();
}

base::Result<std::vector<base::Time>> Engine::last_seen(
    std::span<const domain::DeviceId> devices) {
  std::vector<base::Time> gathered(devices.size());
  for (size_t i = 0; i < devices.size(); ++i) {
    auto& shard = seen_[static_cast<size_t>(base::bucket_of(devices[i]))];
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.seen.find(devices[i]);
    if (found != shard.seen.end()) gathered[i] = found->second;
  }
  // What has just left the memory is on its way to the store.
  OTARU_CHECK(committer_.flush());
  OTARU_TRY(written, parts_.store->last_seen(devices));
  for (size_t i = 0; i < devices.size(); ++i) gathered[i] = std::max(gathered[i], written[i]);
  return gathered;
}

base::Status Engine::run_many(std::string_view door, size_t count, const ManyWork& work) {
  std::vector<size_t> waiting(count);
  for (size_t i = 0; i < count; ++i) waiting[i] = i;
  for (int attempt = 0; attempt < kManyAttemptsMax && !waiting.empty(); ++attempt) {
    const auto crowd = std::make_shared<Crowd>();
    std::vector<size_t> again;
    bool full = false;
    for (const size_t i : waiting) {
      if (full) {
        again.push_back(i);
        continue;
      }
      DeviceGateway gateway(*this, door, clock().now());
      const base::Status done = work(i, gateway);
      if (missed(gateway)) {
        OTARU_CHECK(load_now(gateway, nullptr));
        again.push_back(i);
        continue;
      }
      if (!done) {
        if (done.error().code == Code::not_found) continue;  // erased meanwhile
        pump_if_manual();
        [[maybe_unused]] const auto others = crowd->wait();
        return done;
      }
      crowd->enter();
      const auto outcome =
          commit(gateway, [crowd](const base::Status& status) { crowd->leave(status); });
      if (outcome == CommitOutcome::queued) continue;
      crowd->leave({});
      if (outcome == CommitOutcome::nothing_to_wait_for) continue;
      full = outcome == CommitOutcome::refused;
      again.push_back(i);
    }
    pump_if_manual();
    OTARU_CHECK(crowd->wait());
    waiting = std::move(again);
  }
  if (waiting.empty()) return {};
  return base::fail(Code::unavailable, "the devices kept changing; try again");
}

}  // namespace otaru::app
