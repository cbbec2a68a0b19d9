// SPDX-License-Identifier: Apache-2.0
// The rows of the journal of changes, and what is asked of them. journal.h says how entries are
// made and chained.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "base/time.h"

namespace otaru::app {

// One change. Entries are only ever added: there is no way to change or erase one.
struct JournalEntry {
  int64_t sequence = 0;  // 1, 2, 3 ... in the order of commits; 0: not stamped yet
  base::Time at;         // when the change was made
  std::string actor_kind;
  int64_t actor_id = 0;
  std::string actor_name;
  std::string peer;
  std::string tenant;  // by name, of what was changed; empty: the server's own
  std::string action;  // "release.publish"
  std::string subject_kind;
  std::string subject_id;
  std::string subject_name;
  std::string request;   // id of the request, where there is one
  std::string changes;   // a JSON array, see journal_changes.h
  std::string previous;  // hash of the entry before; zeros for the first
  std::string hash;      // of this one, see journal_line()
  friend bool operator==(const JournalEntry&, const JournalEntry&) = default;
};

// What is not given does not matter.
struct JournalFilter {
  std::optional<std::string> tenant;
  std::optional<std::string> actor;  // its name
  std::optional<std::string> subject_kind;
  std::optional<std::string> subject_id;
  std::string action_prefix;
  std::optional<base::Time> since;                       // from then on
  std::optional<base::Time> until;                       // before then
  int64_t before = std::numeric_limits<int64_t>::max();  // cursor: only smaller sequences
  size_t limit = 100;
};

}  // namespace otaru::app
