// SPDX-License-Identifier: Apache-2.0
// The journal of changes: who changed what, when, and from what to what. Append-only, and chained:
// every entry holds the hash of the one before, so that one that is changed, taken out, put in or
// moved shows (journal_verify.h). An entry is written in the transaction of its change.
//
// An entry is one line of JSON. Its hash is the SHA-256, in hex, of that line without the last
// member, which is the hash:
//
//   {"sequence":2,"at":"...","actor":{...},"tenant":"default","action":"product.create",
//    "subject":{...},"request":"","changes":[...],"previous":"<hash of entry 1>","hash":"..."}
//
// The line is made by journal_line() and nowhere else, and its form does not change: lines that are
// written already must keep their hash. (docs/decisions/0012-the-journal-is-a-hash-chain.md)
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "app/actor.h"
#include "app/ports/store.h"
#include "base/result.h"

namespace otaru::app {

// What is "the hash before" for the first entry.
inline constexpr std::string_view kNoEntryHash =
    "0000000000000000000000000000000000000000000000000000000000000000";

inline constexpr std::string_view kJournalBegins = "journal.begin";  // the first entry's action

// The end of the chain: everything before it is held by its hash.
struct JournalHead {
  int64_t sequence = 0;
  std::string hash{kNoEntryHash};
  friend bool operator==(const JournalHead&, const JournalHead&) = default;
};

// What somebody does, and to what.
struct Deed {
  std::string action;  // "release.publish"
  std::string subject_kind;
  std::string subject_id;
  std::string subject_name;
  std::string tenant;  // by name; empty: the server's own
};

// Not yet stamped.
JournalEntry make_entry(const Actor& actor, base::Time at, const Deed& deed, std::string changes);
std::string journal_hash(const JournalEntry& entry);
std::string journal_line(const JournalEntry& entry);  // without the line feed

// The head of the chain, and the stamping of new entries. Used by the committer's thread; head()
// by any.
class Journal {
 public:
  explicit Journal(Store& store) : store_(store) {}

  // Reads the head. One whose content does not have its hash was changed behind the server's back:
  // that is logged as an error, and the chain goes on from the hash it claims, so that `audit
  // verify` names it for ever; devices do not go without updates for it.
  base::Status start();
  JournalHead head() const;  // of what is durable

  // Numbers and chains the batch's entries. Fails when the head has to be read again and cannot.
  base::Status stamp(WriteBatch& batch);
  // How the transaction of what was stamped ended. After a failure the store is asked where the
  // chain ends, before the next entry is stamped.
  enum class Outcome { durable, failed };
  void settle(Outcome outcome);

 private:
  base::Status read_head();
  Store& store_;
  JournalHead next_;      // committer's thread: behind everything stamped
  bool known_ = false;    // committer's thread: next_ is right
  bool stamped_ = false;  // committer's thread: entries of this transaction
  mutable std::mutex mutex_;
  JournalHead durable_;  // guarded by mutex_
};

}  // namespace otaru::app
