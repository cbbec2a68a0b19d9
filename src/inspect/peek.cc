// SPDX-License-Identifier: Apache-2.0
#include "inspect/peek.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/limits.h"
#include "inspect/compression.h"

namespace otaru::inspect {
namespace {

// A file of which only the beginning is at hand.
class BeginSource final : public Source {
 public:
  BeginSource(std::string_view begin, uint64_t size) : begin_(begin), size_(size) {}
  uint64_t size() const override { return size_; }
  base::Result<size_t> read(uint64_t offset, std::span<char> into) override {
    if (offset >= begin_.size()) return size_t{0};
    const size_t count = std::min(into.size(), begin_.size() - static_cast<size_t>(offset));
    std::copy_n(begin_.data() + offset, count, into.data());
    return count;
  }

 private:
  std::string_view begin_;
  uint64_t size_;
};

class BeginStream final : public ByteStream {
 public:
  explicit BeginStream(std::string_view begin) : begin_(begin) {}
  base::Result<std::string_view> next() override { return std::exchange(begin_, {}); }

 private:
  std::string_view begin_;
};

base::Result<std::string> kind_by_begin(std::string_view begin, uint64_t size, Budget& budget) {
  BeginSource source(begin, size);
  return kind_of(Reader(source, budget).part(0, size));
}

}  // namespace

base::Result<Content> read_content(ByteStream& stream) {
  Content content;
  base::Hasher hasher(base::HashKind::sha256);
  for (;;) {
    OTARU_TRY(piece, stream.next());
    if (piece.empty()) break;
    hasher.update(piece);
    content.size += piece.size();
    const size_t wanted = base::limits::kInspectPeekBytes - content.begin.size();
    content.begin += piece.substr(0, wanted);
  }
  content.sha256 = base::hex(hasher.finish());
  return content;
}

base::Result<Peek> peek(std::string_view begin, uint64_t size, Budget& budget) {
  Peek out;
  out.compression = detect_compression(begin);
  if (!can_unpack(out.compression)) return out;
  if (out.compression == Compression::none) {
    OTARU_TRY(kind, kind_by_begin(begin, size, budget));
    out.kind = std::move(kind);
    return out;
  }
  BeginStream packed(begin);
  const auto unpacked = unpack(packed, out.compression, budget);
  std::string inner;
  while (inner.size() < base::limits::kInspectPeekBytes) {
    // (Where the beginning ends, the packed stream is cut: what came until then is enough.)
    const auto piece = unpacked->next();
    if (!piece || piece->empty()) break;
    inner += *piece;
  }
  OTARU_TRY(kind, kind_by_begin(inner, std::max<uint64_t>(size, inner.size()), budget));
  out.kind = std::move(kind);
  return out;
}

base::Status note_stream_error(const base::Error& error, std::string_view what,
                               const Evidence& evidence, Findings& findings) {
  const std::string subject(what);
  switch (error.code) {
    case base::Code::invalid:
      findings.problem("damaged", subject + " cannot be read: " + error.message + ".",
                       "Make or upload the file again.", evidence);
      return {};
    case base::Code::too_large:
      findings.warn("not-all-read", subject + " was not looked into: " + error.message + ".", "",
                    evidence);
      return {};
    case base::Code::exhausted:
      return {};  // said once, by the walk over the formats
    case base::Code::unauthenticated:
    case base::Code::forbidden:
    case base::Code::not_found:
    case base::Code::conflict:
    case base::Code::precondition:
    case base::Code::gone:
    case base::Code::unavailable:
    case base::Code::timeout:
    case base::Code::internal:
      return base::fail(error);
  }
  return base::fail(error);
}

}  // namespace otaru::inspect
