// SPDX-License-Identifier: Apache-2.0
// Registers testdata/*.http. Every step runs against the catalogue of test_catalogue.cc.
#include "tests/support/transcript.h"

#include "dialect/onenet/test_catalogue.h"

namespace otaru::dialect::onenet {
namespace {

tests::TranscriptWorld make_transcript_world() {
  OnenetConfig config;
  config.ip_port = "172.19.3.3";  // as the document's example prints it
  const std::shared_ptr<tests::World> world = make_test_world(config);
  return {[world](std::string_view bytes) { return world->exchange(bytes); },
          [world](int64_t ms) { world->advance(ms); }};
}

// The same, with a standing deployment that lets devices wait.
tests::TranscriptWorld make_waiting_world() {
  const std::shared_ptr<tests::World> world = make_test_world();
  auto rows = world->engine().snapshot()->rows();
  for (auto& row : rows.deployments) {
    if (row.id != kPolicy) continue;
    row.starts_at = tests::kWorldStart + base::kHourMs;
    row.retry_interval_s = 90;
  }
  world->load(rows);
  return {[world](std::string_view bytes) { return world->exchange(bytes); },
          [world](int64_t ms) { world->advance(ms); }};
}

[[maybe_unused]] const bool kOnenetWaits = tests::register_transcripts(
    "onenet_waits", OTARU_SOURCE_DIR "/src/dialect/onenet/testdata/waits", make_waiting_world);
[[maybe_unused]] const bool kOnenetTranscripts = tests::register_transcripts(
    "onenet", OTARU_SOURCE_DIR "/src/dialect/onenet/testdata", make_transcript_world);

}  // namespace
}  // namespace otaru::dialect::onenet
