// SPDX-License-Identifier: Apache-2.0
// Where blocking work goes: store reads on a miss, operator requests. Real threads in the server, a
// hand-cranked queue in tests and simulation.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace otaru::app {

class Executor {
 public:
  virtual ~Executor();
  virtual void post(std::function<void()> job) = 0;  // any thread
};

// Runs the job before post() returns.
class InlineExecutor final : public Executor {
 public:
  void post(std::function<void()> job) override { job(); }
};

// Keeps jobs until run_one(); one thread. The simulation crashes between them.
class ManualExecutor final : public Executor {
 public:
  ManualExecutor();
  ~ManualExecutor() override;
  void post(std::function<void()> job) override;
  bool run_one();  // false when there was none
  void clear();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A fixed number of threads; the destructor finishes what was posted, then joins.
class ThreadPool final : public Executor {
 public:
  explicit ThreadPool(size_t threads);
  ~ThreadPool() override;
  void post(std::function<void()> job) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otaru::app
