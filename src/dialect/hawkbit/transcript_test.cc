// SPDX-License-Identifier: Apache-2.0
// The wire transcripts of testdata/, each in a world of its own.
#include "tests/support/transcript.h"

#include <memory>

#include "dialect/hawkbit/test_world.h"

namespace otaru::dialect::hawkbit {
namespace {

tests::TranscriptWorld transcripts_of(const std::shared_ptr<tests::World>& world) {
  tests::TranscriptWorld out;
  out.exchange = [world](std::string_view request) { return world->exchange(request); };
  out.advance = [world](int64_t ms) { world->advance(ms); };
  return out;
}

[[maybe_unused]] const bool kRegistered =
    tests::register_transcripts("hawkbit", OTARU_SOURCE_DIR "/src/dialect/hawkbit/testdata",
                                [] { return transcripts_of(make_test_world()); });
[[maybe_unused]] const bool kOpenRegistered = tests::register_transcripts(
    "hawkbit_register", OTARU_SOURCE_DIR "/src/dialect/hawkbit/testdata/register", [] {
      HawkbitConfig config;
      config.register_unknown = HawkbitRegister::yes;
      return transcripts_of(make_test_world(config));
    });

}  // namespace
}  // namespace otaru::dialect::hawkbit
