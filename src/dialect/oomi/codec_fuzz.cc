// SPDX-License-Identifier: Apache-2.0
// Any bytes as the body, query, cookie and file name of every endpoint. What was read is what its
// limits allow.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "dialect/oomi/codec.h"
#include "dialect/oomi/links.h"

namespace {

void hold(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace oomi = otaru::dialect::oomi;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto message = oomi::decode_integration_check(text)) {
    hold(oomi::sane_guid(message->guid));
    for (const auto& state : message->firmwares) hold(!state.name.empty());
  }
  if (const auto message = oomi::decode_kit_check(text)) {
    hold(message->account >= INT32_MIN && message->account <= INT32_MAX);
  }
  if (const auto message = oomi::decode_pegging(text)) hold(message->parts.size() <= 64);
  if (const auto message = oomi::decode_kit_detail(text)) hold(message->id || message->account);
  if (const auto message = oomi::decode_package_detail(text)) hold(!message->product.empty());
  if (const auto message = oomi::decode_batch_detail(text)) hold(message->wanted.size() <= 64);
  if (const auto message = oomi::decode_retrieve(text)) hold(!message->model.empty());
  if (const auto message = oomi::decode_firmware_retrieve(text)) hold(!message->product.empty());
  if (const auto message = oomi::decode_migration(text)) hold(!message->cube_version.empty());
  otaru::http::Request request;
  request.headers = {{"Cookie", text}};
  const oomi::Cookies cookies = oomi::read_cookies(request);
  hold(cookies.guid.size() <= size && cookies.aat.size() <= size);
  if (const auto id = oomi::package_of_file(text)) hold(id->value > 0);
  hold(!oomi::media_type_of(text).empty());
  return 0;
}
