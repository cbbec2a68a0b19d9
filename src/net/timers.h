// SPDX-License-Identifier: Apache-2.0
// Timeouts of connections. All members of one queue wait equally long, so the order of arming is
// the order of expiry: arming, disarming and the next deadline are O(1), and 10 000 idle
// connections cost nothing. One thread.
#pragma once

#include <cstdint>

namespace otaru::net {

struct TimerNode {
  TimerNode* before = nullptr;
  TimerNode* after = nullptr;
  int64_t deadline_ms = 0;

  TimerNode() = default;
  TimerNode(const TimerNode&) = delete;
  TimerNode& operator=(const TimerNode&) = delete;
  bool armed() const { return after != nullptr; }
  void disarm() {
    if (!armed()) return;
    before->after = after;
    after->before = before;
    before = after = nullptr;
  }
};

class TimerQueue {
 public:
  explicit TimerQueue(int64_t duration_ms) : duration_ms_(duration_ms) {
    head_.before = head_.after = &head_;
  }
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;
  void arm(TimerNode& node, int64_t now_ms) {
    node.disarm();
    node.deadline_ms = now_ms + duration_ms_;
    node.before = head_.before;
    node.after = &head_;
    head_.before->after = &node;
    head_.before = &node;
  }
  TimerNode* first() { return head_.after == &head_ ? nullptr : head_.after; }

 private:
  int64_t duration_ms_;
  TimerNode head_;
};

}  // namespace otaru::net
