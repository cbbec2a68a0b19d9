// SPDX-License-Identifier: Apache-2.0
// What must hold between rows, as statements that find those for which it does not. The stores keep
// these rules while they write; this is for databases that were damaged, restored or edited.
#pragma once

#include <span>
#include <string_view>

namespace otaru::store {

struct RowRule {
  std::string_view name;
  std::string_view meaning;
  std::string_view remedy;
  std::string_view offenders;  // selects one text per broken row
  std::string_view repair;     // statements that make it right without loss; empty: people decide
};

std::span<const RowRule> row_rules();

}  // namespace otaru::store
