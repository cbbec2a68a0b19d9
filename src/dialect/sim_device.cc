// SPDX-License-Identifier: Apache-2.0
#include "dialect/sim_device.h"

#include "base/encoding.h"

namespace otaru::dialect {

SimDevice::~SimDevice() = default;

const std::string* WireReply::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (base::iequals(key, name)) return &value;
  }
  return nullptr;
}

const std::string& SimIdentity::word(std::string_view name) const {
  static const std::string kNone;
  for (const auto& [word_name, value] : words) {
    if (word_name == name) return value;
  }
  return kNone;
}

}  // namespace otaru::dialect
