// SPDX-License-Identifier: Apache-2.0
// The wire transcripts of testdata/, each in a world of its own.
#include "tests/support/transcript.h"

#include <memory>

#include "dialect/ubtech/seed_world.h"

namespace otaru::dialect::ubtech {
namespace {

tests::TranscriptWorld transcript_world() {
  const std::shared_ptr<tests::World> world = make_seed_world();
  tests::TranscriptWorld out;
  out.exchange = [world](std::string_view request) { return world->exchange(request); };
  out.advance = [world](int64_t ms) { world->advance(ms); };
  return out;
}

// The same, with deployments that let robots wait.
tests::TranscriptWorld waiting_world() {
  const std::shared_ptr<tests::World> world = make_seed_world();
  auto rows = world->engine().snapshot()->rows();
  for (auto& row : rows.deployments) {
    row.starts_at = tests::kWorldStart + base::kHourMs;
    row.retry_interval_s = 600;
  }
  world->load(rows);
  tests::TranscriptWorld out;
  out.exchange = [world](std::string_view request) { return world->exchange(request); };
  out.advance = [world](int64_t ms) { world->advance(ms); };
  return out;
}

[[maybe_unused]] const bool kWaitsRegistered = tests::register_transcripts(
    "ubtech_waits", OTARU_SOURCE_DIR "/src/dialect/ubtech/testdata/waits", waiting_world);
[[maybe_unused]] const bool kRegistered = tests::register_transcripts(
    "ubtech", OTARU_SOURCE_DIR "/src/dialect/ubtech/testdata", transcript_world);

}  // namespace
}  // namespace otaru::dialect::ubtech
