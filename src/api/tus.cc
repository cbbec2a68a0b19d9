// SPDX-License-Identifier: Apache-2.0
// Bytes of uploads in pieces: the tus resumable upload protocol 1.0.0 with the extensions Creation,
// Creation With Upload, Checksum, Expiration and Termination
// (https://tus.io/protocols/resumable-upload). Its paths are those of the JSON API: a PATCH is the
// same for both, and what one began the other can go on with. Only POST /uploads has two forms; the
// header Tus-Resumable tells them apart.
//
// Bytes are streamed to the blob store as they come; a lost connection leaves what has arrived, and
// the client asks where to go on.
#include "http/tus.h"

#include "api/handlers.h"
#include "base/limits.h"

namespace otaru::api {
namespace {

using base::Code;

constexpr std::string_view kOffsetHeader = "Upload-Offset";
constexpr std::string_view kLengthHeader = "Upload-Length";
constexpr std::string_view kTusHeader = "Tus-Resumable";
constexpr std::string_view kOverrideHeader = "X-HTTP-Method-Override";
constexpr std::string_view kBytesType = "application/offset+octet-stream";
constexpr std::string_view kExtensions =
    "creation,creation-with-upload,checksum,expiration,termination";

// The refusal of bytes, with where the upload stands.
http::Response refused_bytes(const base::Error& error, const app::UploadPiece& piece) {
  const bool mismatch = error.field == "Upload-Checksum";
  auto response = problem(error, piece.id(), mismatch ? http::kStatusChecksumMismatch : 0);
  response.header(kOffsetHeader, std::to_string(piece.offset()));
  response.header(kTusHeader, http::kTusVersion);
  return response;
}

http::Response empty(int status) {
  http::Response out(status);
  if (status == 204) {
    out.framing = http::Framing::none;
    return std::move(out.slot(http::Slot::date).slot(http::Slot::connection_if_close));
  }
  out.slot(http::Slot::date)
      .slot(http::Slot::content_length)
      .header("Cache-Control", "no-store")
      .slot(http::Slot::connection_if_close);
  return out;
}

enum class Made { before, now };

http::Response arrived(Made made, const app::UploadStatus& status) {
  auto response = empty(made == Made::now ? 201 : 204);
  if (made == Made::now) response.header("Location", "/api/v1/uploads/" + status.row.id);
  response.header(kOffsetHeader, std::to_string(status.offset));
  response.header("Upload-Expires", base::http_date(status.row.expires_at));
  response.header(kTusHeader, http::kTusVersion);
  return response;
}

class PieceSink final : public http::BodySink {
 public:
  PieceSink(std::unique_ptr<app::UploadPiece> piece, Made made)
      : piece_(std::move(piece)), made_(made) {}

  base::Status write(std::string_view bytes) override {
    auto written = piece_->write(bytes);
    if (!written) failure_ = written.error();
    return written;
  }
  http::Response finish() override {
    if (failure_) return refused_bytes(*failure_, *piece_);
    const auto status = piece_->finish();
    if (!status) return refused_bytes(status.error(), *piece_);
    return arrived(made_, *status);
  }

 private:
  std::unique_ptr<app::UploadPiece> piece_;
  Made made_;
  std::optional<base::Error> failure_;
};

// An upload that was announced without bytes.
class NoBytesSink final : public http::BodySink {
 public:
  explicit NoBytesSink(app::UploadStatus status) : status_(std::move(status)) {}
  base::Status write(std::string_view /*bytes*/) override { return {}; }
  http::Response finish() override { return arrived(Made::now, status_); }

 private:
  app::UploadStatus status_;
};

bool has_body(const http::Request& head) {
  return head.header("Transfer-Encoding") ||
         base::parse_int(head.header("Content-Length").value_or("0")) != 0;
}

// "If the Server receives another content type, it SHOULD return 415."
base::Status check_type(Call& call) {
  const auto type = call.request.header("Content-Type").value_or("");
  if (base::iequals(base::trim(type), kBytesType)) return {};
  call.refusal_status = 415;
  return base::fail_field(Code::invalid, "Content-Type",
                          "the body must be " + std::string(kBytesType));
}

base::Result<std::optional<app::PieceChecksum>> checksum_of(const http::Request& request) {
  const auto header = request.header("Upload-Checksum");
  if (!header) return std::optional<app::PieceChecksum>();
  OTARU_TRY(parsed, http::parse_tus_checksum(*header));
  return std::optional(app::PieceChecksum{parsed.kind, parsed.digest});
}

base::Result<app::UploadSpec> spec_of(const Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  const auto tenant_name = query.text("tenant");
  OTARU_CHECK(query.done());
  app::UploadSpec spec;
  OTARU_TRY(tenant, call.tenant(tenant_name));
  spec.tenant = tenant;
  if (call.request.header("Upload-Defer-Length") || call.request.header("Upload-Concat")) {
    return base::fail_field(Code::invalid, std::string(kLengthHeader),
                            "deferred lengths and concatenation are not among the extensions here",
                            "OPTIONS tells the extensions: " + std::string(kExtensions));
  }
  spec.size_bytes = base::parse_int(call.request.header(kLengthHeader).value_or(""));
  if (!spec.size_bytes) {
    return base::fail_field(Code::invalid, std::string(kLengthHeader),
                            "the header must say how long the file is");
  }
  spec.metadata = std::string(call.request.header("Upload-Metadata").value_or(""));
  OTARU_TRY(metadata, http::parse_tus_metadata(spec.metadata));
  const auto* name = http::find_tus_metadata(metadata, "filename");
  if (name == nullptr) name = http::find_tus_metadata(metadata, "name");
  spec.file_name = http::plain_file_name(name == nullptr ? std::string_view() : *name);
  if (const auto* sha256 = http::find_tus_metadata(metadata, "sha256")) spec.sha256 = *sha256;
  return spec;
}

}  // namespace

void upload_headers(http::Response& response, const app::UploadStatus& upload) {
  response.header(kOffsetHeader, std::to_string(upload.offset));
  response.header(kLengthHeader, std::to_string(upload.row.size_bytes));
  if (!upload.row.metadata.empty()) response.header("Upload-Metadata", upload.row.metadata);
  response.header("Upload-Expires", base::http_date(upload.row.expires_at));
}

bool brings_bytes(const http::Request& head) {
  const auto method = head.header(kOverrideHeader);
  return method ? *method == "PATCH" : head.header(kTusHeader).has_value();
}

// Without the header it is no client of tus, and speaks JSON.
base::Status check_tus_version(Call& call) {
  const auto version = call.request.header(kTusHeader);
  if (!version || *version == http::kTusVersion) return {};
  call.refusal_status = 412;
  return base::fail_field(Code::precondition, std::string(kTusHeader),
                          "this version of the protocol is not spoken here",
                          "use " + std::string(http::kTusVersion));
}

Answer describe_tus(Call&) {
  auto response = empty(204);
  response.header("Tus-Version", http::kTusVersion)
      .header("Tus-Extension", kExtensions)
      .header("Tus-Max-Size", std::to_string(base::limits::kBlobBytesMax))
      .header("Tus-Checksum-Algorithm", http::kTusChecksumAlgorithms);
  return response;
}

SinkAnswer create_tus_upload(Call& call) {
  const bool bytes = has_body(call.request);
  if (bytes) OTARU_CHECK(check_type(call));
  OTARU_TRY(checksum, checksum_of(call.request));
  OTARU_TRY(spec, spec_of(call));
  OTARU_TRY(made, call.parts.uploads->create(call.by(), spec));
  // What the tenant has already need not arrive: the client is told the offset at the end.
  if (!bytes || made.complete()) return std::make_unique<NoBytesSink>(std::move(made));
  OTARU_TRY(piece, call.parts.uploads->append(call.by(), made.row.id, 0, checksum));
  return std::make_unique<PieceSink>(std::move(piece), Made::now);
}

SinkAnswer append_upload(Call& call) {
  OTARU_CHECK(check_type(call));
  OTARU_TRY(checksum, checksum_of(call.request));
  const auto offset = base::parse_int(call.request.header(kOffsetHeader).value_or(""));
  if (!offset || *offset < 0) {
    return base::fail_field(Code::invalid, std::string(kOffsetHeader),
                            "the header must say where the bytes go",
                            "GET the upload for its offset");
  }
  OTARU_TRY(known, visible_upload(call, upload_id(call)));
  auto piece = call.parts.uploads->append(call.by(), known.row.id, *offset, checksum);
  if (!piece) {
    call.upload_offset = known.offset;
    return base::fail(std::move(piece).error());
  }
  return std::make_unique<PieceSink>(std::move(*piece), Made::before);
}

// "If the X-HTTP-Method-Override header is present, its value MUST be interpreted as the request's
// method": for clients behind what lets only GET and POST through. PATCH goes to append_upload().
Answer override_upload(Call& call) {
  const auto method = call.request.header(kOverrideHeader).value_or("");
  if (method == "DELETE") return delete_upload(call);
  if (method == "GET") return get_upload(call);
  if (method == "HEAD") {
    OTARU_TRY(status, visible_upload(call, upload_id(call)));
    auto response = empty(200);
    upload_headers(response, status);
    return response;
  }
  return base::fail_field(Code::invalid, std::string(kOverrideHeader),
                          "a POST to an upload says with this header what it is instead",
                          "PATCH, HEAD, GET or DELETE");
}

}  // namespace otaru::api
