// SPDX-License-Identifier: Apache-2.0
// Files from operators: announced, looked at, completed; and whole in one request. Bytes in pieces
// come by tus.cc.
#include "api/handlers.h"
#include "base/limits.h"
#include "http/multipart_stream.h"
#include "http/tus.h"

namespace otaru::api {
namespace {

using base::Code;

void hash_member(base::JsonWriter& out, std::string_view name, std::string_view hash) {
  if (hash.empty()) {
    out.null_member(name);
  } else {
    out.member(name, hash);
  }
}

void write_upload(base::JsonWriter& out, std::string_view tenant,
                  const app::UploadStatus& upload) {
  out.begin_object();
  out.member("id", upload.row.id);
  out.member("tenant", tenant);
  out.member("made_by", upload.row.made_by);
  out.member("file_name", upload.row.file_name);
  out.member("size", upload.row.size_bytes);
  out.member("offset", upload.offset);
  if (upload.reread) {
    out.member("reread", *upload.reread);
  } else {
    out.null_member("reread");
  }
  out.member("complete", upload.complete());
  hash_member(out, "md5", upload.row.md5);
  hash_member(out, "sha1", upload.row.sha1);
  hash_member(out, "sha256", upload.row.sha256);
  time_member(out, "created_at", upload.row.created_at);
  time_member(out, "expires_at", upload.row.expires_at);
  if (upload.row.inspection.empty()) {
    out.null_member("inspection");
  } else {
    out.key("inspection");
    out.raw(upload.row.inspection);
  }
  out.end_object();
}

http::Response upload_response(int status, std::string_view tenant,
                               const app::UploadStatus& upload) {
  base::JsonWriter out;
  write_upload(out, tenant, upload);
  auto response = json_response(status, out.take());
  upload_headers(response, upload);
  return response;
}

// A whole file in one request; what did not arrive whole is given up.
class WholeSink final : public http::BodySink {
 public:
  WholeSink(const Call& call, std::unique_ptr<app::UploadPiece> piece, std::string sha256)
      : tenant_(call.tenant_name(piece->row().tenant)),
        uploads_(*call.parts.uploads),
        actor_(call.by()),
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
    return upload_response(201, tenant_, *done);
  }

 private:
  std::string tenant_;
  app::UploadService& uploads_;
  app::Actor actor_;
  std::unique_ptr<app::UploadPiece> piece_;
  std::string sha256_;
  std::optional<base::Error> failure_;
  bool kept_ = false;
};

// A form of a browser, of curl -F: the file and its fields in either order. Its size is not known
// before its end.
class FormSink final : public http::BodySink, private http::MultipartHandler {
 public:
  FormSink(const Call& call, domain::TenantId tenant, std::string_view boundary)
      : uploads_(*call.parts.uploads),
        actor_(call.by()),
        tenant_(tenant),
        tenant_name_(call.tenant_name(tenant)),
        stream_(boundary) {}
  ~FormSink() override {
    if (kept_ || !piece_) return;
    const std::string id = piece_->id();
    piece_.reset();
    // Nobody is left to be told; the sweep finds what could not be removed now.
    [[maybe_unused]] const auto removed = uploads_.remove(actor_, id);
  }

  base::Status write(std::string_view bytes) override {
    auto fed = stream_.feed(bytes, *this);
    if (!fed) failure_ = fed.error();
    return fed;
  }
  http::Response finish() override {
    if (failure_) return problem(*failure_, "form");
    auto done = complete();
    if (!done) return problem(done.error(), "form");
    kept_ = true;
    return upload_response(201, tenant_name_, *done);
  }

 private:
  base::Status part(const http::MultipartPart& head) override {
    at_ = nullptr;
    if (head.name == "file") return begin_file(head);
    if (head.name == "file_name") at_ = &file_name_;
    if (head.name == "sha256") at_ = &sha256_;
    if (at_ != nullptr && !*at_) {
      at_->emplace();
      return {};
    }
    return base::fail_field(Code::invalid, head.name,
                            at_ == nullptr ? "it is not known" : "it is there twice",
                            "fields: file, file_name, sha256");
  }
  base::Status data(std::string_view bytes) override {
    if (at_ == nullptr) return piece_->write(bytes);
    if (at_->value().size() + bytes.size() > base::limits::kNameBytesMax) {
      return base::fail_field(Code::too_large, at_ == &sha256_ ? "sha256" : "file_name",
                              "it is too long");
    }
    at_->value() += bytes;
    return {};
  }
  base::Status end() override { return {}; }

  base::Status begin_file(const http::MultipartPart& head) {
    if (piece_) return base::fail_field(Code::invalid, "file", "it is there twice");
    app::UploadSpec spec;
    spec.tenant = tenant_;
    spec.file_name = http::plain_file_name(head.filename.value_or(""));
    OTARU_TRY(made, uploads_.create(actor_, spec));
    OTARU_TRY(piece, uploads_.append(actor_, made.row.id, 0));
    piece_ = std::move(piece);
    return {};
  }
  base::Result<app::UploadStatus> complete() {
    if (!stream_.done()) {
      return base::fail_field(Code::invalid, "body", "the form ends before its last boundary");
    }
    if (!piece_) return base::fail_field(Code::invalid, "file", "it is missing");
    if (file_name_) OTARU_CHECK(piece_->rename(*file_name_));
    OTARU_CHECK(piece_->finish());
    return uploads_.complete(actor_, piece_->id(), sha256_.value_or(""));
  }

  app::UploadService& uploads_;
  app::Actor actor_;
  domain::TenantId tenant_;
  std::string tenant_name_;
  http::MultipartStream stream_;
  std::unique_ptr<app::UploadPiece> piece_;
  std::optional<std::string> file_name_;
  std::optional<std::string> sha256_;
  std::optional<std::string>* at_ = nullptr;  // the field being read; none: the file
  std::optional<base::Error> failure_;
  bool kept_ = false;
};

}  // namespace

std::string upload_id(const Call& call) {
  return std::string(call.params.front());
}

base::Result<app::UploadStatus> visible_upload(const Call& call, const std::string& id) {
  auto status = call.parts.uploads->status(id);
  if (!status || call.sees(status->row.tenant)) return status;
  // As one that does not exist, in the service's own words.
  return call.parts.uploads->status("");
}

Answer list_uploads(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(tenant, call.scope(query.text("tenant")));
  const Page page = query.page();
  OTARU_CHECK(query.done());
  const bool hex = page.cursor.size() == 32 && base::unhex(page.cursor);
  if (!page.cursor.empty() && !hex) return base::fail(wrong_cursor().error());
  const auto found = call.parts.uploads->list(tenant, page.cursor, page.limit + 1);
  base::JsonWriter out;
  out.begin_object();
  out.key("items");
  out.begin_array();
  const size_t count = std::min(found.size(), page.limit);
  for (size_t i = 0; i < count; ++i) {
    write_upload(out, call.tenant_name(found[i].row.tenant), found[i]);
  }
  out.end_array();
  if (count == found.size()) {
    out.null_member("next_cursor");
  } else {
    out.member("next_cursor", found[count - 1].row.id);
  }
  out.end_object();
  return json_response(200, out.take());
}

Answer create_upload(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  OTARU_TRY(query, Query::of(call.request));
  OTARU_CHECK(query.done());
  app::UploadSpec spec;
  spec.size_bytes = fields.required_integer("size");
  spec.file_name = fields.required_text("file_name");
  spec.sha256 = fields.sha256("sha256");
  const auto tenant_name = fields.text("tenant");
  OTARU_CHECK(fields.done());
  OTARU_TRY(tenant, call.tenant(tenant_name));
  spec.tenant = tenant;
  OTARU_TRY(status, call.parts.uploads->create(call.by(), spec));
  return upload_response(201, call.tenant_name(status.row.tenant), status);
}

Answer get_upload(Call& call) {
  OTARU_TRY(status, visible_upload(call, upload_id(call)));
  return upload_response(200, call.tenant_name(status.row.tenant), status);
}

Answer head_upload(Call& call) {
  OTARU_TRY(answer, get_upload(call));
  auto response = std::move(answer);
  response.declared_length = response.body_length();
  response.body.clear();
  return response;
}

Answer delete_upload(Call& call) {
  OTARU_TRY(known, visible_upload(call, upload_id(call)));
  OTARU_CHECK(call.parts.uploads->remove(call.by(), known.row.id));
  return no_content();
}

Answer complete_upload(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::optional));
  auto fields = body.fields();
  const std::string sha256 = fields.sha256("sha256");
  OTARU_CHECK(fields.done());
  OTARU_TRY(known, visible_upload(call, upload_id(call)));
  OTARU_TRY(status, call.parts.uploads->complete(call.by(), known.row.id, sha256));
  return upload_response(200, call.tenant_name(status.row.tenant), status);
}

SinkAnswer put_blob(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  const auto file_name = query.text("file_name");
  const std::string sha256 = query.sha256("sha256");
  const auto tenant_name = query.text("tenant");
  OTARU_CHECK(query.done());
  if (!file_name) return base::fail_field(Code::invalid, "file_name", "it is missing");
  OTARU_TRY(tenant, call.tenant(tenant_name));
  app::UploadSpec spec;
  spec.tenant = tenant;
  spec.file_name = *file_name;
  spec.size_bytes = base::parse_int(call.request.header("Content-Length").value_or(""));
  OTARU_TRY(made, call.parts.uploads->create(call.by(), spec));
  OTARU_TRY(piece, call.parts.uploads->append(call.by(), made.row.id, 0));
  return std::make_unique<WholeSink>(call, std::move(piece), sha256);
}

SinkAnswer post_form(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  const auto tenant_name = query.text("tenant");
  OTARU_CHECK(query.done());
  OTARU_TRY(tenant, call.tenant(tenant_name));
  const auto boundary =
      http::multipart_boundary(call.request.header("Content-Type").value_or(""));
  if (!boundary) {
    call.refusal_status = 415;
    return base::fail_field(Code::invalid, "Content-Type",
                            "the body must be multipart/form-data with a boundary",
                            "or PUT the bytes of the file alone");
  }
  return std::make_unique<FormSink>(call, tenant, *boundary);
}

}  // namespace otaru::api
