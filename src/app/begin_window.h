// SPDX-License-Identifier: Apache-2.0
// How many tasks began within any minute, and of how many bytes: exact, in bounded memory.
//
// What begins is counted in a slot of one second. A minute that begins anywhere within a second
// touches 61 slots, so whoever begins in slot s is admitted only when the slots s-60 to s together
// leave room. Then no minute can hold more than the limit: let L be the last slot in which
// something of that minute began; all of it lies in L-60 to L, and when the last of it was admitted
// those slots left room for it. The price is that a limit may hold for up to a second too long.
//
// A request may carry a time that is a little older than one that was counted already (requests run
// side by side). Then every run of 61 slots that holds its own must leave room, the later ones
// included: the same proof with the last admission instead of the last slot. What is more than a
// minute behind is refused, unless a whole minute of that older time passed without a newer one:
// then the clock was set back, and what it said before is forgotten.
//
// Threads: one at a time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/time.h"

namespace otaru::app {

class BeginWindow {
 public:
  struct Limits {
    int64_t tasks = 0;  // in a minute; 0: no limit
    int64_t bytes = 0;
  };
  enum class Full { no, tasks, bytes };
  struct Answer {
    Full full = Full::no;
    base::Time free_at;  // full: when there is room, if nobody else takes it
  };

  // May one more begin? What is larger than the limit of bytes by itself may when nothing else
  // began.
  Answer look(base::Time at, int64_t bytes, const Limits& limits) const;
  // The same for who means it: also follows the clock.
  Answer ask(base::Time at, int64_t bytes, const Limits& limits);
  void add(base::Time at, int64_t bytes);
  void take_back(base::Time at, int64_t bytes);  // as it was added

  // The minute before `now` is not known and counts as used up.
  void spend(base::Time now);
  int64_t begun(base::Time at) const;  // in the minute before

 private:
  static constexpr int64_t kRun = 61;  // slots that a minute may touch
  static constexpr size_t kSlots = 128;
  struct Slot {
    int64_t second = -1;
    int64_t tasks = 0;
    int64_t bytes = 0;
  };
  struct Load {
    int64_t tasks = 0;
    int64_t bytes = 0;
  };
  Load slot(int64_t second) const;
  Load run_from(int64_t second) const;
  Load busiest(int64_t second) const;
  bool is_behind(int64_t second) const { return second < latest_ - (kRun - 1); }

  std::array<Slot, kSlots> slots_{};
  int64_t latest_ = 0;                  // second of the newest slot
  std::optional<int64_t> behind_from_;  // times came that are behind by more than a minute, since
  base::Time spent_until_;
};

}  // namespace otaru::app
