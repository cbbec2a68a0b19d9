// SPDX-License-Identifier: Apache-2.0
// Headers of tus: any bytes give pairs, a checksum or a message; what is accepted keeps its
// promises.
#include <cstddef>
#include <cstdint>

#include "base/encoding.h"
#include "base/limits.h"
#include "http/tus.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto pairs = otaru::http::parse_tus_metadata(text)) {
    OTARU_ASSERT(pairs->size() <= otaru::base::limits::kUploadMetadataPairsMax);
    std::string again;
    for (const auto& [key, value] : *pairs) {
      OTARU_ASSERT(!key.empty() && key.find_first_of(" ,") == std::string::npos);
      OTARU_ASSERT(*otaru::http::find_tus_metadata(*pairs, key) == value);
      again += (again.empty() ? "" : ",") + key + " " + otaru::base::base64(value);
    }
    if (again.size() <= otaru::base::limits::kUploadMetadataBytesMax) {
      OTARU_ASSERT(*otaru::http::parse_tus_metadata(again) == *pairs);
    }
  }
  if (const auto checksum = otaru::http::parse_tus_checksum(text)) {
    OTARU_ASSERT(checksum->digest.size() >= 16);
  }
  const auto name = otaru::http::plain_file_name(text);
  OTARU_ASSERT(!name.empty() && name.size() <= otaru::base::limits::kNameBytesMax);
  OTARU_ASSERT(name.find_first_of("/\\ \n\"") == std::string::npos && name.front() != '.');
  OTARU_ASSERT(otaru::http::plain_file_name(name) == name);
  return 0;
}
