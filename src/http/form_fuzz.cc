// SPDX-License-Identifier: Apache-2.0
// Queries and forms from anybody: the strict reader, the lenient one and the single look-up must
// not disagree.
#include "http/form.h"

#include <cstddef>
#include <cstdint>

#include "base/result.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using otaru::base::Plus;
  using otaru::http::Form;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const Plus plus : {Plus::literal, Plus::space}) {
    const auto strict = Form::parse(text, plus);
    const auto lenient = Form::parse_lenient(text, plus);
    OTARU_ASSERT(!strict || lenient);
    if (!lenient) continue;
    bool any_broken = false;
    for (const auto& field : lenient->fields()) any_broken = any_broken || field.broken;
    OTARU_ASSERT(strict.has_value() == !any_broken);
    if (any_broken) continue;
    for (const auto& field : strict->fields()) {
      const auto value = otaru::http::form_value(text, field.name, plus);
      OTARU_ASSERT(value && *value);
      OTARU_ASSERT(**value == *strict->text(field.name));
      // What is written again reads the same.
      const std::string again =
          otaru::base::percent_encode(field.name) + "=" + otaru::base::percent_encode(field.value);
      const auto twice = Form::parse(again, plus);
      OTARU_ASSERT(twice && twice->text(field.name) == field.value);
    }
  }
  return 0;
}
