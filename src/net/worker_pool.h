// SPDX-License-Identifier: Apache-2.0
// Threads for what may block: the sinks of streamed bodies. A job is one piece of one body, so slow
// clients do not hold threads; each connection has at most one job here, which bounds the queue.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace otaru::net {

class WorkerPool {
 public:
  using Job = std::function<void()>;

  ~WorkerPool();
  void start(size_t threads);
  // Any thread. After stop() the job runs at once, in the caller.
  void submit(Job job);
  // Runs what is queued, then joins.
  void stop();

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace otaru::net
