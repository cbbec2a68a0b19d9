// SPDX-License-Identifier: Apache-2.0
// Internal to domain: whether a release is meant for what a check-in says of its device.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "domain/catalogue.h"

namespace otaru::domain {

using StatedLabels = std::span<const std::pair<std::string_view, std::string_view>>;

struct LabelMismatch {
  std::string_view key;  // points into the release
  size_t depth = 0;      // how many stated labels passed before it failed
};

// The first label that fails, in the order of `stated`; labels that are not stated come last and
// fail only if `strict`.
std::optional<LabelMismatch> first_mismatch(const Release& release, StatedLabels stated,
                                            bool strict);

}  // namespace otaru::domain
