// SPDX-License-Identifier: Apache-2.0
// Packages out of files: added, published, fetched.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/encoding.h"
#include "base/hash.h"
#include "cli/described.h"
#include "cli/process.h"
#include "cli/special.h"

namespace otaru::cli {
namespace {

using base::Code;

constexpr size_t kPieceBytes = 1 << 20;

base::Result<std::string> package_body(const PackageAddArgs& args, int64_t release,
                                       const std::string& upload) {
  base::JsonWriter body;
  body.begin_object();
  body.member("release", release);
  body.member("upload", upload);
  if (!args.base_version.empty()) body.member("base_version", args.base_version);
  if (!args.format.empty()) body.member("format", args.format);
  if (!args.permissions.empty()) {
    body.key("permissions");
    body.begin_array();
    for (const int64_t id : args.permissions) body.value(id);
    body.end_array();
  }
  if (args.hidden) body.member("hidden", true);
  body.end_object();
  return body.take();
}

base::Result<base::JsonDocument> add_to_release(const PackageAddArgs& args, int64_t release,
                                                Session& session) {
  UploadArgs upload;
  upload.file = args.file;
  upload.file_name = args.file_name;
  upload.state_folder = args.state_folder;
  OTARU_TRY(id, upload_file(upload, session));
  OTARU_TRY(body, package_body(args, release, id));
  return call(session.client, "POST", "/api/v1/packages", body);
}

int print_document(const base::JsonDocument& document, const Session& session) {
  if (session.json) {
    emit(json_line(document.root()) + "\n");
  } else {
    emit(format_details(document.root()));
  }
  return kExitOk;
}

base::Status add_map(base::JsonWriter& body, const char* member,
                     const std::vector<std::string>& texts) {
  if (texts.empty()) return {};
  body.key(member);
  body.begin_object();
  for (const auto& text : texts) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos) {
      return base::fail(Code::invalid, "'" + text + "' is not KEY=VALUE");
    }
    body.member(text.substr(0, equals), text.substr(equals + 1));
  }
  body.end_object();
  return {};
}

base::Result<int64_t> product_of(const PublishArgs& args, Session& session) {
  auto found = resolve(Names::product, args.product, session.client);
  if (found || !args.create || found.error().code != Code::not_found) return found;
  base::JsonWriter body;
  body.begin_object();
  body.member("name", args.product);
  for (const auto& text : args.product_settings) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos) {
      return base::fail(Code::invalid, "--set '" + text + "' is not MEMBER=VALUE");
    }
    body.member(text.substr(0, equals), text.substr(equals + 1));
  }
  body.end_object();
  OTARU_TRY(made, call(session.client, "POST", "/api/v1/products", body.take()));
  return made.root().find("id").integer().value_or(0);
}

// The id of the new draft, or of the one that an interrupted try has left.
base::Result<int64_t> draft_of(const PublishArgs& args, int64_t product, const std::string& body,
                               Session& session) {
  const auto made = call(session.client, "POST", "/api/v1/releases", body);
  if (made) return made->root().find("id").integer().value_or(0);
  if (made.error().code != Code::conflict) return base::fail(made.error());
  const auto found =
      resolve(Names::release, std::to_string(product) + "@" + args.version, session.client);
  if (!found) return base::fail(made.error());
  OTARU_TRY(release, call(session.client, "GET", "/api/v1/releases/" + std::to_string(*found)));
  const bool draft = release.root().find("state").text().value_or("") == "draft";
  if (!draft) return base::fail(made.error());
  return *found;
}

// Whether the release has this very file as its full package already.
base::Result<bool> has_file(const PackageAddArgs& args, int64_t release, Session& session) {
  std::vector<std::string> hashes;
  OTARU_TRY(reply,
            for_each_item(session.client, "/api/v1/packages?release=" + std::to_string(release),
                          [&](base::JsonView item) {
                            hashes.emplace_back(item.find("sha256").text().value_or(""));
                            return true;
                          }));
  if (!reply.good() || hashes.empty()) return false;
  base::MultiHasher hasher;
  std::ifstream in(args.file, std::ios::binary);
  std::vector<char> piece(kPieceBytes);
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0) {
    hasher.update(std::string_view(piece.data(), static_cast<size_t>(in.gcount())));
  }
  const std::string own = hasher.finish().sha256;
  return std::find(hashes.begin(), hashes.end(), own) != hashes.end();
}

base::Result<base::JsonDocument> publish_all(const PublishArgs& args, Session& session) {
  OTARU_TRY(product, product_of(args, session));
  base::JsonWriter body;
  body.begin_object();
  body.member("product", product);
  body.member("version", args.version);
  if (!args.channel.empty()) body.member("channel", args.channel);
  OTARU_CHECK(add_map(body, "labels", args.labels));
  OTARU_CHECK(add_map(body, "notes", args.notes));
  body.end_object();
  OTARU_TRY(id, draft_of(args, product, body.take(), session));
  OTARU_TRY(there, has_file(args.package, id, session));
  if (!there) OTARU_CHECK(add_to_release(args.package, id, session));
  return call(session.client, "POST", "/api/v1/releases/" + std::to_string(id) + "/publish");
}

}  // namespace

int package_add(const PackageAddArgs& args, Session& session) {
  catch_interrupts();
  const auto release = resolve(Names::release, args.release, session.client);
  if (!release) return print_error(release.error());
  const auto made = add_to_release(args, *release, session);
  return made ? print_document(*made, session) : print_error(made.error());
}

int publish(const PublishArgs& args, Session& session) {
  catch_interrupts();
  PublishArgs all = args;
  if (args.product.empty() || args.version.empty()) {
    if (const auto taken = take_from_file(all, session); !taken) return print_error(taken.error());
  }
  const auto release = publish_all(all, session);
  return release ? print_document(*release, session) : print_error(release.error());
}

int package_download(const std::string& id, const std::string& to, Session& session) {
  const auto package = call(session.client, "GET", "/api/v1/packages/" + base::percent_encode(id));
  if (!package) return print_error(package.error());
  const std::string name =
      to.empty() ? std::filesystem::path(package->root().find("file_name").text().value_or(""))
                       .filename()
                       .string()
                 : to;
  if (name.empty() || name == "." || name == "..") {
    return print_error({Code::invalid, "the package's file has no name; give one with --to", {}});
  }
  catch_interrupts();
  std::ofstream out(name + ".part", std::ios::binary | std::ios::trunc);
  base::MultiHasher hasher;
  ApiRequest request;
  request.path = "/api/v1/packages/" + base::percent_encode(id) + "/file";
  request.write = [&](std::string_view bytes) {
    hasher.update(bytes);
    return static_cast<bool>(out.write(bytes.data(), static_cast<std::streamsize>(bytes.size())));
  };
  const auto reply = session.client.send(request);
  out.close();
  const bool good = reply && reply->good() && out.good() &&
                    hasher.finish().sha256 == package->root().find("sha256").text().value_or("");
  if (!good) {
    ::unlink((name + ".part").c_str());
    if (!reply) return print_error(reply.error());
    if (!reply->good()) return print_refusal(*reply);
    return print_error({Code::conflict,
                        "what arrived is not what the package is (SHA-256), or the disk is full",
                        {}});
  }
  std::error_code renamed;
  std::filesystem::rename(name + ".part", name, renamed);
  if (renamed) return print_error({Code::internal, name + ": " + renamed.message(), {}});
  if (session.json) {
    emit(json_line(package->root()) + "\n");
  } else {
    emit(printable(name) + "\n");
  }
  return kExitOk;
}

}  // namespace otaru::cli
