// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <vector>

#include "base/encoding.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wswitch-enum"
#pragma GCC diagnostic ignored "-Wshadow"
#ifdef __SSE2__
#define RAPIDJSON_SSE2  // blanks and plain strings 16 bytes at a time
#endif
#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#undef RAPIDJSON_SSE2
#pragma GCC diagnostic pop

namespace otaru::base {
namespace {

using Value = rapidjson::Value;

const Value* get(const void* value) {
  return static_cast<const Value*>(value);
}

// RapidJSON checks a UTF-8 sequence only after it has taken all the bytes that the lead byte
// promises, past the final NUL if the text ends in the middle of one; and it looks at 16 bytes at a
// time where it looks for the end of a string.
constexpr size_t kOverrunBytes = 16;

// Of the document, beside its strings: a device's request fits, larger ones take more as they go.
constexpr size_t kPoolBytes = 4 * 1024;

// Eight bytes at a time: this looks at every byte of every request.
bool all_ascii(std::string_view text) {
  uint64_t bits = 0;
  while (text.size() >= sizeof bits) {
    uint64_t eight = 0;
    std::memcpy(&eight, text.data(), sizeof eight);
    bits |= eight;
    text.remove_prefix(sizeof eight);
  }
  for (const char c : text) bits |= static_cast<unsigned char>(c);
  return (bits & 0x8080808080808080u) == 0;
}

bool has_more_than(size_t most, std::string_view text, char wanted) {
  size_t count = 0;
  for (size_t at = text.find(wanted); at != std::string_view::npos;
       at = text.find(wanted, at + 1)) {
    if (++count > most) return true;
  }
  return false;
}

// Depth is counted on the bytes, before the parser can build anything.
bool too_deep(std::string_view text, size_t depth_max) {
  // Few brackets, wherever they stand, cannot nest deeply: the usual request ends here.
  const size_t half = depth_max / 2;
  if (!has_more_than(half, text, '{') && !has_more_than(half, text, '[')) return false;
  size_t depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > depth_max) return true;
    } else if (c == '}' || c == ']') {
      if (depth > 0) --depth;
    }
  }
  return false;
}

// Escapes raw control characters inside strings, for devices that send them.
std::string escape_controls(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!in_string) {
      in_string = c == '"';
      out.push_back(c);
    } else if (c == '\\' && i + 1 < text.size()) {
      out.push_back(c);
      out.push_back(text[++i]);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += hex(std::string_view(&c, 1));
    } else {
      in_string = c != '"';
      out.push_back(c);
    }
  }
  return out;
}

// RapidJSON turns a lone "\udc00" into bytes that are not UTF-8.
bool sound(const Value& text) {
  return valid_utf8(std::string_view(text.GetString(), text.GetStringLength()));
}

constexpr const char* kLoneSurrogate = "JSON has an escape that is half of a character";

struct Checked {
  const JsonRules& rules;
  bool escapes = false;  // the text has \u escapes
  size_t elements = 0;   // so far
};

std::string_view name_text(const Value& name) {
  return {name.GetString(), name.GetStringLength()};
}

// Devices' objects have a handful of keys: comparing each with each needs no memory.
constexpr rapidjson::SizeType kFewMembers = 16;

bool has_duplicate_key(const Value& object) {
  if (object.MemberCount() <= kFewMembers) {
    for (auto a = object.MemberBegin(); a != object.MemberEnd(); ++a) {
      for (auto b = object.MemberBegin(); b != a; ++b) {
        if (name_text(a->name) == name_text(b->name)) return true;
      }
    }
    return false;
  }
  std::vector<std::string_view> names;
  names.reserve(object.MemberCount());
  for (const auto& member : object.GetObject()) names.push_back(name_text(member.name));
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

// What is wrong with a document; small, because every value of every request is asked.
struct Fault {
  Code code = Code::invalid;
  const char* what = nullptr;  // null: nothing
};

// Limits, duplicate keys and lone surrogates, after parsing. Recursion is bounded by depth_max.
Fault check(const Value& value, Checked& state, size_t depth) {
  const JsonRules& rules = state.rules;
  // A quote inside a comment can fool too_deep(); this count cannot be fooled.
  if (depth > rules.depth_max) return {Code::too_large, "JSON is nested too deeply"};
  if (++state.elements > rules.elements_max) return {Code::too_large, "JSON has too many values"};
  if (state.escapes && value.IsString() && !sound(value)) return {Code::invalid, kLoneSurrogate};
  if (value.IsArray()) {
    for (const auto& item : value.GetArray()) {
      if (const Fault fault = check(item, state, depth + 1); fault.what != nullptr) return fault;
    }
  } else if (value.IsObject()) {
    if (value.MemberCount() > rules.members_max) {
      return {Code::too_large, "JSON object has too many members"};
    }
    for (const auto& member : value.GetObject()) {
      if (state.escapes && !sound(member.name)) return {Code::invalid, kLoneSurrogate};
      const Fault fault = check(member.value, state, depth + 1);
      if (fault.what != nullptr) return fault;
    }
    if (has_duplicate_key(value)) return {Code::invalid, "JSON object has a duplicate key"};
  }
  return {};
}

template <unsigned kFlags>
void parse_in_place(rapidjson::Document& document, std::string& buffer, bool loose) {
  constexpr unsigned kLoose =
      kFlags | rapidjson::kParseCommentsFlag | rapidjson::kParseTrailingCommasFlag;
  if (loose) {
    document.ParseInsitu<kLoose>(buffer.data());
  } else {
    document.ParseInsitu<kFlags>(buffer.data());
  }
}

}  // namespace

struct JsonDocument::Impl {
  Impl() : allocator(pool, sizeof pool), document(&allocator) {}

  std::string buffer;  // parsed in place; strings point into it
  alignas(std::max_align_t) char pool[kPoolBytes];
  rapidjson::MemoryPoolAllocator<> allocator;
  rapidjson::Document document;
};

JsonDocument::JsonDocument(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;
JsonView JsonDocument::root() const {
  return JsonView(&impl_->document);
}

Result<JsonDocument> JsonDocument::parse(std::string_view text, const JsonRules& rules) {
  // In-situ parsing ends at a NUL byte: one inside the text would hide what follows.
  if (text.find('\0') != std::string_view::npos) {
    return fail(Code::invalid, "JSON contains a NUL byte");
  }
  if (too_deep(text, rules.depth_max)) return fail(Code::too_large, "JSON is nested too deeply");
  auto impl = std::make_unique<Impl>();
  if (rules.raw_control_characters) {
    impl->buffer = escape_controls(text);
  } else {
    impl->buffer.reserve(text.size() + kOverrunBytes);
    impl->buffer.assign(text);
  }
  impl->buffer.append(kOverrunBytes, '\0');
  constexpr unsigned kPlain = rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag;
  // ASCII is always sound UTF-8, and unchecked strings are read in large steps.
  if (all_ascii(text)) {
    parse_in_place<kPlain>(impl->document, impl->buffer, rules.comments_and_trailing_commas);
  } else {
    parse_in_place<kPlain | rapidjson::kParseValidateEncodingFlag>(
        impl->document, impl->buffer, rules.comments_and_trailing_commas);
  }
  if (impl->document.HasParseError()) {
    return fail(Code::invalid, std::string("JSON: ") +
                                   rapidjson::GetParseError_En(impl->document.GetParseError()) +
                                   " (at byte " + std::to_string(impl->document.GetErrorOffset()) +
                                   ")");
  }
  Checked state{rules, text.find("\\u") != std::string_view::npos};
  if (const Fault fault = check(impl->document, state, 0); fault.what != nullptr) {
    return fail(fault.code, fault.what);
  }
  return JsonDocument(std::move(impl));
}

bool JsonView::is_null() const {
  return value_ != nullptr && get(value_)->IsNull();
}
bool JsonView::is_object() const {
  return value_ != nullptr && get(value_)->IsObject();
}
bool JsonView::is_array() const {
  return value_ != nullptr && get(value_)->IsArray();
}
bool JsonView::is_string() const {
  return value_ != nullptr && get(value_)->IsString();
}
bool JsonView::is_number() const {
  return value_ != nullptr && get(value_)->IsNumber();
}
bool JsonView::is_bool() const {
  return value_ != nullptr && get(value_)->IsBool();
}

JsonView JsonView::find(std::string_view key) const {
  if (!is_object()) return {};
  for (const auto& member : get(value_)->GetObject()) {
    if (std::string_view(member.name.GetString(), member.name.GetStringLength()) == key) {
      return JsonView(&member.value);
    }
  }
  return {};
}

size_t JsonView::size() const {
  if (is_array()) return get(value_)->Size();
  if (is_object()) return get(value_)->MemberCount();
  return 0;
}

JsonView JsonView::at(size_t index) const {
  if (index >= size()) return {};
  if (is_array()) return JsonView(&(*get(value_))[static_cast<rapidjson::SizeType>(index)]);
  return JsonView(&(get(value_)->MemberBegin() + static_cast<std::ptrdiff_t>(index))->value);
}

std::string_view JsonView::key_at(size_t index) const {
  if (!is_object() || index >= size()) return {};
  const auto& name = (get(value_)->MemberBegin() + static_cast<std::ptrdiff_t>(index))->name;
  return {name.GetString(), name.GetStringLength()};
}

std::optional<std::string_view> JsonView::text() const {
  if (!is_string()) return std::nullopt;
  return std::string_view(get(value_)->GetString(), get(value_)->GetStringLength());
}

std::optional<int64_t> JsonView::integer() const {
  if (value_ == nullptr || !get(value_)->IsInt64()) return std::nullopt;
  return get(value_)->GetInt64();
}

std::optional<double> JsonView::number() const {
  if (!is_number()) return std::nullopt;
  return get(value_)->GetDouble();
}

std::optional<bool> JsonView::boolean() const {
  if (!is_bool()) return std::nullopt;
  return get(value_)->GetBool();
}

std::optional<std::string> JsonView::text_or_integer() const {
  if (auto found = text()) return std::string(*found);
  if (auto found = integer()) return std::to_string(*found);
  return std::nullopt;
}

void JsonWriter::comma() {
  if (out_.empty()) return;
  const char last = out_.back();
  if (last != '{' && last != '[' && last != ':') out_.push_back(',');
}
void JsonWriter::begin_object() {
  comma();
  out_.push_back('{');
}
void JsonWriter::end_object() {
  out_.push_back('}');
}
void JsonWriter::begin_array() {
  comma();
  out_.push_back('[');
}
void JsonWriter::end_array() {
  out_.push_back(']');
}

void JsonWriter::key(std::string_view name) {
  value(name);
  out_.push_back(':');
}

void JsonWriter::value(std::string_view text) {
  comma();
  out_.push_back('"');
  size_t from = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out_.append(text.substr(from, i - from));
    from = i + 1;
    switch (c) {
      case '"':
        out_ += "\\\"";
        break;
      case '\\':
        out_ += "\\\\";
        break;
      case '\n':
        out_ += "\\n";
        break;
      case '\r':
        out_ += "\\r";
        break;
      case '\t':
        out_ += "\\t";
        break;
      default:
        out_ += "\\u00";
        out_ += hex(text.substr(i, 1));
    }
  }
  out_.append(text.substr(from));
  out_.push_back('"');
}

void JsonWriter::value(int64_t number) {
  comma();
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  out_.append(digits, end);
}

void JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  comma();
  char digits[40];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  out_.append(digits, end);
}

void JsonWriter::value(bool flag) {
  comma();
  out_ += flag ? "true" : "false";
}
void JsonWriter::null() {
  comma();
  out_ += "null";
}
void JsonWriter::raw(std::string_view json) {
  comma();
  out_.append(json);
}

namespace {

void append_json(JsonView value, JsonWriter& out) {
  if (value.is_object()) {
    out.begin_object();
    for (size_t i = 0; i < value.size(); ++i) {
      out.key(value.key_at(i));
      append_json(value.at(i), out);
    }
    return out.end_object();
  }
  if (value.is_array()) {
    out.begin_array();
    for (size_t i = 0; i < value.size(); ++i) append_json(value.at(i), out);
    return out.end_array();
  }
  if (const auto text = value.text()) return out.value(*text);
  if (const auto number = value.integer()) return out.value(*number);
  if (const auto number = value.number()) return out.value(*number);
  if (const auto flag = value.boolean()) return out.value(*flag);
  out.null();
}

}  // namespace

std::string json_text(JsonView value) {
  JsonWriter out;
  append_json(value, out);
  return out.take();
}

}  // namespace otaru::base
