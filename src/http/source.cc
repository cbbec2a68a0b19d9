// SPDX-License-Identifier: Apache-2.0
#include "http/source.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <utility>

#include "base/limits.h"
#include "base/log.h"

namespace otaru::http {
namespace {

namespace limits = base::limits;

// What the source and its job share; the job may outlive the source.
struct PooledState {
  // The job's, or at rest.
  Producer producer;
  std::mutex mutex;
  // Guarded by mutex.
  std::string made;
  size_t taken = 0;  // of `made`
  bool running = false;
  bool abandoned = false;
  bool ended = false;
  bool failed = false;
  std::function<void()> wake;

  size_t waiting() const { return made.size() - taken; }
};

base::Result<bool> produce(const Producer& producer, std::string& out) {
  try {
    return producer(out);
  } catch (const std::exception& e) {
    return base::fail(base::Code::internal, "a stream's producer failed", e.what());
  }
}

// Makes pieces until one is worth a wake-up, or the end.
void make_piece(PooledState& state) {
  std::string piece;
  bool more = true;
  bool failed = false;
  while (more && !failed && piece.size() < limits::kSourcePieceBytes) {
    const base::Result<bool> made = produce(state.producer, piece);
    failed = !made;
    if (made) more = *made;
    if (failed) {
      base::log::error("stream.failed",
                       {{"message", made.error().message}, {"detail", made.error().detail}});
    }
  }
  std::function<void()> wake;
  {
    const std::lock_guard lock(state.mutex);
    state.made.erase(0, std::exchange(state.taken, 0));
    state.made.append(piece);
    state.running = false;
    state.ended = !more;
    state.failed = failed;
    if (!state.abandoned) {
      wake = state.wake;
    } else {
      state.made.clear();
    }
  }
  if (wake) {
    wake();
  } else {
    state.producer = nullptr;
  }
}

class PooledSource final : public BodySource {
 public:
  PooledSource(Post post, Producer producer) : post_(std::move(post)) {
    state_->producer = std::move(producer);
  }
  ~PooledSource() override {
    bool at_rest = false;
    {
      const std::lock_guard lock(state_->mutex);
      state_->abandoned = true;
      at_rest = !state_->running;
    }
    if (at_rest) {
      post_([state = state_] { state->producer = nullptr; });
    }
  }

  void on_ready(std::function<void()> wake) override {
    const std::lock_guard lock(state_->mutex);
    state_->wake = std::move(wake);
  }

  More more(std::string& out, size_t room) override {
    PooledState& state = *state_;
    bool start = false;
    More answer = More::later;
    {
      const std::lock_guard lock(state.mutex);
      if (state.failed) return More::error;
      const size_t count = std::min(room, state.waiting());
      out.append(state.made, state.taken, count);
      state.taken += count;
      if (state.waiting() == 0) {
        state.made.clear();
        state.taken = 0;
      }
      if (state.ended && state.waiting() == 0) return More::end;
      start = !state.running && !state.ended && state.waiting() < limits::kSourceBufferBytes / 2;
      if (start) state.running = true;
      if (count > 0) answer = More::ready;
    }
    if (start) {
      post_([shared = state_] { make_piece(*shared); });
    }
    return answer;
  }

 private:
  const Post post_;
  const std::shared_ptr<PooledState> state_ = std::make_shared<PooledState>();
};

}  // namespace

BodySource::~BodySource() = default;
void BodySource::idle(std::string&) {}
void BodySource::drain() {}

std::shared_ptr<BodySource> make_pooled_source(Post post, Producer producer) {
  return std::make_shared<PooledSource>(std::move(post), std::move(producer));
}

}  // namespace otaru::http
