// SPDX-License-Identifier: Apache-2.0
#include "app/begin_window.h"

#include <algorithm>

namespace otaru::app {
namespace {

bool has_room(int64_t tasks_begun, int64_t bytes_begun, int64_t bytes,
              const BeginWindow::Limits& limits, BeginWindow::Full& full) {
  full = BeginWindow::Full::no;
  if (limits.tasks > 0 && tasks_begun >= limits.tasks) {
    full = BeginWindow::Full::tasks;
  } else if (limits.bytes > 0 && bytes_begun > 0 && bytes_begun + bytes > limits.bytes) {
    full = BeginWindow::Full::bytes;
  }
  return full == BeginWindow::Full::no;
}

}  // namespace

BeginWindow::Load BeginWindow::slot(int64_t second) const {
  const Slot& found = slots_[static_cast<size_t>(second) % kSlots];
  return found.second == second ? Load{found.tasks, found.bytes} : Load{};
}

BeginWindow::Load BeginWindow::run_from(int64_t second) const {
  Load sum;
  for (int64_t at = second; at < second + kRun; ++at) {
    const Load one = slot(at);
    sum.tasks += one.tasks;
    sum.bytes += one.bytes;
  }
  return sum;
}

// Of all runs of slots that hold this one.
BeginWindow::Load BeginWindow::busiest(int64_t second) const {
  Load most = run_from(second - kRun + 1);
  for (int64_t first = second - kRun + 2; first <= std::min(second, latest_ - kRun + 1); ++first) {
    const Load run = run_from(first);
    most.tasks = std::max(most.tasks, run.tasks);
    most.bytes = std::max(most.bytes, run.bytes);
  }
  return most;
}

BeginWindow::Answer BeginWindow::look(base::Time at, int64_t bytes, const Limits& limits) const {
  if (limits.tasks <= 0 && limits.bytes <= 0) return {};
  const Full other = limits.tasks > 0 ? Full::tasks : Full::bytes;
  if (at < spent_until_) return {other, spent_until_};
  const int64_t second = std::max<int64_t>(0, at.seconds());
  if (is_behind(second)) return {other, at + kRun * base::kSecondMs};
  Answer out;
  const Load most = busiest(second);
  if (has_room(most.tasks, most.bytes, bytes, limits, out.full)) return out;
  // Behind the newest slot only the past weighs, and it gets less with every second.
  for (int64_t later = std::max(second, latest_) + 1;; ++later) {
    Full full = Full::no;
    const Load run = run_from(later - kRun + 1);
    if (has_room(run.tasks, run.bytes, bytes, limits, full)) {
      out.free_at = base::Time{later * base::kSecondMs};
      return out;
    }
  }
}

BeginWindow::Answer BeginWindow::ask(base::Time at, int64_t bytes, const Limits& limits) {
  const int64_t second = std::max<int64_t>(0, at.seconds());
  if (!is_behind(second)) {
    behind_from_.reset();
  } else if (!behind_from_ || second < *behind_from_) {
    behind_from_ = second;
  } else if (second - *behind_from_ > kRun) {
    slots_ = {};
    latest_ = 0;
    behind_from_.reset();
    spent_until_ = {};
  }
  return look(at, bytes, limits);
}

void BeginWindow::add(base::Time at, int64_t bytes) {
  const int64_t second = std::max<int64_t>(0, at.seconds());
  latest_ = std::max(latest_, second);
  Slot& where = slots_[static_cast<size_t>(second) % kSlots];
  if (where.second != second) where = {second, 0, 0};
  where.tasks += 1;
  where.bytes += bytes;
}

void BeginWindow::take_back(base::Time at, int64_t bytes) {
  const int64_t second = std::max<int64_t>(0, at.seconds());
  Slot& where = slots_[static_cast<size_t>(second) % kSlots];
  if (where.second != second) return;  // so long ago that it does not count any more
  where.tasks -= 1;
  where.bytes -= bytes;
}

void BeginWindow::spend(base::Time now) {
  spent_until_ = now + kRun * base::kSecondMs;
}

int64_t BeginWindow::begun(base::Time at) const {
  return run_from(std::max<int64_t>(0, at.seconds()) - kRun + 1).tasks;
}

}  // namespace otaru::app
