// SPDX-License-Identifier: Apache-2.0
// Any bytes as every body of the protocol, and as a segment of its paths. What was read is within
// its limits, and what is rendered of it can be read again.
#include <cstdint>
#include <string_view>

#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/result.h"
#include "dialect/hawkbit/codec.h"
#include "dialect/hawkbit/mapping.h"

namespace {

namespace hawkbit = otaru::dialect::hawkbit;
namespace limits = otaru::base::limits;
using otaru::base::JsonDocument;

void is_plain(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    OTARU_ASSERT(byte >= 0x20 && byte != 0x7f);
  }
}

void check_feedback(std::string_view body) {
  const auto said = hawkbit::read_feedback(body);
  if (!said) return;
  OTARU_ASSERT(said->details.size() <= limits::kHawkbitDetailsMax);
  OTARU_ASSERT(!hawkbit::name_of(said->execution).empty());
  OTARU_ASSERT(!hawkbit::name_of(said->finished).empty());
  const std::string words = hawkbit::words_of(*said);
  is_plain(words);
  // Every pair of words means something, and every text belongs to some class.
  OTARU_ASSERT(hawkbit::row_of(said->execution, said->finished).execution == said->execution);
  (void)hawkbit::failure_of(words);
  hawkbit::ActionAnswer answer;
  answer.id = "1";
  answer.status = "RUNNING";
  answer.messages = {words};
  OTARU_ASSERT(JsonDocument::parse(hawkbit::render_action(answer)).has_value());
}

void check_config_data(std::string_view body) {
  const auto said = hawkbit::read_config_data(body);
  if (!said) return;
  OTARU_ASSERT(said->data.size() <= limits::kAttributesPerDeviceMax);
  for (const auto& [name, value] : said->data) {
    OTARU_ASSERT(!name.empty() && name.size() <= limits::kNameBytesMax);
    OTARU_ASSERT(value.size() <= limits::kAttributeBytesMax);
  }
}

void check_confirmation(std::string_view body) {
  if (const auto said = hawkbit::read_confirmation(body)) {
    OTARU_ASSERT(said->details.size() <= limits::kHawkbitDetailsMax);
  }
  if (const auto said = hawkbit::read_auto_confirm(body)) {
    is_plain(said->initiator);
    is_plain(said->remark);
    hawkbit::AutoConfirmState state;
    state.active = true;
    state.initiator = said->initiator;
    const auto text = hawkbit::render_confirmation_base(state, {});
    OTARU_ASSERT(JsonDocument::parse(text).has_value());
  }
}

void check_segment(std::string_view segment) {
  const auto text = hawkbit::read_segment(segment);
  if (!text) return;
  OTARU_ASSERT(!text->empty() && otaru::base::valid_utf8(*text));
  is_plain(*text);
  const auto again = hawkbit::read_segment(otaru::base::percent_encode(*text));
  OTARU_ASSERT(again && *again == *text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_feedback(text);
  check_config_data(text);
  check_confirmation(text);
  check_segment(text);
  return 0;
}
