// SPDX-License-Identifier: Apache-2.0
#include "http/tus.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/limits.h"

namespace otaru::http {
namespace {

namespace limits = base::limits;
using base::Code;

base::Status bad_metadata(std::string message) {
  return base::fail_field(Code::invalid, "Upload-Metadata", std::move(message),
                          "pairs of a key and, after a blank, its value in base64; commas between");
}

bool good_key(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != ',';
  });
}

base::Status read_pair(std::string_view pair, TusMetadata& out) {
  const size_t blank = pair.find(' ');
  const auto key = pair.substr(0, blank);
  if (!good_key(key)) return bad_metadata("a key is missing or is not plain ASCII");
  if (find_tus_metadata(out, key) != nullptr) {
    return bad_metadata("the key " + std::string(key) + " stands there twice");
  }
  const auto text =
      blank == std::string_view::npos ? std::string_view() : base::trim(pair.substr(blank));
  auto value = base::unbase64(text);
  if (!value) return bad_metadata("the value of " + std::string(key) + " is not base64");
  out.emplace_back(std::string(key), std::move(*value));
  return {};
}

bool plain_character(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return letter || std::string_view("._+@=()-").find(c) != std::string_view::npos;
}

}  // namespace

const std::string* find_tus_metadata(const TusMetadata& metadata, std::string_view key) {
  for (const auto& [name, value] : metadata) {
    if (name == key) return &value;
  }
  return nullptr;
}

base::Result<TusMetadata> parse_tus_metadata(std::string_view text) {
  if (text.size() > limits::kUploadMetadataBytesMax) {
    return base::fail_field(Code::too_large, "Upload-Metadata",
                            "it has more than " + std::to_string(limits::kUploadMetadataBytesMax) +
                                " bytes");
  }
  TusMetadata out;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const auto pair = base::trim(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (out.size() >= limits::kUploadMetadataPairsMax) {
      return base::fail_field(Code::too_large, "Upload-Metadata", "it has too many pairs");
    }
    OTARU_CHECK(read_pair(pair, out));
  }
  return out;
}

base::Result<TusChecksum> parse_tus_checksum(std::string_view text) {
  struct Algorithm {
    std::string_view name;
    base::HashKind kind;
    size_t bytes;
  };
  constexpr Algorithm kAlgorithms[] = {{"sha1", base::HashKind::sha1, 20},
                                       {"sha256", base::HashKind::sha256, 32},
                                       {"md5", base::HashKind::md5, 16}};
  const size_t blank = std::min(text.find(' '), text.size());
  for (const auto& algorithm : kAlgorithms) {
    if (text.substr(0, blank) != algorithm.name) continue;
    auto digest = base::unbase64(base::trim(text.substr(blank)));
    if (!digest || digest->size() != algorithm.bytes) break;
    return TusChecksum{algorithm.kind, std::move(*digest)};
  }
  return base::fail_field(Code::invalid, "Upload-Checksum",
                          "it is not an algorithm and, after a blank, its digest in base64",
                          "algorithms: " + std::string(kTusChecksumAlgorithms));
}

std::string plain_file_name(std::string_view text) {
  const size_t slash = text.find_last_of("/\\");
  if (slash != std::string_view::npos) text.remove_prefix(slash + 1);
  std::string out;
  for (const char c : text.substr(0, limits::kNameBytesMax)) {
    out.push_back(plain_character(c) ? c : '_');
  }
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (!out.empty() && !letter(out.front())) out.front() = '_';
  return out.empty() ? "upload" : out;
}

}  // namespace otaru::http
