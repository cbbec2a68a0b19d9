// SPDX-License-Identifier: Apache-2.0
#include "domain/facts.h"

namespace otaru::domain::facts {

std::string_view find(const TextMap& attributes, const TextMap& reported, std::string_view name) {
  if (const std::string* set = find_text(attributes, name); set != nullptr && !set->empty()) {
    return *set;
  }
  const std::string* said = find_text(reported, name);
  return said == nullptr ? std::string_view() : std::string_view(*said);
}

}  // namespace otaru::domain::facts
