// SPDX-License-Identifier: Apache-2.0
// Zip archives, and what is known to come as one: Android OTA packages, DFU packages for Nordic's
// chips. Source: PKWARE APPNOTE.TXT.
#include "inspect/zip.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/limits.h"
#include "inspect/compression.h"
#include "inspect/format.h"
#include "inspect/formats.h"

namespace otaru::inspect {
namespace {

using base::Status;
namespace limits = base::limits;

bool is_zip(const Head& head) {
  constexpr std::string_view kLocalHeader("PK\3\4", 4);  // 4.3.7
  constexpr std::string_view kEmpty("PK\5\6", 4);        // 4.3.16
  return head.first.starts_with(kLocalHeader) || head.first.starts_with(kEmpty);
}

bool is_small(const Member& member) {
  return member.size <= limits::kInspectZipTextBytesMax;
}

// Small members whole, of large ones the beginning, which tells their kind.
Status read_begin(const Reader& reader, ByteStream& content, ZipMember& member,
                  Findings& findings) {
  const auto begin = read_some(content, limits::kInspectPeekBytes);
  if (!begin) {
    return note_stream_error(begin.error(), member.member.name, member.at("", 0, 0), findings);
  }
  OTARU_TRY(seen, peek(*begin, member.member.size, reader.budget()));
  member.seen = std::move(seen);
  member.text = begin->substr(0, limits::kInspectZipTextBytesMax);
  if (is_small(member.member)) {
    member.sha256 = base::hex(base::digest(base::HashKind::sha256, *begin));
  }
  return {};
}

Status read_members(const Reader& reader, Zip& zip, Findings& findings) {
  Archive archive(Archive::Kind::zip, reader);
  // Texts are kept; all together they are no more than this.
  size_t kept = 0;
  for (;;) {
    auto member = archive.next();
    if (!member) return note_stream_error(member.error(), "The zip archive", {}, findings);
    if (!*member) return {};
    ZipMember next{std::move(**member), {}, {}, {}};
    if (next.member.regular && next.member.readable) {
      OTARU_CHECK(read_begin(reader, archive.content(), next, findings));
    } else if (!next.member.readable) {
      findings.info("member-unread",
                    next.member.name + " is encrypted or compressed in a way that is not read.",
                    next.at(next.member.name, 0, 0));
    }
    if (kept + next.text.size() > limits::kInspectBlockBytesMax) next.text.clear();
    kept += next.text.size();
    zip.members.push_back(std::move(next));
  }
}

void add_members(const Zip& zip, Findings& findings) {
  for (const auto& member : zip.members) {
    if (!member.member.regular) continue;
    Payload payload{member.member.name,
                    member.seen.kind,
                    member.member.offset,
                    member.member.size,
                    member.seen.compression,
                    0,
                    {}};
    if (member.member.compressed && payload.compression == Compression::none) {
      payload.compression = Compression::zlib;
    }
    findings.add(std::move(payload));
  }
  const bool compressed = std::any_of(zip.members.begin(), zip.members.end(),
                                      [](const ZipMember& m) { return m.member.compressed; });
  if (compressed) {
    findings.warn("payload-compressed",
                  "Members of the archive are deflated: a small change of the source changes most "
                  "of the file, so deltas will be nearly as large as the full package.",
                  "Make the archive without compression (zip -0) and deliver compressed deltas.");
  }
}

Status read_zip(const Reader& reader, Findings& findings) {
  Zip zip;
  OTARU_CHECK(read_members(reader, zip, findings));
  if (is_android_ota(zip)) {
    findings.kind = "android-ota";
    findings.title = "Android OTA package";
    OTARU_CHECK(read_android_ota(reader, zip, findings));
    // (Block-based packages have no payload.bin that names partitions.)
    if (findings.payloads.empty()) add_members(zip, findings);
    return {};
  }
  if (is_dfu_zip(zip)) {
    OTARU_CHECK(read_dfu_zip(zip, findings));
  } else if (zip.find("AndroidManifest.xml") != nullptr) {
    findings.kind = "apk";
    findings.title = "Android application";
  }
  add_members(zip, findings);
  return read_zip_contents(reader, zip, findings);
}

}  // namespace

base::Status read_zip_contents(const Reader& reader, Zip& zip, Findings& findings) {
  Archive archive(Archive::Kind::zip, reader);
  for (auto& known : zip.members) {
    const auto member = archive.next();
    if (!member || !*member) return {};  // said before
    if (!known.member.regular || !known.member.readable || is_small(known.member)) continue;
    const auto read = read_content(archive.content());
    if (read) {
      known.sha256 = read->sha256;
    } else {
      OTARU_CHECK(note_stream_error(read.error(), known.member.name, known.at("", 0, 0), findings));
    }
  }
  return {};
}

Evidence ZipMember::at(std::string_view field, size_t offset, size_t size) const {
  std::optional<uint64_t> place;
  if (!member.compressed) place = member.offset + offset;
  return {std::string(field), place, size, member.name};
}

const ZipMember* Zip::find(std::string_view name) const {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [name](const ZipMember& m) { return m.member.name == name; });
  return found == members.end() ? nullptr : &*found;
}

const Format kZip = {"zip", "Zip archive", &is_zip, &read_zip};

}  // namespace otaru::inspect
