// SPDX-License-Identifier: Apache-2.0
#include "inspect/compression.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace otaru::inspect {
namespace {

bool begins(std::string_view head, std::string_view magic) {
  return head.substr(0, magic.size()) == magic;
}

unsigned byte_at(std::string_view text, size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}

// LZMA_Alone has no magic: properties byte 0x5d as every packer writes it, a dictionary of 2^n or
// 2^n + 2^(n-1) bytes, then the size or all ones (xz: doc/lzma-file-format.txt, 1.1).
bool is_lzma_alone(std::string_view head) {
  if (head.size() < 14 || byte_at(head, 0) != 0x5D) return false;
  const unsigned dictionary =
      byte_at(head, 1) | byte_at(head, 2) << 8 | byte_at(head, 3) << 16 | byte_at(head, 4) << 24;
  unsigned shifted = dictionary;
  while (shifted != 0 && (shifted & 1) == 0) shifted >>= 1;
  if (dictionary < 4096 || (shifted != 1 && shifted != 3)) return false;
  const std::string_view size = head.substr(5, 8);
  const bool unknown = size == std::string_view("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8);
  // Below 1 TiB, and the range coder's first byte is 0.
  return (unknown || (size[5] == 0 && size[6] == 0 && size[7] == 0)) && byte_at(head, 13) == 0;
}

// RFC 1950 2.2: deflate with a window up to 32 KiB, check bits, no dictionary. Only the usual
// window, so that fewer other files look like it.
bool is_zlib(std::string_view head) {
  if (head.size() < 2 || byte_at(head, 0) != 0x78) return false;
  const unsigned flags = byte_at(head, 1);
  return (0x7800 + flags) % 31 == 0 && (flags & 0x20) == 0;
}

// Below it something may be packed loosely or be code; packed and encrypted bytes are above.
constexpr double kPackedBits = 7.9;
constexpr size_t kSamplesMax = 16;
constexpr size_t kSampleBytes = 4096;
// Too little to tell: the figure of few bytes is always low.
constexpr uint64_t kTellingBytesMin = 32 * 1024;

}  // namespace

Compression detect_compression(std::string_view head) {
  using std::string_view_literals::operator""sv;                 // for bytes that are NUL
  if (begins(head, "\x1F\x8B\x08"sv)) return Compression::gzip;  // RFC 1952 2.3.1
  if (begins(head,
             "\xFD"
             "7zXZ\0"sv))
    return Compression::xz;                                            // xz-file-format 2.1.1.1
  if (begins(head, "\x28\xB5\x2F\xFD"sv)) return Compression::zstd;    // RFC 8878 3.1.1
  if (begins(head, "\x04\x22\x4D\x18"sv)) return Compression::lz4;     // lz4_Frame_format.md
  if (begins(head, "\x02\x21\x4C\x18"sv)) return Compression::lz4;     // its legacy frame
  if (begins(head, "\x89LZO\0\r\n\x1A\n"sv)) return Compression::lzo;  // lzop
  if (begins(head, "BZh"sv) && byte_at(head, 3) >= '1' && byte_at(head, 3) <= '9' &&
      head.substr(4, 6) == "1AY&SY"sv) {
    return Compression::bzip2;
  }
  if (is_lzma_alone(head)) return Compression::lzma;
  if (is_zlib(head)) return Compression::zlib;
  return Compression::none;
}

double entropy(std::string_view bytes) {
  if (bytes.empty()) return 0;
  std::array<size_t, 256> counts{};
  for (const char c : bytes) ++counts[static_cast<unsigned char>(c)];
  double bits = 0;
  const auto total = static_cast<double>(bytes.size());
  for (const size_t count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / total;
    bits -= share * std::log2(share);
  }
  return std::round(bits * 100) / 100;
}

base::Status sample(const Reader& reader, Payload& payload) {
  const uint64_t size = reader.size();
  std::string samples;
  if (size <= kSamplesMax * kSampleBytes) {
    OTARU_TRY(all, reader.bytes(0, static_cast<size_t>(size)));
    samples = std::move(all);
  } else {
    for (uint64_t i = 0; i < kSamplesMax; ++i) {
      OTARU_TRY(piece, reader.bytes((size - kSampleBytes) * i / (kSamplesMax - 1), kSampleBytes));
      samples += piece;
    }
  }
  payload.bits_per_byte = entropy(samples);
  if (payload.compression != Compression::none) return {};
  payload.compression = detect_compression(samples);
  // Two bytes are a weak sign: what is really zlib is dense too.
  if (payload.compression == Compression::zlib && size >= kTellingBytesMin &&
      payload.bits_per_byte < 7) {
    payload.compression = Compression::none;
  }
  if (payload.compression == Compression::none && size >= kTellingBytesMin &&
      payload.bits_per_byte >= kPackedBits) {
    payload.compression = Compression::unknown;
  }
  return {};
}

void add_payload(Findings& findings, Payload payload, std::string_view what) {
  const Compression compression = payload.compression;
  const Evidence evidence{"content of " + std::string(what), payload.offset, payload.size, {}};
  findings.add(std::move(payload));
  if (compression == Compression::none) return;
  const std::string subject = "The " + std::string(what) + " inside is ";
  if (compression == Compression::unknown) {
    findings.warn("payload-dense",
                  subject +
                      "encrypted or compressed: its bytes look random, so deltas between two "
                      "versions will be nearly as large as the full package.",
                  "If it is compressed, deliver it uncompressed and let the server make compressed "
                  "deltas; if it is encrypted, expect full packages.",
                  evidence);
    return;
  }
  findings.warn("payload-compressed",
                subject + std::string(compression_name(compression)) +
                    "-compressed: a small change of the source changes most of the file, so "
                    "deltas will be nearly as large as the full package.",
                "Compress after delta, or use an uncompressed or rsyncable image.", evidence);
}

}  // namespace otaru::inspect
