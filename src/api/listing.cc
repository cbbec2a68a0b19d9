// SPDX-License-Identifier: Apache-2.0
#include "api/listing.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/time.h"

namespace otaru::api {
namespace {

using base::Code;
using domain::FilterType;
using domain::FilterValue;

base::JsonView member_at(base::JsonView row, std::string_view path) {
  while (!path.empty()) {
    const size_t end = std::min(path.find('.'), path.size());
    row = row.find(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return row;
}

std::optional<int64_t> time_of(base::JsonView value) {
  base::Time out;
  const auto text = value.text();
  if (!text || !base::parse_iso8601(std::string(*text), out)) return std::nullopt;
  return out.ms;
}

FilterValue number_or_nothing(const std::optional<int64_t>& number) {
  return number ? FilterValue::of(*number) : FilterValue::nothing();
}

}  // namespace

base::JsonView JsonSubject::find(size_t name, std::string_view key) const {
  const ListMember& member = words_.members[name];
  const std::string_view path = member.path.empty() ? member.name : member.path;
  const auto found = member_at(row_, path);
  return key.empty() ? found : found.find(key);
}

FilterValue JsonSubject::value(size_t name, std::string_view key) const {
  const auto found = find(name, key);
  switch (words_.members[name].type) {
    case FilterType::integer:
      return number_or_nothing(found.integer());
    case FilterType::boolean: {
      const auto flag = found.boolean();
      return flag ? FilterValue::of(int64_t{*flag ? 1 : 0}) : FilterValue::nothing();
    }
    case FilterType::time:
      return number_or_nothing(time_of(found));
    case FilterType::text:
    case FilterType::loose:
    case FilterType::version:
    case FilterType::texts:
      break;
  }
  const auto text = found.text();
  return text ? FilterValue::of(*text) : FilterValue::nothing();
}

bool JsonSubject::any_of(size_t name, domain::TextTest test) const {
  const auto list = find(name, {});
  for (size_t i = 0; i < list.size(); ++i) {
    if (test(list.at(i).text_or_integer().value_or(""))) return true;
  }
  return false;
}

std::optional<std::strong_ordering> JsonSubject::compare_versions(size_t, std::string_view a,
                                                                  std::string_view b) const {
  domain::VersionFormat format;
  if (const auto id = row_.find("product").integer()) {
    if (const auto* product = snapshot_.product(domain::ProductId{*id})) {
      format = product->product->version_format;
    }
  }
  const auto order = domain::compare_versions(format, a, b);
  return order ? std::optional(*order) : std::nullopt;
}

base::Result<domain::Filter> compile_list_filter(const ListWords& words, std::string_view text) {
  std::vector<domain::FilterName> names;
  for (const auto& member : words.members) names.push_back({member.name, member.type, false});
  return domain::Filter::compile(text, domain::FilterVocabulary{words.thing, names, -1});
}

base::Result<std::string> with_fields(const std::string& json,
                                      const std::vector<std::string>& fields) {
  OTARU_TRY(document, base::JsonDocument::parse(json));
  const auto row = document.root();
  for (const auto& field : fields) {
    if (row.find(field).exists()) continue;
    std::string known;
    for (size_t i = 0; i < row.size(); ++i) known += " " + std::string(row.key_at(i));
    return base::fail_field(Code::invalid, "fields",
                            "there is no member '" + field.substr(0, 64) + "'",
                            "there are:" + known);
  }
  base::JsonWriter out;
  out.begin_object();
  for (size_t i = 0; i < row.size(); ++i) {
    const auto name = row.key_at(i);
    if (std::find(fields.begin(), fields.end(), name) == fields.end()) continue;
    out.key(name);
    out.raw(base::json_text(row.at(i)));
  }
  out.end_object();
  return out.take();
}

base::Result<Listing> Listing::of(const Call& call, const ListWords& words,
                                  const ListOptions& options) {
  Listing out(call, words, options);
  OTARU_TRY(filter, compile_list_filter(words, options.filter));
  out.filter_ = std::move(filter);
  OTARU_CHECK(out.read_sort());
  OTARU_CHECK(out.read_cursor());
  return out;
}

base::Status Listing::read_sort() {
  std::string_view name = options_->sort;
  if (name.empty()) return {};
  descending_ = name.front() == '-';
  if (descending_) name.remove_prefix(1);
  sorted_ = true;
  std::string known;
  for (size_t i = 0; i < words_->members.size(); ++i) {
    const auto& member = words_->members[i];
    if (!member.sorts) continue;
    member_ = i;
    if (member.name == name) return {};
    known += " " + std::string(member.name);
  }
  return base::fail_field(Code::invalid, "sort", "the list cannot be sorted by that",
                          "members that it can be sorted by, '-' in front for descending:" + known);
}

// In order of id the cursor is the id. Sorted: what was sorted by, the id, and the value, so that a
// cursor of another list is not taken for one of this.
std::string Listing::cursor_of(const Key& key) const {
  if (!sorted_) return std::to_string(key.id);
  std::string text = options_->sort + "\n" + std::to_string(key.id) + "\n";
  text += !key.there ? "-" : key.number ? "n" + std::to_string(key.value) : "t" + key.text;
  return base::hex(text);
}

base::Status Listing::read_cursor() {
  const std::string& cursor = options_->page.cursor;
  if (cursor.empty()) return {};
  has_after_ = true;
  const auto wrong = [] { return base::fail(wrong_cursor().error()); };
  if (!sorted_) {
    const auto id = base::parse_int(cursor);
    if (!id || *id < 0) return wrong();
    after_.id = *id;
    return {};
  }
  const auto text = base::unhex(cursor);
  if (!text || !text->starts_with(options_->sort + "\n")) return wrong();
  const std::string_view rest = std::string_view(*text).substr(options_->sort.size() + 1);
  const size_t feed = rest.find('\n');
  const auto id = base::parse_int(rest.substr(0, feed));
  if (!id || feed == std::string_view::npos || feed + 1 == rest.size()) return wrong();
  after_.id = *id;
  const char kind = rest[feed + 1];
  after_.there = kind != '-';
  after_.number = kind == 'n';
  after_.text = std::string(rest.substr(feed + 2));
  if (kind == 'n') after_.value = base::parse_int(after_.text).value_or(0);
  return {};
}

bool Listing::before(const Key& a, const Key& b) const {
  const auto order = [&]() -> int {
    if (a.there != b.there) return a.there ? 1 : -1;
    if (a.number && a.value != b.value) return a.value < b.value ? -1 : 1;
    if (const int text = a.number ? 0 : a.text.compare(b.text); text != 0) return text;
    return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
  }();
  return descending_ ? order > 0 : order < 0;
}

Listing::Key Listing::key_of(base::JsonView row, int64_t id) const {
  Key out;
  out.id = id;
  if (!sorted_) return out;
  const JsonSubject subject(*words_, *call_->snapshot, row);
  const auto value = subject.value(member_, {});
  const auto type = words_->members[member_].type;
  out.there = value.there;
  out.number =
      type == FilterType::integer || type == FilterType::boolean || type == FilterType::time;
  out.value = value.number;
  out.text = std::string(value.text);
  return out;
}

base::Result<bool> Listing::offer(std::string json, int64_t id) {
  const size_t wanted = options_->page.limit + 1;
  Row row;
  row.key.id = id;
  if (sorted_ || !filter_.everything()) {
    OTARU_TRY(document, base::JsonDocument::parse(json));
    if (!filter_.matches(JsonSubject(*words_, *call_->snapshot, document.root()))) return true;
    row.key = key_of(document.root(), id);
  }
  if (has_after_ && !before(after_, row.key)) return true;
  const auto worse = [this](const Row& a, const Row& b) { return before(a.key, b.key); };
  if (rows_.size() == wanted) {
    if (!before(row.key, rows_.front().key)) return sorted_;
    std::pop_heap(rows_.begin(), rows_.end(), worse);
    rows_.pop_back();
  }
  row.json = std::move(json);
  rows_.push_back(std::move(row));
  std::push_heap(rows_.begin(), rows_.end(), worse);
  return sorted_ || rows_.size() < wanted;
}

Answer Listing::finish() {
  std::sort(rows_.begin(), rows_.end(),
            [this](const Row& a, const Row& b) { return before(a.key, b.key); });
  const bool more = rows_.size() > options_->page.limit;
  if (more) rows_.pop_back();
  base::JsonWriter out;
  out.begin_object();
  out.key("items");
  out.begin_array();
  for (auto& row : rows_) {
    if (!options_->fields.empty()) {
      OTARU_TRY(some, with_fields(row.json, options_->fields));
      row.json = std::move(some);
    }
    out.raw(row.json);
  }
  out.end_array();
  if (more) {
    out.member("next_cursor", cursor_of(rows_.back().key));
  } else {
    out.null_member("next_cursor");
  }
  out.end_object();
  return json_response(200, out.take());
}

}  // namespace otaru::api
