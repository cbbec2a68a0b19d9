// SPDX-License-Identifier: Apache-2.0
// What a change was, for its entry in the journal: rows before and after, member by member, as the
// description of rows (ports/fields.h) names them, so that none is forgotten.
//
//   Changes changes;
//   changes.row("release", "3", &before, &after);   // null: the row is created, or erased
//   batch.journal.push_back(make_entry(actor, now, deed, changes.take()));
//
// The text is a JSON array of {"kind", "id", "change": "created" | "changed" | "erased", "members":
// {name: {"before", "after"}}}. Members that are equal are left out. Of a secret it says no more
// than that there is one, and that it changed. What is longer than kJournalValueBytesMax is cut,
// with its length and hash; rows beyond kJournalChangesBytesMax are counted and hashed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/ports/fields.h"
#include "base/json.h"

namespace otaru::app {

// Values of members and keys of maps with such names are never written down.
bool is_secret_name(std::string_view name);
// The same text where it is UTF-8; else with U+FFFD for what is not. Entries are JSON.
std::string journal_text(std::string_view text);

// One row as JSON, member by member: a visitor of fields().
class RowMembers {
 public:
  struct Member {
    std::string name;
    std::string json;  // "null" for what is not set
    bool secret = false;
  };

  void operator()(std::string_view name, std::string_view value);
  void operator()(std::string_view name, const std::string& value) {
    (*this)(name, std::string_view(value));
  }
  void operator()(std::string_view name, int64_t value);
  void operator()(std::string_view name, bool value);
  void operator()(std::string_view name, base::Time value);
  void operator()(std::string_view name, const std::optional<base::Time>& value);
  template <class Tag>
  void operator()(std::string_view name, base::Id<Tag> value) {
    (*this)(name, value.value);
  }
  template <class Enum>
  requires std::is_enum_v<Enum>
  void operator()(std::string_view name, Enum value) { (*this)(name, word_of(value)); }
  template <Document T>
  void operator()(std::string_view name, const T& value) {
    std::string text;
    if constexpr (std::is_same_v<T, domain::Consent>) {
      // What was said before has entries of its own.
      T now = value;
      now.history.erase(now.history.begin(), now.history.end() - (now.history.empty() ? 0 : 1));
      text = document_text(now);
    } else {
      text = document_text(value);
    }
    add(name, text.empty() ? "null" : text, false);
  }
  // One member per key: "notes.en".
  void operator()(std::string_view name, const domain::TextMap& value);
  void operator()(std::string_view name, const std::vector<std::string>& value);
  void operator()(std::string_view name, const std::vector<int64_t>& value);
  // A long one by its beginning; the hash is that of the keys, one a line.
  void operator()(std::string_view name, const domain::KeySet& value);
  template <class Tag>
  void operator()(std::string_view name, const std::vector<base::Id<Tag>>& value) {
    std::vector<int64_t> numbers;
    for (const auto id : value) numbers.push_back(id.value);
    (*this)(name, numbers);
  }
  // Rows within a row.
  template <class Row>
  void rows(std::string_view name, const std::vector<Row>& value) {
    base::JsonWriter out;
    out.begin_array();
    for (const auto& row : value) {
      RowMembers members;
      fields(members, row);
      members.write(out);
    }
    out.end_array();
    add(name, out.take(), false);
  }

  const std::vector<Member>& all() const { return members_; }
  void write(base::JsonWriter& out) const;  // as an object, secrets hidden

 private:
  void add(std::string_view name, std::string json, bool secret);
  std::vector<Member> members_;
};

class Changes {
 public:
  template <class Row>
  void row(std::string_view kind, std::string_view id, const Row* before, const Row* after) {
    RowMembers was;
    RowMembers is;
    if (before != nullptr) fields(was, *before);
    if (after != nullptr) fields(is, *after);
    inner_rows(before, was);
    inner_rows(after, is);
    if constexpr (std::is_same_v<Row, domain::Deployment>) {
      // A list may be a million keys long; mostly it is not what changes.
      const auto list = [&](std::string_view name, auto member) {
        const bool both = before != nullptr && after != nullptr;
        if (both && (*before).*member == (*after).*member) return;
        if (before != nullptr) was(name, (*before).*member);
        if (after != nullptr) is(name, (*after).*member);
      };
      list("devices", &domain::Deployment::device_keys);
      list("excluded_devices", &domain::Deployment::excluded_keys);
    }
    add(kind, id, before == nullptr ? nullptr : &was, after == nullptr ? nullptr : &is);
  }
  // A thing that is no row: one member of it.
  void value(std::string_view kind, std::string_view id, std::string_view member,
             const std::optional<std::string>& before, const std::optional<std::string>& after);
  void value(std::string_view kind, std::string_view id, std::string_view member, int64_t after);
  // A thing that is no row, with all it has.
  void made(std::string_view kind, std::string_view id, const domain::TextMap& members);
  // A row of which only its end is known here.
  void erased(std::string_view kind, std::string_view id);

  bool empty() const { return rows_ == 0; }
  std::string take();  // once

 private:
  template <class Row>
  static void inner_rows(const Row* row, RowMembers& members) {
    if (row == nullptr) return;
    if constexpr (std::is_same_v<Row, domain::Kit>) members.rows("items", row->items);
    if constexpr (std::is_same_v<Row, domain::Device>) {
      members.rows("components", row->components);
    }
  }
  void add(std::string_view kind, std::string_view id, const RowMembers* before,
           const RowMembers* after);
  void append(const std::string& row);

  std::string text_ = "[";
  size_t rows_ = 0;
  int64_t omitted_ = 0;
  std::string omitted_hash_;  // of the rows left out, chained: sha256(hash so far + row)
};

}  // namespace otaru::app
