// SPDX-License-Identifier: Apache-2.0
#include "inspect/stream.h"

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>

#include "base/limits.h"

namespace otaru::inspect {
namespace {

using base::Code;
using base::Result;
namespace limits = base::limits;

class WindowStream final : public ByteStream {
 public:
  WindowStream(const Reader& reader, uint64_t offset, uint64_t size)
      : reader_(reader), at_(offset), left_(size) {}

  Result<std::string_view> next() override {
    const uint64_t rest = at_ < reader_.size() ? reader_.size() - at_ : 0;
    const uint64_t wanted = std::min<uint64_t>({stream_piece_bytes(), left_, rest});
    if (wanted == 0) return std::string_view();
    OTARU_TRY(piece, reader_.bytes(at_, static_cast<size_t>(wanted)));
    if (piece.empty()) return base::fail(Code::exhausted, "the rest was left unread");
    at_ += piece.size();
    left_ -= piece.size();
    piece_ = std::move(piece);
    return std::string_view(piece_);
  }

 private:
  Reader reader_;
  uint64_t at_;
  uint64_t left_;
  std::string piece_;
};

// What the three codecs have in common: pieces come in, pieces go out, within the budget.
class Unpacked : public ByteStream {
 public:
  Unpacked(ByteStream& packed, Budget& budget) : packed_(packed), budget_(budget) {}

  Result<std::string_view> next() final {
    if (ended_) return std::string_view();
    out_.resize(stream_piece_bytes());
    size_t made = 0;
    while (made == 0 && !ended_) {
      if (in_.empty() && !packed_ended_) {
        OTARU_TRY(piece, packed_.next());
        in_ = piece;
        packed_ended_ = in_.empty();
      }
      const size_t before = in_.size();
      OTARU_TRY(count, step(in_, out_, packed_ended_));
      made = count;
      if (made == 0 && in_.size() == before && packed_ended_ && !ended_) {
        return base::fail(Code::invalid, "compressed content is cut off");
      }
    }
    if (made > budget_.bytes) {
      budget_.exhausted = true;
      return base::fail(Code::exhausted, "the rest was left packed");
    }
    budget_.bytes -= made;
    return std::string_view(out_).substr(0, made);
  }

 protected:
  // Takes from `in`, fills `out` from its begin, says how much; calls end() when all is done.
  virtual Result<size_t> step(std::string_view& in, std::string& out, bool last) = 0;
  void end() { ended_ = true; }
  static tl::unexpected<base::Error> damaged() {
    return base::fail(Code::invalid, "compressed content is damaged");
  }

 private:
  ByteStream& packed_;
  Budget& budget_;
  std::string_view in_;
  std::string out_;
  bool packed_ended_ = false;
  bool ended_ = false;
};

// RFC 1952; members that follow one another are one stream, other bytes behind it are padding.
class Gunzip final : public Unpacked {
 public:
  Gunzip(ByteStream& packed, Budget& budget) : Unpacked(packed, budget) {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    ready_ = inflateInit2(&zlib_, kGzipOnly) == Z_OK;
  }
  ~Gunzip() override {
    if (ready_) inflateEnd(&zlib_);
  }

 protected:
  Result<size_t> step(std::string_view& in, std::string& out, bool last) override {
    if (!ready_) return base::fail(Code::unavailable, "no memory to unpack");
    if (between_ && (last || in.front() != '\x1f')) {
      end();
      return size_t{0};
    }
    between_ = false;
    // zlib's interface has no const; it does not write there.
    zlib_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    zlib_.avail_in = static_cast<uInt>(in.size());
    zlib_.next_out = reinterpret_cast<Bytef*>(out.data());
    zlib_.avail_out = static_cast<uInt>(out.size());
    const int state = inflate(&zlib_, Z_NO_FLUSH);
    in.remove_prefix(in.size() - zlib_.avail_in);
    if (state == Z_STREAM_END) {
      between_ = true;
      inflateReset(&zlib_);
    } else if (state != Z_OK && state != Z_BUF_ERROR) {
      return damaged();
    }
    return out.size() - zlib_.avail_out;
  }

 private:
  z_stream zlib_{};
  bool ready_ = false;
  bool between_ = false;
};

class Unxz final : public Unpacked {
 public:
  Unxz(ByteStream& packed, Budget& budget) : Unpacked(packed, budget) {
    ready_ =
        lzma_stream_decoder(&lzma_, limits::kInspectUnpackMemoryMax, LZMA_CONCATENATED) == LZMA_OK;
  }
  ~Unxz() override { lzma_end(&lzma_); }

 protected:
  Result<size_t> step(std::string_view& in, std::string& out, bool last) override {
    if (!ready_) return base::fail(Code::unavailable, "no memory to unpack");
    lzma_.next_in = reinterpret_cast<const uint8_t*>(in.data());
    lzma_.avail_in = in.size();
    lzma_.next_out = reinterpret_cast<uint8_t*>(out.data());
    lzma_.avail_out = out.size();
    const lzma_ret state = lzma_code(&lzma_, last ? LZMA_FINISH : LZMA_RUN);
    in.remove_prefix(in.size() - lzma_.avail_in);
    if (state == LZMA_MEMLIMIT_ERROR) {
      return base::fail(Code::too_large, "unpacking it takes more than " +
                                             std::to_string(limits::kInspectUnpackMemoryMax >> 20) +
                                             " MiB of memory");
    }
    if (state == LZMA_STREAM_END) {
      end();
    } else if (state != LZMA_OK && state != LZMA_BUF_ERROR) {
      return damaged();
    }
    return out.size() - lzma_.avail_out;
  }

 private:
  lzma_stream lzma_ = LZMA_STREAM_INIT;
  bool ready_ = false;
};

class Unzstd final : public Unpacked {
 public:
  Unzstd(ByteStream& packed, Budget& budget)
      : Unpacked(packed, budget), zstd_(ZSTD_createDStream(), &ZSTD_freeDStream) {
    if (zstd_) {
      ZSTD_DCtx_setParameter(zstd_.get(), ZSTD_d_windowLogMax, limits::kInspectZstdWindowLogMax);
    }
  }

 protected:
  Result<size_t> step(std::string_view& in, std::string& out, bool last) override {
    if (!zstd_) return base::fail(Code::unavailable, "no memory to unpack");
    if (last && between_) {
      end();
      return size_t{0};
    }
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    const size_t state = ZSTD_decompressStream(zstd_.get(), &to, &from);
    if (ZSTD_isError(state)) {
      if (ZSTD_getErrorCode(state) == ZSTD_error_frameParameter_windowTooLarge) {
        return base::fail(Code::too_large, "unpacking it takes a window of more than 64 MiB");
      }
      return damaged();
    }
    in.remove_prefix(from.pos);
    between_ = state == 0;
    return to.pos;
  }

 private:
  std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> zstd_;
  bool between_ = false;
};

// The stream itself, under another owner.
class Same final : public ByteStream {
 public:
  explicit Same(ByteStream& stream) : stream_(stream) {}
  Result<std::string_view> next() override { return stream_.next(); }

 private:
  ByteStream& stream_;
};

}  // namespace

ByteStream::~ByteStream() = default;

std::unique_ptr<ByteStream> stream_of(const Reader& reader, uint64_t offset, uint64_t size) {
  return std::make_unique<WindowStream>(reader, offset, size);
}

bool can_unpack(Compression compression) {
  return compression == Compression::gzip || compression == Compression::xz ||
         compression == Compression::zstd || compression == Compression::none;
}

std::unique_ptr<ByteStream> unpack(ByteStream& packed, Compression compression, Budget& budget) {
  if (compression == Compression::gzip) return std::make_unique<Gunzip>(packed, budget);
  if (compression == Compression::xz) return std::make_unique<Unxz>(packed, budget);
  if (compression == Compression::zstd) return std::make_unique<Unzstd>(packed, budget);
  return std::make_unique<Same>(packed);
}

Result<std::string> read_some(ByteStream& stream, size_t most) {
  std::string out;
  while (out.size() < most) {
    OTARU_TRY(piece, stream.next());
    if (piece.empty()) break;
    out += piece.substr(0, most - out.size());
  }
  return out;
}

Result<std::string> read_all(ByteStream& stream, size_t most) {
  OTARU_TRY(out, read_some(stream, most + 1));
  if (out.size() > most) {
    return base::fail(Code::too_large, "it is larger than " + std::to_string(most) + " bytes");
  }
  return std::move(out);
}

}  // namespace otaru::inspect
