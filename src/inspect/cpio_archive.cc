// SPDX-License-Identifier: Apache-2.0
// cpio archives of the "new" kinds that are no update bundle: initial RAM disks. Source: Linux
// Documentation/driver-api/early-userspace/buffer-format.rst.
#include "inspect/checks.h"
#include "inspect/cpio.h"
#include "inspect/formats.h"

namespace otaru::inspect {
namespace {

bool cpio_archive_probes(const Head& head) {
  return looks_like_cpio(head.first);
}

base::Status cpio_archive_read(const Reader& reader, Findings& findings) {
  Cpio archive(reader);
  uint64_t members = 0;
  while (true) {
    OTARU_TRY(member, archive.next());
    if (!member) break;
    ++members;
    if (!member->whole) {
      note_truncated(findings, "inside " + clean_text(member->name),
                     {"c_filesize", member->header + 54, 8, {}});
      return {};
    }
  }
  const Evidence at{"header", archive.at(), 110, {}};
  if (archive.end() == Cpio::End::cut) {
    note_truncated(findings, "behind entry " + std::to_string(members) + ", without TRAILER!!!",
                   at);
  } else if (archive.end() == Cpio::End::damaged) {
    findings.problem("entry-damaged", "Entry " + std::to_string(members + 1) + " is damaged.",
                     "Build or upload it again.", at);
  } else {
    findings.info("entries", std::to_string(members) + " entries.");
  }
  Payload payload{"archive", "cpio", 0, reader.size(), Compression::none, 0, {}};
  OTARU_CHECK(sample(reader, payload));
  add_payload(findings, std::move(payload), "archive");
  return {};
}

}  // namespace

const Format kCpioArchive = {"cpio", "cpio archive", cpio_archive_probes, cpio_archive_read};

}  // namespace otaru::inspect
