// SPDX-License-Identifier: Apache-2.0
#include "dialect/onenet/policy.h"

#include <algorithm>

#include "base/encoding.h"
#include "dialect/onenet/codec.h"

namespace otaru::dialect::onenet {
namespace {

constexpr std::string_view kServer = "otaru";
constexpr std::string_view kJsonType = "application/json;charset=UTF-8";
constexpr std::string_view kFileType = "application/octet-stream;charset=UTF-8";

// The order of the vendor's own server: Server, Date, Content-Type, Content-Length, Connection.
// Never Accept-Ranges, ETag, Vary, Via or anything with a brace.
http::Response start(int status, std::string_view type) {
  http::Response out(status);
  out.header("Server", kServer).slot(http::Slot::date).header("Content-Type", type);
  out.slot(http::Slot::content_length).slot(http::Slot::connection);
  return out;
}

}  // namespace

http::Response json_answer(std::string body, int status) {
  http::Response out = start(status, kJsonType);
  out.text(std::move(body));
  return out;
}

http::Response outcome_answer(Outcome outcome, int status) {
  return json_answer(write_outcome(outcome), status);
}

http::Response file_answer(std::shared_ptr<const http::FileHandle> file, std::string_view name,
                           const std::optional<Slice>& slice) {
  const int64_t size = file->size();
  http::Response out = start(slice ? 206 : 200, kFileType);
  std::string disposition = "attachment; filename=\"";
  disposition += safe_file_name(name);
  disposition += '"';
  out.header("Content-Disposition", disposition);
  if (slice) {
    // Last, and the only "Range" of the head: docs/dialects/onenet.md, rule 2.
    std::string range = "bytes ";
    range += std::to_string(slice->first);
    range += '-';
    range += std::to_string(slice->last);
    range += '/';
    range += std::to_string(size);
    out.header("Content-Range", range);
    out.file({std::move(file), slice->first, slice->length()});
  } else {
    out.file({std::move(file), 0, size});
  }
  return out;
}

http::Response download_failure_answer(DownloadFailure failure, int status) {
  http::Response out = start(status, kFileType);
  // Rule 5: no Content-Length here; HTTP/1.0 clients get the end of the connection instead.
  out.framing = http::Framing::chunked;
  out.text(std::string(1, static_cast<char>(failure)));
  return out;
}

std::string safe_file_name(std::string_view name) {
  constexpr std::string_view kNeutral = "firmware.bin";
  if (name.size() > kFileNameBytesMax) name = name.substr(name.size() - kFileNameBytesMax);
  std::string out(name);
  for (char& c : out) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '.' || c == '_' || c == '-';
    if (!plain) c = '_';
  }
  if (out.empty() || base::lower(out).find("range") != std::string::npos) out = kNeutral;
  return out;
}

}  // namespace otaru::dialect::onenet
