// SPDX-License-Identifier: Apache-2.0
#include "app/journal.h"

#include "app/journal_changes.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"

namespace otaru::app {
namespace {

// The line without its hash: what is hashed.
std::string hashed_text(const JournalEntry& entry) {
  base::JsonWriter out;
  out.begin_object();
  out.member("sequence", entry.sequence);
  out.member("at", base::iso8601(entry.at));
  out.key("actor");
  out.begin_object();
  out.member("kind", entry.actor_kind);
  out.member("id", entry.actor_id);
  out.member("name", entry.actor_name);
  out.member("peer", entry.peer);
  out.end_object();
  out.member("tenant", entry.tenant);
  out.member("action", entry.action);
  out.key("subject");
  out.begin_object();
  out.member("kind", entry.subject_kind);
  out.member("id", entry.subject_id);
  out.member("name", entry.subject_name);
  out.end_object();
  out.member("request", entry.request);
  out.key("changes");
  out.raw(entry.changes);
  out.member("previous", entry.previous);
  out.end_object();
  return out.take();
}

}  // namespace

JournalEntry make_entry(const Actor& actor, base::Time at, const Deed& deed, std::string changes) {
  JournalEntry entry;
  entry.at = at;
  entry.actor_kind = name_of(actor.kind);
  entry.actor_id = actor.id;
  entry.actor_name = journal_text(actor.name);
  entry.peer = journal_text(actor.peer);
  entry.tenant = deed.tenant;
  entry.action = deed.action;
  entry.subject_kind = deed.subject_kind;
  entry.subject_id = journal_text(deed.subject_id);
  entry.subject_name = journal_text(deed.subject_name);
  entry.request = journal_text(actor.request);
  entry.changes = std::move(changes);
  return entry;
}

std::string journal_hash(const JournalEntry& entry) {
  return base::hex(base::digest(base::HashKind::sha256, hashed_text(entry)));
}

std::string journal_line(const JournalEntry& entry) {
  std::string line = hashed_text(entry);
  line.pop_back();
  return line + ",\"hash\":\"" + entry.hash + "\"}";
}

base::Status Journal::read_head() {
  JournalFilter newest;
  newest.limit = 1;
  OTARU_TRY(rows, store_.list_journal(newest));
  next_ = rows.empty() ? JournalHead() : JournalHead{rows.front().sequence, rows.front().hash};
  known_ = true;
  const std::lock_guard lock(mutex_);
  durable_ = next_;
  return {};
}

base::Status Journal::start() {
  OTARU_CHECK(read_head());
  if (next_.sequence == 0) return {};
  OTARU_TRY(rows, store_.read_journal(next_.sequence - 1, 1));
  if (rows.empty() || journal_hash(rows.front()) != next_.hash) {
    base::log::error("journal.head_broken", {{"sequence", next_.sequence}, {"hash", next_.hash}});
  }
  // A head in the logs is one that somebody else keeps.
  base::log::info("journal.head", {{"sequence", next_.sequence}, {"hash", next_.hash}});
  return {};
}

JournalHead Journal::head() const {
  const std::lock_guard lock(mutex_);
  return durable_;
}

base::Status Journal::stamp(WriteBatch& batch) {
  if (!known_) OTARU_CHECK(read_head());
  for (auto& entry : batch.journal) {
    entry.sequence = next_.sequence + 1;
    entry.previous = next_.hash;
    entry.hash = journal_hash(entry);
    next_ = {entry.sequence, entry.hash};
    stamped_ = true;
  }
  return {};
}

void Journal::settle(Outcome outcome) {
  if (outcome == Outcome::failed) {
    known_ = false;
    stamped_ = false;
    return;
  }
  if (!stamped_) return;
  stamped_ = false;
  const std::lock_guard lock(mutex_);
  durable_ = next_;
}

}  // namespace otaru::app
