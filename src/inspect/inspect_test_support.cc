// SPDX-License-Identifier: Apache-2.0
#include "inspect/inspect_test_support.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.h"
#include "base/limits.h"

namespace otaru::inspect {
namespace {

// Counts what is read, so that no damage makes a format read without end.
class CountingSource final : public Source {
 public:
  explicit CountingSource(std::string_view bytes) : bytes_(bytes) {}
  uint64_t size() const override { return bytes_.size(); }
  base::Result<size_t> read(uint64_t offset, std::span<char> into) override {
    if (offset >= bytes_.size()) return size_t{0};
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

void expect_bounded(std::string_view bytes) {
  CountingSource source(bytes);
  const auto findings = inspect(source);
  ASSERT_TRUE(findings);
  EXPECT_LE(source.read_bytes(), base::limits::kInspectReadBytesMax);
  EXPECT_TRUE(base::JsonDocument::parse(to_json(*findings)));
}

constexpr size_t kWholeBytes = 1024;
constexpr size_t kTries = 100;

}  // namespace

Findings findings_of(std::string bytes) {
  StringSource source(std::move(bytes));
  auto findings = inspect(source);
  EXPECT_TRUE(findings);
  return findings ? std::move(*findings) : Findings();
}

std::string fact_at(const Findings& findings, FactName name, std::string_view field) {
  for (const auto& fact : findings.facts) {
    if (fact.name == name && fact.evidence.field == field) return fact.value;
  }
  return {};
}

void expect_bears_damage(const std::string& bytes) {
  ASSERT_FALSE(bytes.empty());
  const size_t step = std::max<size_t>(1, bytes.size() / kTries);
  for (size_t size = 0; size < bytes.size(); size += size < kWholeBytes ? 1 : step) {
    expect_bounded(std::string_view(bytes).substr(0, size));
  }
  std::string damaged = bytes;
  for (size_t at = 0; at < bytes.size(); at += at < kWholeBytes ? 1 : step) {
    constexpr unsigned kFlips[] = {0x01, 0x80, 0xFF};
    damaged[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ kFlips[at % 3]);
    expect_bounded(damaged);
    damaged[at] = bytes[at];
  }
}

}  // namespace otaru::inspect
