// SPDX-License-Identifier: Apache-2.0
// Argon2id takes tens of milliseconds and tens of megabytes: so many at once, a few waiting, and no
// more, so that people who log in never take all workers or all memory. Threads: any; blocks.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

#include "base/password.h"
#include "base/result.h"

namespace otaru::app {

struct PasswordOptions {
  base::PasswordCost cost;
  size_t at_once = 1;
  size_t waiting = 1;
};

class PasswordGate {
 public:
  explicit PasswordGate(const PasswordOptions& options) : options_(options) {}

  // Both: Code::unavailable when too many wait already.
  base::Result<std::string> hash(std::string_view password);
  base::Result<bool> matches(std::string_view stored, std::string_view password);
  const base::PasswordCost& cost() const { return options_.cost; }

 private:
  class Turn;
  base::Status enter();
  void leave();

  const PasswordOptions options_;
  std::mutex mutex_;
  std::condition_variable free_;
  size_t running_ = 0;
  size_t waiting_ = 0;
};

}  // namespace otaru::app
