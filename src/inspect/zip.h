// SPDX-License-Identifier: Apache-2.0
// Members of a zip as the formats that are zips see them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inspect/archive.h"
#include "inspect/findings.h"
#include "inspect/peek.h"

namespace otaru::inspect {

struct ZipMember {
  Member member;
  std::string sha256;  // hex, of the content; empty until it has been read whole
  std::string text;    // of small members only (kInspectZipTextBytesMax); else the beginning
  Peek seen;

  // Evidence for bytes of the content: where they are when they are stored as they are.
  Evidence at(std::string_view field, size_t offset, size_t size) const;
};

struct Zip {
  std::vector<ZipMember> members;
  const ZipMember* find(std::string_view name) const;
};

// Reads all large members, once everything is known that the file says of itself: packages may be
// larger than the budget. libarchive compares the checksums on the way.
base::Status read_zip_contents(const Reader& reader, Zip& zip, Findings& findings);

// android_ota.cc, nrf_dfu.cc: whether it is theirs, and what they make of it.
bool is_android_ota(const Zip& zip);
base::Status read_android_ota(const Reader& reader, Zip& zip, Findings& findings);
bool is_dfu_zip(const Zip& zip);
base::Status read_dfu_zip(const Zip& zip, Findings& findings);

}  // namespace otaru::inspect
