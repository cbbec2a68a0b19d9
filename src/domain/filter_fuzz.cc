// SPDX-License-Identifier: Apache-2.0
// Filters come from whoever has a key: any text must end in a filter or an error, and a filter must
// be the same one again after it was written down.
#include "domain/filter.h"

#include <cstddef>
#include <cstdint>

namespace {

using otaru::domain::Filter;
using otaru::domain::FilterName;
using otaru::domain::FilterType;
using otaru::domain::FilterValue;

constexpr FilterName kNames[] = {
    {"key", FilterType::text},
    {"size", FilterType::integer},
    {"on", FilterType::boolean},
    {"born", FilterType::time},
    {"tag", FilterType::texts},
    {"slot", FilterType::text, true},
    {"version", FilterType::version, true},
    {"attribute.", FilterType::loose},
    {"reported.", FilterType::loose},
};

class Subject final : public otaru::domain::FilterSubject {
 public:
  FilterValue value(size_t name, std::string_view key) const override {
    if (name == 1 || name == 2 || name == 3) return FilterValue::of(int64_t{1});
    return key == "none" ? FilterValue::nothing() : FilterValue::of(std::string_view("a1"));
  }
  bool any_of(size_t, otaru::domain::TextTest test) const override { return test("beta"); }
  size_t components() const override { return 2; }
  FilterValue component_value(size_t at, size_t, std::string_view) const override {
    return FilterValue::of(std::string_view(at == 0 ? "1.0" : "2.0"));
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const otaru::domain::FilterVocabulary words{"device", kNames, 7};
  const auto filter = Filter::compile(text, words);
  if (!filter) {
    OTARU_ASSERT(!filter.error().message.empty() && filter.error().field == "filter");
    return 0;
  }
  const Subject subject;
  const bool holds = filter->matches(subject);
  const std::string canonical = filter->text();
  const auto again = Filter::compile(canonical, words);
  // Writing times and escapes out may push a filter at the limit over it.
  if (!again && again.error().code == otaru::base::Code::too_large) return 0;
  OTARU_ASSERT(again.has_value() && *again == *filter && again->text() == canonical);
  OTARU_ASSERT(again->matches(subject) == holds);
  return 0;
}
