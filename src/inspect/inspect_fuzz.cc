// SPDX-License-Identifier: Apache-2.0
// Any bytes give findings, whatever format they pretend to be: JSON that parses, texts that are
// clean and short, offsets that are numbers of the file, and no more reading than is allowed.
#include "inspect/inspect.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"

namespace {

using otaru::inspect::Evidence;
using otaru::inspect::Findings;

class FuzzSource final : public otaru::inspect::Source {
 public:
  explicit FuzzSource(std::string_view bytes) : bytes_(bytes) {}
  uint64_t size() const override { return bytes_.size(); }
  otaru::base::Result<size_t> read(uint64_t offset, std::span<char> into) override {
    OTARU_ASSERT(offset <= bytes_.size());
    const std::string_view part = bytes_.substr(static_cast<size_t>(offset), into.size());
    std::copy(part.begin(), part.end(), into.begin());
    read_ += part.size();
    return part.size();
  }
  uint64_t read_bytes() const { return read_; }

 private:
  std::string_view bytes_;
  uint64_t read_ = 0;
};

void check_text(std::string_view text) {
  OTARU_ASSERT(text.size() <= otaru::base::limits::kInspectTextBytesMax);
  OTARU_ASSERT(otaru::base::valid_utf8(text));
  OTARU_ASSERT(std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  }));
}

void check_evidence(const Evidence& evidence) {
  check_text(evidence.field);
  check_text(evidence.path);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzSource source({reinterpret_cast<const char*>(data), size});
  const auto findings = otaru::inspect::inspect(source);
  OTARU_ASSERT(findings.has_value());
  OTARU_ASSERT(source.read_bytes() <= otaru::base::limits::kInspectReadBytesMax);
  OTARU_ASSERT(!findings->kind.empty() && !findings->title.empty());
  for (const auto& fact : findings->facts) {
    check_text(fact.value);
    check_evidence(fact.evidence);
  }
  for (const auto& note : findings->notes) {
    check_text(note.sentence);
    check_evidence(note.evidence);
  }
  OTARU_ASSERT(otaru::base::JsonDocument::parse(to_json(*findings)).has_value());
  return 0;
}
