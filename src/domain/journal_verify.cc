// SPDX-License-Identifier: Apache-2.0
#include "domain/journal_verify.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"

namespace otaru::domain {
namespace {

using Kind = JournalFault::Kind;

constexpr size_t kHashDigits = 64;
constexpr std::string_view kHashMember = ",\"hash\":\"";
constexpr std::string_view kHashEnd = "\"}";

bool is_hash(std::string_view text) {
  return text.size() == kHashDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

struct TakenApart {
  std::string hashed;  // the line without its hash
  std::string_view hash;
};

std::optional<TakenApart> take_apart(std::string_view line) {
  const size_t tail = kHashMember.size() + kHashDigits + kHashEnd.size();
  if (line.size() <= tail || !line.ends_with(kHashEnd)) return std::nullopt;
  const size_t at = line.size() - tail;
  const auto hash = line.substr(at + kHashMember.size(), kHashDigits);
  if (line.substr(at, kHashMember.size()) != kHashMember || !is_hash(hash)) return std::nullopt;
  return TakenApart{std::string(line.substr(0, at)) + "}", hash};
}

std::string entry_text(int64_t sequence) {
  return "entry " + std::to_string(sequence);
}

}  // namespace

std::optional<JournalFault> JournalVerifier::add(std::string_view line) {
  ++lines_;
  const int64_t expected = last_.sequence + 1;
  const std::string place = "line " + std::to_string(lines_);
  const auto parts = take_apart(line);
  if (!parts || line.size() > base::limits::kJournalLineBytesMax) {
    return fault(Kind::malformed, expected,
                 place + " is not an entry; " + entry_text(expected) + " should be there");
  }
  const std::string hash = base::hex(base::digest(base::HashKind::sha256, parts->hashed));
  if (hash != parts->hash) {
    return fault(Kind::changed, expected,
                 place + ", where " + entry_text(expected) +
                     " should be, was changed: its content does not have the hash it carries");
  }
  const auto json = base::JsonDocument::parse(parts->hashed, {});
  const auto sequence = json ? json->root().find("sequence").integer() : std::nullopt;
  const auto previous = json ? json->root().find("previous").text() : std::nullopt;
  if (!sequence || !previous) {
    return fault(Kind::malformed, expected, place + " has no sequence and previous hash");
  }
  if (*sequence > expected) {
    const bool one = *sequence == expected + 1;
    return fault(Kind::missing, expected,
                 one ? entry_text(expected) + " is missing before line " + std::to_string(lines_)
                     : "entries " + std::to_string(expected) + " to " +
                           std::to_string(*sequence - 1) + " are missing before " + place);
  }
  if (*sequence < expected) {
    return fault(Kind::misplaced, *sequence,
                 entry_text(*sequence) + " stands in " + place + ", where " + entry_text(expected) +
                     " should be");
  }
  if (*previous != last_.hash) {
    return fault(Kind::unchained, *sequence,
                 entry_text(*sequence) + " was written behind another entry than the one before " +
                     "it here: one of the two was replaced");
  }
  last_ = {*sequence, hash};
  if (expect_.head && expect_.head->sequence == *sequence && expect_.head->hash != hash) {
    return fault(Kind::other_head, *sequence,
                 entry_text(*sequence) + " has another hash than the head that was given: it, or " +
                     "one before it, was replaced");
  }
  return std::nullopt;
}

std::optional<JournalFault> JournalVerifier::finish() {
  if (expect_.head && last_.sequence < expect_.head->sequence) {
    JournalFault out;
    out.kind = Kind::cut;
    out.sequence = last_.sequence + 1;
    out.message = "the end was cut off: the last entry is " + std::to_string(last_.sequence) +
                  ", the head that was given " + std::to_string(expect_.head->sequence);
    return out;
  }
  if (lines_ == 0) {
    JournalFault out;
    out.kind = Kind::empty;
    out.message = "there are no entries";
    return out;
  }
  return std::nullopt;
}

base::Result<ChainHead> parse_chain_head(std::string_view text) {
  const size_t colon = text.find(':');
  const auto sequence = base::parse_int(text.substr(0, colon));
  const auto hash = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  if (sequence && *sequence > 0 && is_hash(hash)) return ChainHead{*sequence, std::string(hash)};
  return base::fail_field(base::Code::invalid, "head",
                          "a head is SEQUENCE:HASH, as otaru audit head prints it");
}

}  // namespace otaru::domain
