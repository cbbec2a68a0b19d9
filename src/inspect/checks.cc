// SPDX-License-Identifier: Apache-2.0
#include "inspect/checks.h"

#include <zlib.h>

namespace otaru::inspect {
namespace {

constexpr std::string_view kAgain = "Build or upload it again.";

}  // namespace

void note_truncated(Findings& findings, std::string_view where, Evidence evidence) {
  findings.problem("truncated", "The file ends " + std::string(where) + ": it is cut.", kAgain,
                   std::move(evidence));
}

void note_wrong_checksum(Findings& findings, std::string_view what, Evidence evidence) {
  findings.problem("checksum-wrong",
                   std::string(what) + " does not fit the content: the file is damaged.", kAgain,
                   std::move(evidence));
}

void note_trailing(Findings& findings, uint64_t end, uint64_t size) {
  if (end >= size) return;
  findings.info("trailing-bytes",
                std::to_string(size - end) + " bytes follow the end that the format tells.",
                {"end", end, size - end, {}});
}

base::Status check_crc32(const Reader& reader, uint64_t offset, uint64_t size, uint32_t declared,
                         std::string_view what, Evidence evidence, Findings& findings) {
  OTARU_TRY(real, reader.crc32(offset, size));
  if (!real) return {};
  if (*real != declared) {
    note_wrong_checksum(findings, what, std::move(evidence));
  } else {
    findings.info("checksum-right", std::string(what) + " fits the content.", std::move(evidence));
  }
  return {};
}

base::Status check_digest(const Reader& reader, base::Hasher hasher, uint64_t offset, uint64_t size,
                          std::string_view declared, std::string_view what, Evidence evidence,
                          Findings& findings) {
  OTARU_TRY(real, reader.digest(std::move(hasher), offset, size));
  if (!real) return {};
  if (*real != declared) {
    findings.problem("hash-wrong",
                     std::string(what) + " does not fit the content: the file is damaged.", kAgain,
                     std::move(evidence));
  } else {
    findings.info("hash-right", std::string(what) + " fits the content.", std::move(evidence));
  }
  return {};
}

uint32_t crc32_of(std::string_view bytes) {
  return static_cast<uint32_t>(::crc32(::crc32(0, nullptr, 0),
                                       reinterpret_cast<const Bytef*>(bytes.data()),
                                       static_cast<uInt>(bytes.size())));
}

std::string_view version_in(std::string_view name) {
  size_t at = 0;
  while (at < name.size()) {
    const size_t from = name.find_first_of("0123456789", at);
    if (from == std::string_view::npos) return {};
    size_t end = name.find_first_of(" _,;()\t", from);
    if (end == std::string_view::npos) end = name.size();
    const std::string_view word = name.substr(from, end - from);
    const size_t dot = word.find('.');
    if (dot != std::string_view::npos && dot + 1 < word.size() && word[dot + 1] >= '0' &&
        word[dot + 1] <= '9') {
      return word;
    }
    at = end;
  }
  return {};
}

}  // namespace otaru::inspect
