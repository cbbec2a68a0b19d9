// SPDX-License-Identifier: Apache-2.0
// JSON: a bounded reader (RapidJSON inside) and an append-only writer with the caller's key order.
//
//   OTARU_TRY(doc, JsonDocument::parse(body, {}));
//   auto name = doc.root().find("name").text();          // optional<string_view>
//
//   JsonWriter w; w.begin_object(); w.member("errno", 0); w.end_object(); send(w.take());
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"

namespace otaru::base {

// How strict the reader is. Default: RFC 8259, duplicate keys refused.
struct JsonRules {
  bool comments_and_trailing_commas = false;  // a seed prints them
  bool raw_control_characters = false;        // some devices send a raw line feed inside a string
  size_t depth_max = limits::kJsonDepthMax;
  size_t members_max = limits::kJsonMembersMax;
  size_t elements_max = limits::kJsonElementsMax;
};

// A view of one value of a JsonDocument; valid while the document lives. A view of something that
// is not there answers false to every question, so look-ups chain.
class JsonView {
 public:
  JsonView() = default;
  bool exists() const { return value_ != nullptr; }
  bool is_null() const;
  bool is_object() const;
  bool is_array() const;
  bool is_string() const;
  bool is_number() const;
  bool is_bool() const;
  JsonView find(std::string_view key) const;  // of an object
  size_t size() const;                        // elements of an array, members of an object
  JsonView at(size_t index) const;            // element, or value of the index-th member
  std::string_view key_at(size_t index) const;
  std::optional<std::string_view> text() const;  // only strings
  std::optional<int64_t> integer() const;        // only integral numbers in range
  std::optional<double> number() const;
  std::optional<bool> boolean() const;
  // A string, or the decimal text of an integral number: for ids that devices send either way.
  std::optional<std::string> text_or_integer() const;

 private:
  friend class JsonDocument;
  explicit JsonView(const void* value) : value_(value) {}
  const void* value_ = nullptr;
};

class JsonDocument {
 public:
  // Code::invalid with a message that names what is wrong and where (byte offset), never with any
  // of the text itself. Numbers beyond double, depth, size and duplicate keys are refused.
  static Result<JsonDocument> parse(std::string_view text, const JsonRules& rules = {});
  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;
  ~JsonDocument();
  JsonView root() const;

 private:
  struct Impl;
  explicit JsonDocument(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Compact JSON text, keys in the order they are given. The caller balances begin and end.
class JsonWriter {
 public:
  JsonWriter() { out_.reserve(256); }
  void begin_object();
  void end_object();
  void begin_array();
  void end_array();
  void key(std::string_view name);
  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(const std::string& text) { value(std::string_view(text)); }
  void value(int64_t number);
  void value(int number) { value(static_cast<int64_t>(number)); }
  void value(size_t number) { value(static_cast<int64_t>(number)); }
  void value(double number);
  void value(bool flag);
  void null();
  void raw(std::string_view json);  // already JSON
  template <class T>
  void member(std::string_view name, const T& v) {
    key(name);
    value(v);
  }
  void null_member(std::string_view name) {
    key(name);
    null();
  }
  const std::string& text() const { return out_; }
  std::string take() { return std::move(out_); }

 private:
  void comma();
  std::string out_;
};

// The value as compact JSON again, members in their order.
std::string json_text(JsonView value);

}  // namespace otaru::base
