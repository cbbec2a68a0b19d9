// SPDX-License-Identifier: Apache-2.0
#include "server/file_inspector.h"

#include "inspect/inspect.h"
#include "inspect/match.h"

namespace otaru::server {

base::Result<app::Inspection> RoomInspector::inspect(std::shared_ptr<const base::File> file,
                                                     const app::FileExpectation& expected) const {
  const std::lock_guard lock(mutex_);
  otaru::inspect::FileSource source(std::move(file));
  OTARU_TRY(findings, otaru::inspect::inspect(source));
  app::Inspection out;
  out.kind = findings.kind;
  out.json = otaru::inspect::to_json(findings);
  const otaru::inspect::Expected wanted{expected.product, expected.model, expected.hw_version,
                                 expected.version, expected.base_version};
  for (auto& mismatch : otaru::inspect::mismatches(findings, wanted)) {
    if (mismatch.weight != otaru::inspect::Weight::refuse) continue;
    out.mismatches.push_back({mismatch.field, mismatch.sentence, mismatch.remedy});
  }
  return out;
}

}  // namespace otaru::server
