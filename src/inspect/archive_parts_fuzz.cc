// SPDX-License-Identifier: Apache-2.0
// What checksums keep a fuzzer away from when it changes whole files: the first byte says which
// reader has the rest. Each ends, and gives back no more than it was given.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "inspect/archive.h"
#include "inspect/cms.h"
#include "inspect/config_text.h"
#include "inspect/cpio.h"
#include "inspect/key_file.h"
#include "inspect/stream.h"
#include "inspect/wire.h"

namespace {

using otaru::inspect::Archive;
using otaru::inspect::Budget;
using otaru::inspect::Reader;
namespace limits = otaru::base::limits;

// Enough for everything that a fuzzer's small inputs should make, little enough for a bomb.
constexpr uint64_t kBudgetBytes = 4 * 1024 * 1024;
constexpr uint64_t kBudgetSteps = 10'000;

size_t count_nodes(const otaru::inspect::ConfigNode& node, std::string_view text, size_t depth) {
  OTARU_ASSERT(depth <= limits::kInspectConfigDepthMax + 1);
  OTARU_ASSERT(node.offset <= text.size());
  OTARU_ASSERT(node.value_size <= text.size() &&
               node.value_offset <= text.size() - node.value_size);
  size_t count = 1;
  for (const auto& child : node.children) count += count_nodes(child, text, depth + 1);
  return count;
}

void read_config(std::string_view text) {
  const auto tree = otaru::inspect::read_config_text(text);
  if (!tree) return;
  OTARU_ASSERT(count_nodes(*tree, text, 0) <= limits::kInspectConfigSettingsMax + 1);
}

void read_cms(std::string_view der) {
  const auto cms = otaru::inspect::Cms::parse(der);
  if (!cms) return;
  OTARU_ASSERT(cms->signers().size() <= limits::kInspectSignersMax);
  OTARU_ASSERT(cms->content().size() <= der.size());
  OTARU_ASSERT(cms->recipients() <= der.size());
  if (!cms->detached()) (void)cms->check();
  otaru::inspect::StringSource source("content");
  Budget budget{kBudgetBytes, kBudgetSteps};
  const auto content = stream_of(Reader(source, budget), 0, 7);
  OTARU_ASSERT(cms->check(*content).has_value());
}

void read_keys(std::string_view text) {
  for (const auto& line : otaru::inspect::read_key_lines(text)) {
    OTARU_ASSERT(text.substr(line.offset, line.value.size()) == line.value);
  }
}

void read_wire(std::string_view message) {
  size_t bytes = 0;
  otaru::inspect::WireReader fields(message);
  while (const auto field = fields.next()) bytes += 2 + field->bytes.size();
  OTARU_ASSERT(bytes <= message.size());
}

void read_members(Archive& archive) {
  size_t members = 0;
  for (;;) {
    const auto member = archive.next();
    if (!member || !*member) return;
    OTARU_ASSERT(++members <= limits::kInspectEntriesMax);
    uint64_t size = 0;
    for (;;) {
      const auto piece = archive.content().next();
      if (!piece || piece->empty()) break;
      size += piece->size();
      OTARU_ASSERT(size <= kBudgetBytes);
    }
  }
}

void read_cpio(const Reader& reader) {
  otaru::inspect::Cpio cpio(reader);
  uint64_t at = 0;
  for (;;) {
    const auto member = cpio.next();
    OTARU_ASSERT(member.has_value());
    if (!*member) break;
    OTARU_ASSERT((*member)->header >= at && (*member)->offset > (*member)->header);
    OTARU_ASSERT(!(*member)->whole || (*member)->offset + (*member)->size <= reader.size());
    at = (*member)->offset;
  }
  OTARU_ASSERT(cpio.end() != otaru::inspect::Cpio::End::none);
}

void read_packed(const Reader& reader, otaru::inspect::Compression compression, Budget& budget) {
  const auto packed = stream_of(reader, 0, reader.size());
  const auto content = unpack(*packed, compression, budget);
  uint64_t size = 0;
  for (;;) {
    const auto piece = content->next();
    if (!piece || piece->empty()) break;
    size += piece->size();
  }
  OTARU_ASSERT(size <= kBudgetBytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  // An exact copy on the heap: reading past its end is seen.
  const std::string rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  otaru::inspect::StringSource source(rest);
  Budget budget{kBudgetBytes, kBudgetSteps};
  const Reader reader(source, budget);
  const auto stream = stream_of(reader, 0, rest.size());
  if (data[0] == 'l') read_config(rest);
  if (data[0] == 'c') read_cms(rest);
  if (data[0] == 'k') read_keys(rest);
  if (data[0] == 'w') read_wire(rest);
  if (data[0] == 'n') read_cpio(reader);
  if (data[0] == 'g') read_packed(reader, otaru::inspect::Compression::gzip, budget);
  if (data[0] == 'x') read_packed(reader, otaru::inspect::Compression::xz, budget);
  if (data[0] == 's') read_packed(reader, otaru::inspect::Compression::zstd, budget);
  if (data[0] == 't') {
    Archive archive(Archive::Kind::tar, *stream, budget);
    read_members(archive);
  }
  if (data[0] == 'a') {
    Archive archive(Archive::Kind::ar, *stream, budget);
    read_members(archive);
  }
  if (data[0] == 'z') {
    Archive archive(Archive::Kind::zip, reader);
    read_members(archive);
  }
  return 0;
}
