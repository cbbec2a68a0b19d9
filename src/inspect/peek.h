// SPDX-License-Identifier: Apache-2.0
// What archives have in common when they look at a member: its digest and its kind in one reading,
// and the notes when that does not work.
#pragma once

#include <string>
#include <string_view>

#include "inspect/findings.h"
#include "inspect/format.h"
#include "inspect/stream.h"

namespace otaru::inspect {

struct Content {
  std::string sha256;  // hex
  uint64_t size = 0;
  std::string begin;  // kInspectPeekBytes, or all of it
};
// Reads the stream to its end. Errors as those of ByteStream.
base::Result<Content> read_content(ByteStream& stream);

// The kind of what begins so and has `size` bytes; of a compressed file the kind of what is inside.
struct Peek {
  std::string kind = "raw";
  Compression compression = Compression::none;
};
base::Result<Peek> peek(std::string_view begin, uint64_t size, Budget& budget);

// Turns the error of a stream into a note; only an error of reading stays one.
base::Status note_stream_error(const base::Error& error, std::string_view what,
                               const Evidence& evidence, Findings& findings);

}  // namespace otaru::inspect
