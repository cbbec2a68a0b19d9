// SPDX-License-Identifier: Apache-2.0
// A format that inspection knows: one file each, one row in the table of inspect.cc.
#pragma once

#include <string>
#include <string_view>

#include "inspect/compression.h"
#include "inspect/findings.h"
#include "inspect/reader.h"

namespace otaru::inspect {

// What formats are recognised by, read once.
struct Head {
  std::string_view first;  // kInspectHeadBytes, or all of a smaller file
  std::string_view last;   // kInspectTailBytes, or all
  uint64_t size = 0;       // of the whole
};

struct Format {
  std::string_view kind;   // "esp-idf-app"
  std::string_view title;  // "ESP-IDF application image"
  // Pure and cheap; must be sure enough not to claim another's files, since the first row that
  // says yes has it.
  bool (*probes)(const Head& head);
  // May change kind and title when a closer look says so. Whatever the bytes are, it ends within
  // the reader's budget, and only reading errors are errors: damage is a note.
  base::Status (*read)(const Reader& reader, Findings& findings);
};

// Finds the format of `inner` and lets it add to `findings`, which keep their kind and title.
// Returns the kind of the inside; "raw" without a look when it is nested too deeply. `path` goes in
// front of the evidence's: "kernel". `offset`: where `inner` begins in the outer window; nothing
// when it was unpacked from somewhere, then no fact in it has an offset.
base::Result<std::string> inspect_inside(const Reader& inner, Findings& findings,
                                         std::string_view path, std::optional<uint64_t> offset);
// The findings of a file that no format claims: for a format whose closer look says no.
base::Status describe_raw(const Reader& reader, Findings& findings);
// Only the kind of what is inside: by its head and tail.
base::Result<std::string> kind_of(const Reader& reader);

}  // namespace otaru::inspect
