// SPDX-License-Identifier: Apache-2.0
// Files from operators. Bytes are streamed to the blob store as they come; a lost connection leaves
// what has arrived, and the client asks where to go on.
#include "api/handlers.h"

namespace otaru::api {
namespace {

using base::Code;

constexpr std::string_view kOffsetHeader = "Upload-Offset";
constexpr std::string_view kLengthHeader = "Upload-Length";

void hash_member(base::JsonWriter& out, std::string_view name, std::string_view hash) {
  if (hash.empty()) {
    out.null_member(name);
  } else {
    out.member(name, hash);
  }
}

http::Response upload_response(int status, const app::UploadStatus& upload) {
  base::JsonWriter out;
  out.begin_object();
  out.member("id", upload.row.id);
  out.member("file_name", upload.row.file_name);
  out.member("size", upload.row.size_bytes);
  out.member("offset", upload.offset);
  out.member("complete", upload.complete());
  hash_member(out, "md5", upload.row.md5);
  hash_member(out, "sha1", upload.row.sha1);
  hash_member(out, "sha256", upload.row.sha256);
  time_member(out, "created_at", upload.row.created_at);
  time_member(out, "expires_at", upload.row.expires_at);
  out.end_object();
  auto response = json_response(status, out.take());
  response.header(kOffsetHeader, std::to_string(upload.offset));
  response.header(kLengthHeader, std::to_string(upload.row.size_bytes));
  return response;
}

// The refusal of bytes, with where the upload stands.
http::Response refused_bytes(const base::Error& error, const std::string& id, int64_t offset) {
  auto response = problem(error, id);
  response.header(kOffsetHeader, std::to_string(offset));
  return response;
}

class PieceSink final : public http::BodySink {
 public:
  explicit PieceSink(std::unique_ptr<app::UploadPiece> piece) : piece_(std::move(piece)) {}

  base::Status write(std::string_view bytes) override {
    auto written = piece_->write(bytes);
    if (!written) failure_ = written.error();
    return written;
  }
  http::Response finish() override {
    if (failure_) return refused_bytes(*failure_, piece_->id(), piece_->offset());
    const auto status = piece_->finish();
    if (!status) return refused_bytes(status.error(), piece_->id(), piece_->offset());
    auto response = no_content();
    response.header(kOffsetHeader, std::to_string(status->offset));
    return response;
  }

 private:
  std::unique_ptr<app::UploadPiece> piece_;
  std::optional<base::Error> failure_;
};

// A whole file in one request; what did not arrive whole is given up.
class WholeSink final : public http::BodySink {
 public:
  WholeSink(app::UploadService& uploads, app::Actor actor, std::unique_ptr<app::UploadPiece> piece,
            std::string sha256)
      : uploads_(uploads),
        actor_(std::move(actor)),
        piece_(std::move(piece)),
        sha256_(std::move(sha256)) {}
  ~WholeSink() override {
    if (kept_) return;
    const std::string id = piece_->id();
    piece_.reset();
    // Nobody is left to be told; the sweep finds what could not be removed now.
    [[maybe_unused]] const auto removed = uploads_.remove(actor_, id);
  }

  base::Status write(std::string_view bytes) override {
    auto written = piece_->write(bytes);
    if (!written) failure_ = written.error();
    return written;
  }
  http::Response finish() override {
    if (failure_) return problem(*failure_, piece_->id());
    if (const auto status = piece_->finish(); !status) {
      return problem(status.error(), piece_->id());
    }
    const auto done = uploads_.complete(actor_, piece_->id(), sha256_);
    if (!done) return problem(done.error(), piece_->id());
    kept_ = true;
    return upload_response(201, *done);
  }

 private:
  app::UploadService& uploads_;
  app::Actor actor_;
  std::unique_ptr<app::UploadPiece> piece_;
  std::string sha256_;
  std::optional<base::Error> failure_;
  bool kept_ = false;
};

std::string upload_id(const Call& call) {
  return std::string(call.params.front());
}

}  // namespace

Answer create_upload(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  const int64_t size = fields.required_integer("size");
  const std::string file_name = fields.required_text("file_name");
  OTARU_CHECK(fields.done());
  OTARU_TRY(row, call.parts.uploads->create(call.by(), size, file_name));
  app::UploadStatus status;
  status.row = row;
  return upload_response(201, status);
}

Answer get_upload(Call& call) {
  OTARU_TRY(status, call.parts.uploads->status(upload_id(call)));
  return upload_response(200, status);
}

Answer head_upload(Call& call) {
  OTARU_TRY(answer, get_upload(call));
  auto response = std::move(answer);
  response.declared_length = response.body_length();
  response.body.clear();
  return response;
}

Answer delete_upload(Call& call) {
  OTARU_CHECK(call.parts.uploads->remove(call.by(), upload_id(call)));
  return no_content();
}

Answer complete_upload(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::optional));
  auto fields = body.fields();
  const std::string sha256 = fields.sha256("sha256");
  OTARU_CHECK(fields.done());
  OTARU_TRY(status, call.parts.uploads->complete(call.by(), upload_id(call), sha256));
  return upload_response(200, status);
}

SinkAnswer append_upload(Call& call) {
  const auto type = call.request.header("Content-Type").value_or("");
  if (!base::iequals(base::trim(type), "application/offset+octet-stream")) {
    return base::fail_field(Code::invalid, "Content-Type",
                            "the body must be application/offset+octet-stream");
  }
  const auto offset = base::parse_int(call.request.header(kOffsetHeader).value_or(""));
  if (!offset || *offset < 0) {
    return base::fail_field(Code::invalid, std::string(kOffsetHeader),
                            "the header must say where the bytes go",
                            "GET the upload for its offset");
  }
  const std::string id = upload_id(call);
  auto piece = call.parts.uploads->append(call.by(), id, *offset);
  if (!piece) {
    if (const auto known = call.parts.uploads->status(id)) call.upload_offset = known->offset;
    return base::fail(std::move(piece).error());
  }
  return std::make_unique<PieceSink>(std::move(*piece));
}

SinkAnswer put_blob(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  const auto file_name = query.text("file_name");
  const std::string sha256 = query.sha256("sha256");
  OTARU_CHECK(query.done());
  if (!file_name) return base::fail_field(Code::invalid, "file_name", "it is missing");
  auto& uploads = *call.parts.uploads;
  const auto length = base::parse_int(call.request.header("Content-Length").value_or(""));
  OTARU_TRY(row, length ? uploads.create(call.by(), *length, *file_name)
                        : uploads.create_unsized(call.by(), *file_name));
  OTARU_TRY(piece, uploads.append(call.by(), row.id, 0));
  return std::make_unique<WholeSink>(uploads, call.by(), std::move(piece), sha256);
}

}  // namespace otaru::api
