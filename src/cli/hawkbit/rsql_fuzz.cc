// SPDX-License-Identifier: Apache-2.0
// Target filters come from another server: any text must end in a filter that compiles and is in
// canonical form, or in an error that says why.
#include "cli/hawkbit/rsql.h"

#include <cstddef>
#include <cstdint>

#include "domain/device_filter.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto made = otaru::cli::hawkbit::translate_rsql(text);
  if (!made) {
    OTARU_ASSERT(!made.error().message.empty());
    return 0;
  }
  OTARU_ASSERT(!made->filter.empty());
  const auto again = otaru::domain::Filter::compile(made->filter, otaru::domain::group_words());
  // Writing times and escapes out may push a filter at the limit over it.
  if (!again && again.error().code == otaru::base::Code::too_large) return 0;
  OTARU_ASSERT(again.has_value() && again->text() == made->filter);
  return 0;
}
