// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/json_text.h"

#include "base/encoding.h"
#include "base/json.h"

namespace otaru::store {
namespace {

// Our own text, bounded where it came in: only nesting is known.
constexpr base::JsonRules kOwnRules{false, false, 8, SIZE_MAX, SIZE_MAX};

void write_text(base::JsonWriter& out, std::string_view text) {
  if (base::valid_utf8(text)) {
    out.value(text);
    return;
  }
  out.begin_object();
  out.member("hex", std::string_view(base::hex(text)));
  out.end_object();
}

bool read_text(base::JsonView value, std::string& out) {
  if (const auto text = value.text()) {
    out = *text;
    return true;
  }
  const auto bytes = base::unhex(value.find("hex").text().value_or("?"));
  if (!bytes) return false;
  out = *bytes;
  return true;
}

}  // namespace

std::string to_json_text(const domain::TextMap& map) {
  if (map.empty()) return "[]";
  base::JsonWriter out;
  out.begin_array();
  for (const auto& [key, text] : map) {
    out.begin_array();
    write_text(out, key);
    write_text(out, text);
    out.end_array();
  }
  out.end_array();
  return out.take();
}

std::string to_json_text(const std::vector<std::string>& list) {
  if (list.empty()) return "[]";
  base::JsonWriter out;
  out.begin_array();
  for (const auto& text : list) write_text(out, text);
  out.end_array();
  return out.take();
}

std::string to_json_text(const std::vector<int64_t>& list) {
  std::string out = "[";
  for (const auto entry : list) {
    if (out.size() > 1) out += ',';
    out += std::to_string(entry);
  }
  out += ']';
  return out;
}

bool from_json_text(std::string_view text, domain::TextMap& map) {
  map.clear();
  if (text == "[]") return true;
  const auto document = base::JsonDocument::parse(text, kOwnRules);
  if (!document || !document->root().is_array()) return false;
  const auto root = document->root();
  map.resize(root.size());
  for (size_t i = 0; i < root.size(); ++i) {
    const auto pair = root.at(i);
    if (!pair.is_array() || pair.size() != 2 || !read_text(pair.at(0), map[i].first) ||
        !read_text(pair.at(1), map[i].second)) {
      return false;
    }
  }
  return true;
}

bool from_json_text(std::string_view text, std::vector<std::string>& list) {
  list.clear();
  if (text == "[]") return true;
  const auto document = base::JsonDocument::parse(text, kOwnRules);
  if (!document || !document->root().is_array()) return false;
  const auto root = document->root();
  list.resize(root.size());
  for (size_t i = 0; i < root.size(); ++i) {
    if (!read_text(root.at(i), list[i])) return false;
  }
  return true;
}

// Without the JSON library: it is read with every task.
bool from_json_text(std::string_view text, std::vector<int64_t>& list) {
  list.clear();
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return false;
  text = text.substr(1, text.size() - 2);
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const auto entry = base::parse_int(text.substr(0, comma));
    if (!entry) return false;
    list.push_back(*entry);
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
  return list.empty();  // text after the last comma is missing
}

std::vector<std::string> split_keys(std::string_view text) {
  std::vector<std::string> keys;
  std::string key;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      keys.push_back(std::move(key));
      key.clear();
    } else if (text[i] == '\\' && i + 1 < text.size()) {
      key += text[++i] == 'n' ? '\n' : text[i];
    } else {
      key += text[i];
    }
  }
  return keys;
}

}  // namespace otaru::store
