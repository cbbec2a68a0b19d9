// SPDX-License-Identifier: Apache-2.0
#include "app/journal_changes.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/limits.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;

constexpr std::string_view kSecret = "(secret)";
constexpr std::string_view kOtherSecret = "(another secret)";
constexpr std::string_view kNull = "null";

std::string sha256_hex(std::string_view text) {
  return base::hex(base::digest(base::HashKind::sha256, text));
}

// The first bytes of a text, whole characters.
std::string_view beginning(std::string_view text, size_t bytes) {
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

void write_value(base::JsonWriter& out, std::string_view name, std::string_view json) {
  out.key(name);
  if (json.size() <= limits::kJournalValueBytesMax) {
    out.raw(json);
    return;
  }
  out.begin_object();
  out.member("truncated", beginning(json, limits::kJournalValueBytesKept));
  out.member("bytes", json.size());
  out.member("sha256", sha256_hex(json));
  out.end_object();
}

// What is said of a secret's value.
std::string secret_word(const RowMembers::Member& member, std::string_view word) {
  const bool none = member.json == kNull || member.json == "\"\"" || member.json == "[]";
  return none ? member.json : "\"" + std::string(word) + "\"";
}

void write_member(base::JsonWriter& out, const RowMembers::Member* before,
                  const RowMembers::Member* after) {
  out.key(before != nullptr ? before->name : after->name);
  out.begin_object();
  if (before != nullptr) {
    write_value(out, "before", before->secret ? secret_word(*before, kSecret) : before->json);
  }
  if (after != nullptr) {
    const bool replaced =
        before != nullptr && secret_word(*before, kSecret) == "\"" + std::string(kSecret) + "\"";
    write_value(
        out, "after",
        after->secret ? secret_word(*after, replaced ? kOtherSecret : kSecret) : after->json);
  }
  out.end_object();
}

const RowMembers::Member* find_member(const RowMembers* row, std::string_view name) {
  if (row == nullptr) return nullptr;
  const auto at = std::find_if(row->all().begin(), row->all().end(),
                               [name](const auto& member) { return member.name == name; });
  return at == row->all().end() ? nullptr : &*at;
}

}  // namespace

bool is_secret_name(std::string_view name) {
  const std::string lower = base::lower(name);
  const auto has = [&lower](std::string_view word) {
    return lower.find(word) != std::string::npos;
  };
  for (const std::string_view word :
       {"secret", "password", "passwd", "passphrase", "sealed", "nonce", "private_key", "api_key",
        "access_key", "link_hash"}) {
    if (has(word)) return true;
  }
  // "token_lifetime_s" is no token.
  return has("token") && !has("lifetime") && !has("expires") && !has("generation");
}

std::string journal_text(std::string_view text) {
  if (base::valid_utf8(text)) return std::string(text);
  std::string out;
  for (size_t at = 0; at < text.size();) {
    size_t length = 1;
    while (length < 4 && at + length < text.size() && !base::valid_utf8(text.substr(at, length))) {
      ++length;
    }
    if (base::valid_utf8(text.substr(at, length))) {
      out += text.substr(at, length);
      at += length;
    } else {
      out += "\xef\xbf\xbd";
      ++at;
    }
  }
  return out;
}

// --- RowMembers ---------------------------------------------------------------------------------

void RowMembers::add(std::string_view name, std::string json, bool secret) {
  members_.push_back({journal_text(name), std::move(json), secret});
}

void RowMembers::operator()(std::string_view name, std::string_view value) {
  base::JsonWriter out;
  out.value(journal_text(value));
  add(name, out.take(), is_secret_name(name));
}

void RowMembers::operator()(std::string_view name, int64_t value) {
  add(name, std::to_string(value), false);
}

void RowMembers::operator()(std::string_view name, bool value) {
  add(name, value ? "true" : "false", false);
}

void RowMembers::operator()(std::string_view name, base::Time value) {
  add(name, value.ms == 0 ? std::string(kNull) : "\"" + base::iso8601(value) + "\"", false);
}

void RowMembers::operator()(std::string_view name, const std::optional<base::Time>& value) {
  (*this)(name, value.value_or(base::Time{}));
}

void RowMembers::operator()(std::string_view name, const domain::TextMap& value) {
  for (const auto& [key, text] : value) {
    (*this)(std::string(name) + "." + key, std::string_view(text));
  }
}

void RowMembers::operator()(std::string_view name, const std::vector<std::string>& value) {
  base::JsonWriter out;
  out.begin_array();
  for (const auto& text : value) out.value(journal_text(text));
  out.end_array();
  add(name, out.take(), is_secret_name(name));
}

void RowMembers::operator()(std::string_view name, const std::vector<int64_t>& value) {
  base::JsonWriter out;
  out.begin_array();
  for (const auto number : value) out.value(number);
  out.end_array();
  add(name, out.take(), false);
}

void RowMembers::operator()(std::string_view name, const domain::KeySet& value) {
  base::JsonWriter out;
  out.begin_array();
  auto reader = value.read();
  while (out.text().size() <= limits::kJournalValueBytesMax && reader.next()) {
    out.value(journal_text(reader.key()));
  }
  if (out.text().size() <= limits::kJournalValueBytesMax) {
    out.end_array();
    add(name, out.take(), false);
    return;
  }
  base::Hasher hasher(base::HashKind::sha256);
  size_t bytes = 0;
  auto all = value.read();
  for (std::string line; all.next(); bytes += line.size()) {
    line.assign(all.key());
    line += '\n';
    hasher.update(line);
  }
  base::JsonWriter cut;
  cut.begin_object();
  cut.member("truncated", beginning(out.text(), limits::kJournalValueBytesKept));
  cut.member("keys", value.size());
  cut.member("bytes", bytes);
  cut.member("sha256", base::hex(hasher.finish()));
  cut.end_object();
  add(name, cut.take(), false);
}

void RowMembers::write(base::JsonWriter& out) const {
  out.begin_object();
  for (const auto& member : members_) {
    out.key(member.name);
    out.raw(member.secret ? secret_word(member, kSecret) : member.json);
  }
  out.end_object();
}

// --- Changes ------------------------------------------------------------------------------------

void Changes::add(std::string_view kind, std::string_view id, const RowMembers* before,
                  const RowMembers* after) {
  base::JsonWriter out;
  out.begin_object();
  out.member("kind", kind);
  out.member("id", journal_text(id));
  out.member("change", before == nullptr ? "created" : after == nullptr ? "erased" : "changed");
  out.key("members");
  out.begin_object();
  bool any = before == nullptr || after == nullptr;
  if (before != nullptr) {
    for (const auto& was : before->all()) {
      const auto* is = find_member(after, was.name);
      if (is != nullptr && is->json == was.json) continue;
      any = true;
      write_member(out, &was, is);
    }
  }
  if (after != nullptr) {
    for (const auto& is : after->all()) {
      if (find_member(before, is.name) != nullptr) continue;
      any = true;
      write_member(out, nullptr, &is);
    }
  }
  out.end_object();
  out.end_object();
  if (any) append(out.take());
}

void Changes::value(std::string_view kind, std::string_view id, std::string_view member,
                    const std::optional<std::string>& before,
                    const std::optional<std::string>& after) {
  // Settings are named by people: a secret's name is all that says so.
  const std::string name =
      is_secret_name(id) ? std::string(member) + " (secret)" : std::string(member);
  RowMembers was;
  RowMembers is;
  if (before) was(name, std::string_view(*before));
  if (after) is(name, std::string_view(*after));
  add(kind, id, before ? &was : nullptr, after ? &is : nullptr);
}

void Changes::value(std::string_view kind, std::string_view id, std::string_view member,
                    int64_t after) {
  RowMembers is;
  is(member, after);
  const RowMembers was;
  add(kind, id, &was, &is);
}

void Changes::made(std::string_view kind, std::string_view id, const domain::TextMap& members) {
  RowMembers is;
  for (const auto& [name, value] : members) is(name, std::string_view(value));
  add(kind, id, nullptr, &is);
}

void Changes::erased(std::string_view kind, std::string_view id) {
  const RowMembers was;
  add(kind, id, &was, nullptr);
}

void Changes::append(const std::string& row) {
  ++rows_;
  if (omitted_ > 0 || text_.size() + row.size() > limits::kJournalChangesBytesMax) {
    ++omitted_;
    omitted_hash_ = sha256_hex(omitted_hash_ + row);
    return;
  }
  if (text_.size() > 1) text_ += ',';
  text_ += row;
}

std::string Changes::take() {
  if (omitted_ > 0) {
    if (text_.size() > 1) text_ += ',';
    text_ += "{\"omitted\":" + std::to_string(omitted_) + ",\"sha256\":\"" + omitted_hash_ + "\"}";
  }
  text_ += ']';
  return std::move(text_);
}

}  // namespace otaru::app
