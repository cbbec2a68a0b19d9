// SPDX-License-Identifier: Apache-2.0
#include "net/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

namespace otaru::net {
namespace {

thread_local const Mailbox* own_mailbox = nullptr;

}  // namespace

Mailbox::Mailbox() : wake_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

Mailbox::~Mailbox() {
  if (wake_fd_ >= 0) ::close(wake_fd_);
}

void Mailbox::adopt_thread() {
  own_mailbox = this;
}
bool Mailbox::on_own_thread() const {
  return own_mailbox == this;
}

void Mailbox::wake() const {
  const uint64_t one = 1;
  // Fails only when the counter is full, and then the thread is being woken anyway.
  [[maybe_unused]] const ssize_t written = ::write(wake_fd_, &one, sizeof one);
}

bool Mailbox::push(Connection* answered) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  const bool first = letters_.answered.empty() && letters_.tasks.empty();
  letters_.answered.push_back(answered);
  if (first) wake();
  return true;
}

bool Mailbox::push(Task task) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  const bool first = letters_.answered.empty() && letters_.tasks.empty();
  letters_.tasks.push_back(std::move(task));
  if (first) wake();
  return true;
}

Mailbox::Letters Mailbox::take() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(wake_fd_, &count, sizeof count);
  const std::lock_guard lock(mutex_);
  return std::exchange(letters_, {});
}

Mailbox::Letters Mailbox::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  return std::exchange(letters_, {});
}

}  // namespace otaru::net
