// SPDX-License-Identifier: Apache-2.0
#include "app/password_gate.h"

namespace otaru::app {

class PasswordGate::Turn {
 public:
  explicit Turn(PasswordGate& gate) : gate_(gate) {}
  ~Turn() { gate_.leave(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  PasswordGate& gate_;
};

base::Status PasswordGate::enter() {
  std::unique_lock lock(mutex_);
  if (running_ >= options_.at_once) {
    if (waiting_ >= options_.waiting) {
      return base::fail(base::Code::unavailable, "too many people are logging in at this moment");
    }
    ++waiting_;
    free_.wait(lock, [this] { return running_ < options_.at_once; });
    --waiting_;
  }
  ++running_;
  return {};
}

void PasswordGate::leave() {
  const std::lock_guard lock(mutex_);
  --running_;
  free_.notify_one();
}

base::Result<std::string> PasswordGate::hash(std::string_view password) {
  OTARU_CHECK(enter());
  const Turn turn(*this);
  return base::hash_password(password, options_.cost);
}

base::Result<bool> PasswordGate::matches(std::string_view stored, std::string_view password) {
  OTARU_CHECK(enter());
  const Turn turn(*this);
  return base::password_matches(stored, password);
}

}  // namespace otaru::app
