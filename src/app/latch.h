// SPDX-License-Identifier: Apache-2.0
// Internal to app: waits on another thread's answer.
#pragma once

#include <condition_variable>
#include <mutex>

#include "base/result.h"

namespace otaru::app {

class Latch {
 public:
  void set(const base::Status& status) {
    const std::lock_guard lock(mutex_);
    status_ = status;
    ready_ = true;
    wake_.notify_all();
  }
  base::Status wait() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return ready_; });
    return status_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ready_ = false;
  base::Status status_;
};

}  // namespace otaru::app
