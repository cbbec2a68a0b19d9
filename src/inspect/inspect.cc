// SPDX-License-Identifier: Apache-2.0
// The table of formats, and the walk over it.
#include "inspect/inspect.h"

#include <algorithm>

#include "base/limits.h"
#include "inspect/format.h"
#include "inspect/formats.h"

namespace otaru::inspect {
namespace {

// Order matters where one format is wrapped in another's clothes: the more particular first.
const Format* const kFormats[] = {
    // Around any other format
    &kDfu,
    // Binary images
    &kEspIdfApp,
    &kMcuboot,
    &kUimage,
    &kFit,
    &kElf,
    &kUf2,
    &kIntelHex,
    &kSRecord,
    &kAndroidBoot,
    &kZimage,
    &kArm64Image,
    &kRiscvImage,
    &kX86Image,
    &kPe,
    // Archives and bundles
    &kSwupdate,
    &kMender,
    &kRauc,
    &kZip,
    &kDeb,
    &kRpm,
    &kTar,
    &kPacked,
    // File systems, which bundles are made of
    &kSquashfs,
    &kExt4,
    &kUbi,
    &kUbifs,
    &kCpioArchive,
    &kFat,
    &kDisk,
    // Weak signs
    &kRaucCrypt,
};

struct HeadBytes {
  std::string first;
  std::string last;
  uint64_t size = 0;
  Head view() const { return {first, last, size}; }
};

base::Result<HeadBytes> read_head(const Reader& reader) {
  HeadBytes head;
  head.size = reader.size();
  OTARU_TRY(first, reader.bytes(0, base::limits::kInspectHeadBytes));
  const uint64_t tail = std::min<uint64_t>(reader.size(), base::limits::kInspectTailBytes);
  OTARU_TRY(last, reader.bytes(reader.size() - tail, static_cast<size_t>(tail)));
  head.first = std::move(first);
  head.last = std::move(last);
  return head;
}

const Format* find_format(const Head& head) {
  for (const Format* format : kFormats) {
    if (format->probes(head)) return format;
  }
  return nullptr;
}

}  // namespace

base::Status describe_raw(const Reader& reader, Findings& findings) {
  findings.kind = "raw";
  findings.title = reader.size() == 0 ? "Empty file" : "File of an unknown format";
  Payload payload{"file", "raw", 0, reader.size(), Compression::none, 0, {}};
  OTARU_CHECK(sample(reader, payload));
  add_payload(findings, std::move(payload), "content");
  if (reader.size() == 0) {
    findings.problem("empty", "The file has no bytes.", "Upload it again.");
  }
  return {};
}

base::Result<Findings> inspect(Source& source) {
  Budget budget = default_budget();
  const Reader reader(source, budget);
  Findings findings;
  findings.size = reader.size();
  OTARU_TRY(head, read_head(reader));
  const Format* format = find_format(head.view());
  if (format == nullptr) {
    OTARU_CHECK(describe_raw(reader, findings));
  } else {
    findings.kind = format->kind;
    findings.title = format->title;
    OTARU_CHECK(format->read(reader, findings));
  }
  if (budget.exhausted) {
    findings.warn("not-all-read",
                  "The file is larger, or has more entries, than inspection looks at: some "
                  "checksums were left unchecked.",
                  "Compare its SHA-256 with the maker's.");
  }
  return findings;
}

base::Result<std::string> kind_of(const Reader& reader) {
  OTARU_TRY(head, read_head(reader));
  const Format* format = find_format(head.view());
  return std::string(format == nullptr ? "raw" : format->kind);
}

base::Result<std::string> inspect_inside(const Reader& inner, Findings& findings,
                                         std::string_view path, std::optional<uint64_t> offset) {
  OTARU_TRY(head, read_head(inner));
  const Format* format = find_format(head.view());
  if (format == nullptr || inner.depth() > base::limits::kInspectDepthMax) {
    return std::string("raw");
  }
  Findings found;
  found.kind = format->kind;
  found.title = format->title;
  OTARU_CHECK(format->read(inner, found));
  findings.merge(std::move(found), path, offset);
  return std::string(format->kind);
}

}  // namespace otaru::inspect
