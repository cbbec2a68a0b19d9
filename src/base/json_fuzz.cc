// SPDX-License-Identifier: Apache-2.0
// The JSON reader under every combination of rules (the first byte chooses). What it accepts can be
// written again and reads the same.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"

namespace {

using otaru::base::JsonDocument;
using otaru::base::JsonRules;
using otaru::base::JsonView;
using otaru::base::JsonWriter;

void write(const JsonView& view, JsonWriter& writer) {
  if (view.is_object()) {
    writer.begin_object();
    for (size_t i = 0; i < view.size(); ++i) {
      writer.key(view.key_at(i));
      write(view.at(i), writer);
    }
    writer.end_object();
  } else if (view.is_array()) {
    writer.begin_array();
    for (size_t i = 0; i < view.size(); ++i) write(view.at(i), writer);
    writer.end_array();
  } else if (const auto text = view.text()) {
    writer.value(*text);
  } else if (const auto integer = view.integer()) {
    writer.value(*integer);
  } else if (const auto flag = view.boolean()) {
    writer.value(*flag);
  } else {
    writer.null();  // numbers that are not integers are compared by shape only
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  JsonRules rules;
  rules.comments_and_trailing_commas = (data[0] & 1) != 0;
  rules.raw_control_characters = (data[0] & 2) != 0;
  // An exact copy on the heap: reading past its end is seen.
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto document = JsonDocument::parse(text, rules);
  if (!document) return 0;
  JsonWriter first;
  write(document->root(), first);
  const auto again = JsonDocument::parse(first.text());
  OTARU_ASSERT(again.has_value());
  JsonWriter second;
  write(again->root(), second);
  OTARU_ASSERT(first.text() == second.text());
  return 0;
}
