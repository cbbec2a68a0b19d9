// SPDX-License-Identifier: Apache-2.0
// Bytes in order: a window of the file, a member of an archive, or what is unpacked from another
// stream. Unpacking is done here with the codecs themselves, not with libarchive's filters: those
// let an xz or zstd header of a few bytes ask for a gigabyte of memory. Everything that is unpacked
// counts against the budget of the inspection, so a bomb ends after a second or two.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "inspect/findings.h"
#include "inspect/reader.h"

namespace otaru::inspect {

class ByteStream {
 public:
  virtual ~ByteStream();
  // The next piece, valid until the next call; empty at the end. Errors: invalid (damaged, cut),
  // too_large (needs more memory than it is given), exhausted (the budget), unavailable (the disk).
  virtual base::Result<std::string_view> next() = 0;
};

// A window of the file. It ends early when the file does.
std::unique_ptr<ByteStream> stream_of(const Reader& reader, uint64_t offset, uint64_t size);

bool can_unpack(Compression compression);  // gzip, xz, zstd; none is the stream itself

// `packed` and `budget` outlive the result.
std::unique_ptr<ByteStream> unpack(ByteStream& packed, Compression compression, Budget& budget);

// At most `most` bytes from the beginning.
base::Result<std::string> read_some(ByteStream& stream, size_t most);
// All of it; Code::too_large when it is more than `most`.
base::Result<std::string> read_all(ByteStream& stream, size_t most);

}  // namespace otaru::inspect
