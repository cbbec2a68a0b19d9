// SPDX-License-Identifier: Apache-2.0
// Everything that reads a device's bytes: the parameters of a query and a body (split at the first
// line feed), an Authorization header, a Range value.
#include <cstdint>
#include <string>
#include <string_view>

#include "dialect/onenet/authorization.h"
#include "dialect/onenet/codec.h"
#include "dialect/onenet/codes.h"
#include "dialect/onenet/policy.h"
#include "dialect/onenet/slices.h"

namespace onenet = otaru::dialect::onenet;

namespace {

void fuzz_params(std::string_view text) {
  const size_t line = text.find('\n');
  otaru::http::Request request;
  request.query = text.substr(0, line);
  if (line != std::string_view::npos) request.body = std::string(text.substr(line + 1));
  const auto params = onenet::Params::read(request);
  const auto words = onenet::read_check_words(params, false);
  const std::string* id = onenet::find_dev_id(params);
  if (words.outcome == onenet::Outcome::done) {
    OTARU_ASSERT(onenet::valid_version(words.words.version));
    const auto code = onenet::manufacturer_code(words.words.type, words.words.manuf);
    // Normalising twice changes nothing.
    OTARU_ASSERT(onenet::manufacturer_code(words.words.type, code) == code);
    const auto module = onenet::module_code(words.words.type, code, words.words.model);
    OTARU_ASSERT(onenet::module_code(words.words.type, code, module) == module);
  }
  OTARU_ASSERT(id == nullptr || (!id->empty() && id->size() <= onenet::kDevIdBytesMax));
}

void fuzz_authorization(std::string_view text) {
  const auto parsed = onenet::parse_authorization(text);
  if (!parsed) return;
  (void)onenet::parse_resource(parsed->res);
  OTARU_ASSERT(!onenet::signed_by(*parsed, "a key that nobody knows") || text.size() > 40);
}

void fuzz_slice(std::string_view text) {
  for (const int64_t size : {int64_t{0}, int64_t{1}, int64_t{1000}}) {
    const auto slice = onenet::read_slice(text, size);
    if (!slice) continue;
    OTARU_ASSERT(slice->first >= 0 && slice->first <= slice->last && slice->last < size);
  }
  const std::string name = onenet::safe_file_name(text);
  OTARU_ASSERT(!name.empty() && name.size() <= onenet::kFileNameBytesMax);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      fuzz_params(text);
      break;
    case 1:
      fuzz_authorization(text);
      break;
    case 2:
      fuzz_slice(text);
      break;
    default:
      break;
  }
  return 0;
}
