// SPDX-License-Identifier: Apache-2.0
// Is an export of the journal whole? Line by line, in constant memory, without a server: every line
// is hashed again and must follow the one before. What a line is: app/journal.h.
//
//   JournalVerifier verifier({.head = ChainHead{812, "..."}});
//   while (next line) if (auto wrong = verifier.add(line)) ...;   // line without its line feed
//   if (auto wrong = verifier.finish()) ...;
//
// What a chain alone cannot show is that its end was cut off, or that somebody who may write all of
// it made the whole of it anew: for that, a head that was written down elsewhere is compared.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace otaru::domain {

// Where a chain ends: everything before it is held by its hash.
struct ChainHead {
  int64_t sequence = 0;
  std::string hash = std::string(64, '0');  // what the first entry names as the one before
  friend bool operator==(const ChainHead&, const ChainHead&) = default;
};

struct JournalFault {
  enum class Kind {
    malformed,   // not a line of an export
    changed,     // content and hash do not belong together
    missing,     // entries between this one and the one before are not there
    misplaced,   // an entry that was there already, or earlier than the one before
    unchained,   // follows another entry than the one before
    cut,         // ends before the head that was given
    other_head,  // the entry of the head that was given has another hash
    empty,       // nothing there
  } kind = Kind::malformed;
  int64_t line = 0;      // from 1; 0: the end
  int64_t sequence = 0;  // of the entry, where it is known
  std::string message;   // a sentence
};

class JournalVerifier {
 public:
  struct Expect {
    ChainHead after;                // the export begins behind it; default: at the first entry
    std::optional<ChainHead> head;  // must be in the export, or be `after`
  };
  explicit JournalVerifier(Expect expect) : expect_(std::move(expect)), last_(expect_.after) {}

  // The first fault found; after one, the chain is not looked at further.
  std::optional<JournalFault> add(std::string_view line);
  std::optional<JournalFault> finish();
  const ChainHead& last() const { return last_; }
  int64_t entries() const { return lines_; }

 private:
  JournalFault fault(JournalFault::Kind kind, int64_t sequence, std::string message) const {
    return {kind, lines_, sequence, std::move(message)};
  }
  Expect expect_;
  ChainHead last_;
  int64_t lines_ = 0;
};

// "SEQUENCE:HASH", as `otaru audit head` prints it; Code::invalid.
base::Result<ChainHead> parse_chain_head(std::string_view text);

}  // namespace otaru::domain
