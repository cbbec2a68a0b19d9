// SPDX-License-Identifier: Apache-2.0
// The settings file: any bytes give settings or a message, and what is accepted keeps its promises.
#include <cstdint>
#include <string_view>

#include "server/config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = otaru::server::parse_config(text, "fuzz");
  if (!config) {
    OTARU_ASSERT(!config.error().message.empty());
    return 0;
  }
  for (const auto& where : config->listen) {
    OTARU_ASSERT(otaru::server::parse_listen(where).has_value());
  }
  OTARU_ASSERT(!config->listen.empty() || !config->listen_tls.empty());
  OTARU_ASSERT(config->workers >= 1 && config->workers <= 256);
  return 0;
}
