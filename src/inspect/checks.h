// SPDX-License-Identifier: Apache-2.0
// The notes that formats share, so that the same thing is said in the same words under the same
// code.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "inspect/findings.h"
#include "inspect/reader.h"

namespace otaru::inspect {

// "truncated": `where` completes "The file ends ...".
void note_truncated(Findings& findings, std::string_view where, Evidence evidence = {});
// "checksum-wrong": `what` begins the sentence: "The header's CRC-32".
void note_wrong_checksum(Findings& findings, std::string_view what, Evidence evidence);
// "trailing-bytes", when the format ends before the file does.
void note_trailing(Findings& findings, uint64_t end, uint64_t size);

// Compares a CRC-32 (IEEE 802.3, as in zlib) with the declared one: a note when it is wrong, or
// right. Silent when the bytes could not all be read.
base::Status check_crc32(const Reader& reader, uint64_t offset, uint64_t size, uint32_t declared,
                         std::string_view what, Evidence evidence, Findings& findings);
// The same for a digest (raw bytes): "hash-wrong", "hash-right".
base::Status check_digest(const Reader& reader, base::Hasher hasher, uint64_t offset, uint64_t size,
                          std::string_view declared, std::string_view what, Evidence evidence,
                          Findings& findings);

uint32_t crc32_of(std::string_view bytes);

// A name for people often holds the version: the first word that is dotted and has digits, as in
// "Linux-5.10.0" or "U-Boot 2023.01 for x". Empty when there is none.
std::string_view version_in(std::string_view name);

}  // namespace otaru::inspect
