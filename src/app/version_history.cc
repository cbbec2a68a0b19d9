// SPDX-License-Identifier: Apache-2.0
#include "app/version_history.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace otaru::app {
namespace {

VersionSample sample_of(std::vector<VersionCount> counts) {
  std::stable_sort(counts.begin(), counts.end(),
                   [](const auto& a, const auto& b) { return a.n > b.n; });
  VersionSample out;
  for (auto& row : counts) {
    if (out.versions.size() == base::limits::kVersionsPerSample) {
      out.others += row.n;
      continue;
    }
    out.versions.push_back(std::move(row.version));
    out.counts.push_back(row.n);
  }
  return out;
}

}  // namespace

base::Status VersionHistory::tick() {
  const std::lock_guard lock(mutex_);
  const int64_t now = engine_.clock().now().ms;
  for (auto& kind : kinds_) {
    const base::Time at{now - now % kind.step_ms};
    if (kind.taken == at) continue;
    OTARU_CHECK(take(kind, at));
    kind.taken = at;
  }
  return {};
}

base::Status VersionHistory::take(const Kind& kind, base::Time at) {
  const auto snapshot = engine_.snapshot();
  WriteBatch batch;
  batch.ops.emplace_back(PruneVersionSamples{kind.step_ms, base::Time{at.ms - kind.kept_ms}});
  for (const auto& product : snapshot->rows().products) {
    // Of this hour already, from before a restart; or of later ones, from before a clock was put
    // right.
    OTARU_TRY(known, engine_.store().version_samples(product.id, kind.step_ms, at));
    if (!known.empty()) continue;
    OTARU_TRY(counts, engine_.store().version_counts(product.id));
    if (counts.empty()) continue;
    VersionSample sample = sample_of(std::move(counts));
    sample.product = product.id;
    sample.step_ms = kind.step_ms;
    sample.at = at;
    batch.ops.emplace_back(std::move(sample));
    if (batch.ops.size() < base::limits::kVersionSamplesPerWrite) continue;
    OTARU_CHECK(engine_.write_and_wait(std::exchange(batch, {})));
  }
  if (batch.ops.empty()) return {};
  return engine_.write_and_wait(std::move(batch));
}

}  // namespace otaru::app
