// SPDX-License-Identifier: Apache-2.0
#include "api/handlers.h"
#include "api/listing.h"
#include "http/ranges.h"

namespace otaru::api {
namespace {

void write_package(base::JsonWriter& out, const Call& call, const domain::Package& row) {
  const auto* release = call.snapshot->release(row.release);
  out.begin_object();
  out.member("id", row.id.value);
  out.member("tenant", call.tenant_name(call.tenant_of(*release)));
  out.member("product", release->product.value);
  out.member("release", row.release.value);
  out.member("kind", domain::name_of(row.kind));
  out.member("base_version", row.base_version);
  out.member("file_name", row.file_name);
  out.member("format", row.format);
  out.member("size_bytes", row.size_bytes);
  out.member("md5", row.digests.md5);
  out.member("sha1", row.digests.sha1);
  out.member("sha256", row.digests.sha256);
  integers_member(out, "permissions", row.permissions);
  out.member("hidden", row.hidden);
  time_member(out, "created_at", row.created_at);
  time_member(out, "updated_at", row.updated_at);
  out.end_object();
}

http::Response package_response(int status, const Call& call, const domain::Package& row) {
  base::JsonWriter out;
  write_package(out, call, row);
  return json_response(status, out.take());
}

}  // namespace

Answer list_packages(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(tenant, call.scope(query.text("tenant")));
  const auto product = query.integer("product");
  const auto release = query.integer("release");
  const auto sha256 = query.text("sha256");
  const auto options = query.list_options();
  OTARU_CHECK(query.done());
  const std::string hash = base::lower(sha256.value_or(""));
  const auto keep = [&, tenant = tenant](const domain::Package& row) {
    const auto& of = *call.snapshot->release(row.release);
    return (!tenant || call.tenant_of(of) == *tenant) &&
           (!product || of.product.value == *product) &&
           (!release || row.release.value == *release) && (!sha256 || row.digests.sha256 == hash);
  };
  return list_rows(call, package_list_words(), call.snapshot->rows().packages, options, keep,
                   [&](base::JsonWriter& out, const auto& row) { write_package(out, call, row); });
}

Answer create_package(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  app::PackageSpec spec;
  const int64_t release = fields.required_integer("release");
  spec.upload = fields.text("upload").value_or("");
  spec.sha256 = fields.sha256("sha256");
  spec.kind = fields.word("kind", domain::parse_package_kind);
  spec.base_version = fields.text("base_version").value_or("");
  const auto file_name = fields.text("file_name");
  spec.file_name = file_name.value_or("");
  const auto format = fields.text("format");
  spec.format = format.value_or("");
  spec.overrides = fields.texts("override").value_or(std::vector<std::string>());
  spec.override_reason = fields.text("override_reason").value_or("");
  spec.permissions = fields.integers("permissions").value_or(std::vector<int64_t>());
  spec.hidden = fields.flag("hidden").value_or(false);
  OTARU_CHECK(fields.done());
  if (format && format->empty()) {
    return base::fail_field(base::Code::invalid, "format", "it is empty",
                            "leave it out for what the file says");
  }
  if (file_name && file_name->empty()) {
    return base::fail_field(base::Code::invalid, "file_name", "it is empty",
                            "leave it out to keep the name of the upload");
  }
  OTARU_TRY(of, call.release(release, "release"));
  spec.release = of->id;
  if (!spec.upload.empty()) OTARU_CHECK(visible_upload(call, spec.upload));
  OTARU_TRY(row, call.catalogue().create_package(call.by(), spec));
  return package_response(201, call, row);
}

Answer get_package(Call& call) {
  OTARU_TRY(id, call.id());
  OTARU_TRY(row, call.package(id));
  return package_response(200, call, *row);
}

Answer update_package(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  app::PackageChange with;
  with.permissions = fields.integers("permissions");
  with.hidden = fields.flag("hidden");
  OTARU_CHECK(fields.done());
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.package(id));
  OTARU_TRY(row, call.catalogue().update_package(call.by(), known->id, with));
  return package_response(200, call, row);
}

Answer delete_package(Call& call) {
  OTARU_TRY(id, call.id());
  OTARU_TRY(known, call.package(id));
  OTARU_CHECK(call.catalogue().delete_package(call.by(), known->id));
  return no_content();
}

// Read from the file anew: it never changes, and a newer server may know more about it.
Answer inspect_package(Call& call) {
  OTARU_TRY(id, call.id());
  OTARU_TRY(row, call.package(id));
  OTARU_TRY(found, call.parts.uploads->inspect(row->digests.sha256, {}));
  if (!found) {
    return base::fail(base::Code::unavailable, "this server does not look into files");
  }
  return json_response(200, found->json);
}

Answer download_package(Call& call) {
  OTARU_TRY(id, call.id());
  OTARU_TRY(row, call.package(id));
  auto blob = call.parts.engine->blobs().open(row->digests.sha256);
  if (!blob) {
    // The catalogue names it, so it should be there: this is the server's fault, not the caller's.
    return base::fail(base::Code::internal, "the file of the package is missing",
                      blob.error().message + " " + row->digests.sha256);
  }
  http::Download what;
  what.file = *blob;
  what.etag = '"' + row->digests.sha256 + '"';
  what.last_modified = row->created_at;
  what.headers = {{"Content-Disposition", "attachment; filename=\"" + row->file_name + "\""}};
  return http::download(call.request, what);
}

}  // namespace otaru::api
