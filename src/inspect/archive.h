// SPDX-License-Identifier: Apache-2.0
// Members of a tar, ar or zip, read by libarchive in the order in which they stand; nothing is ever
// written anywhere. The number of members, the length of names and the bytes that come out are
// bounded. Of a zip's ways to compress only "stored" and "deflate" are read: the others take
// as much memory as the file asks for, and no update format uses them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "inspect/reader.h"
#include "inspect/stream.h"

namespace otaru::inspect {

struct Member {
  std::string name;
  uint64_t size = 0;
  // Of the content within the stream or window that the archive was opened on.
  uint64_t offset = 0;
  bool regular = true;      // a file with content, no folder, link or device
  bool compressed = false;  // zip: deflated
  bool readable = true;     // zip: not encrypted, compressed in a way that is read
};

class Archive {
 public:
  enum class Kind { tar, ar, zip };
  // Archives that can be read in order; `stream` outlives this.
  Archive(Kind kind, ByteStream& stream, Budget& budget);
  // A zip is read by its directory at the end.
  Archive(Kind kind, const Reader& reader);
  ~Archive();
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  // The next member, nothing at the end. Code::invalid: what follows cannot be read;
  // Code::exhausted: more members than are looked at.
  base::Result<std::optional<Member>> next();
  // Content of the member that next() returned, once. Valid until next() is called again.
  ByteStream& content();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otaru::inspect
