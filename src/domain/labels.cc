// SPDX-License-Identifier: Apache-2.0
#include "domain/labels.h"

namespace otaru::domain {

std::optional<LabelMismatch> first_mismatch(const Release& release, StatedLabels stated,
                                            bool strict) {
  if (release.labels.empty()) return std::nullopt;
  for (size_t i = 0; i < stated.size(); ++i) {
    for (const auto& label : release.labels) {
      if (label.first == stated[i].first && label.second != stated[i].second) {
        return LabelMismatch{label.first, i};
      }
    }
  }
  if (!strict) return std::nullopt;
  for (const auto& label : release.labels) {
    bool found = false;
    for (const auto& entry : stated) found = found || entry.first == label.first;
    if (!found) return LabelMismatch{label.first, stated.size()};
  }
  return std::nullopt;
}

}  // namespace otaru::domain
