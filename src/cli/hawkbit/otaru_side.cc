// SPDX-License-Identifier: Apache-2.0
#include "cli/hawkbit/otaru_side.h"

#include <algorithm>
#include <memory>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/random.h"
#include "base/time.h"
#include "cli/hawkbit/management.h"
#include "cli/process.h"
#include "cli/special.h"
#include "domain/device_filter.h"

namespace otaru::cli::hawkbit {
namespace {

namespace limits = base::limits;
using base::Code;

constexpr size_t kKeyCharacters = 32;
constexpr int64_t kFirstPollMs = 20;
constexpr int64_t kSlowestPollMs = 500;

int64_t id_of(base::JsonView row) {
  return row.find("id").integer().value_or(0);
}

std::string member_of(base::JsonView row, std::string_view name) {
  return std::string(row.find(name).text().value_or(""));
}

// A text of a filter. Names with characters that none can have are found by nothing.
std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

bool is_the_file(base::JsonView package, const Artifact& artifact) {
  if (!artifact.sha256.empty()) return package.find("sha256").text() == artifact.sha256;
  return !artifact.sha1.empty() && package.find("sha1").text() == artifact.sha1;
}

}  // namespace

bool ends_import(const base::Error& error) {
  return error.code == Code::unavailable || error.code == Code::timeout ||
         error.code == Code::unauthenticated || error.code == Code::forbidden ||
         error.code == Code::internal;
}

base::Result<ApiReply> OtaruSide::send(const ApiRequest& request) {
  for (int attempt = 0;; ++attempt) {
    auto reply = session_.client.send(request);
    if (interrupted()) return base::fail(Code::timeout, "interrupted");
    const bool temporary =
        reply ? reply->status == 429 || reply->status == 502 || reply->status == 503
              : reply.error().code == Code::unavailable && reply.error().rule != "certificate";
    if (!temporary || attempt + 1 >= limits::kHawkbitTriesMax) return reply;
    pause_before_retry(attempt, reply, "Otaru");
  }
}

base::Result<base::JsonDocument> OtaruSide::call(const std::string& method, const std::string& path,
                                                 const std::string& body) {
  ApiRequest request;
  request.method = method;
  request.path = path;
  request.body = body;
  // What was lost on the way back is not made again.
  if (method == "POST") {
    request.headers["Idempotency-Key"] =
        base::SecureRandom().text(kKeyCharacters, base::kAlphanumeric);
  }
  OTARU_TRY(reply, send(request));
  if (reply.good()) return base::JsonDocument::parse(reply.body.empty() ? "{}" : reply.body);
  base::Error error = refusal_error(reply);
  if (reply.status == 401) error.code = Code::unauthenticated;
  if (reply.status == 403) error.code = Code::forbidden;
  if (reply.status >= 500) error.code = Code::internal;
  if (ends_import(error)) error.message = "Otaru: " + error.message;
  return base::fail(std::move(error));
}

base::Result<base::JsonDocument> OtaruSide::post(const std::string& path, const std::string& body) {
  return call("POST", path, body);
}

void OtaruSide::add_tenant(base::JsonWriter& body) const {
  if (!options_.tenant.empty()) body.member("tenant", options_.tenant);
}

std::string OtaruSide::list_path(const std::string& noun, const std::string& filter) const {
  std::string path = "/api/v1/" + noun + "?filter=" + base::percent_encode(filter);
  if (!options_.tenant.empty()) path += "&tenant=" + base::percent_encode(options_.tenant);
  return path;
}

base::Status OtaruSide::probe() {
  auto known = call("GET", list_path("products", "name == \"\""));
  if (!known) return base::fail(known.error());
  return {};
}

base::Result<std::optional<int64_t>> OtaruSide::find_product(const Part& part) {
  const auto known = products_.find({part.product, part.feature});
  if (known != products_.end()) return std::optional(known->second);
  const std::string filter = "name == " + in_quotes(part.product) + " and model == \"\"" +
                             " and feature == " + in_quotes(part.feature);
  auto found = call("GET", list_path("products", filter));
  if (!found) {
    if (ends_import(found.error())) return base::fail(found.error());
    return std::optional<int64_t>();  // a name that cannot even be asked for
  }
  const auto items = found->root().find("items");
  if (items.size() == 0) return std::optional<int64_t>();
  const int64_t id = id_of(items.at(0));
  products_[{part.product, part.feature}] = id;
  return std::optional(id);
}

base::Result<int64_t> OtaruSide::ensure_product(const Part& part, std::string_view scheme) {
  OTARU_TRY(known, find_product(part));
  if (known) return *known;
  base::JsonWriter body;
  body.begin_object();
  body.member("name", part.product);
  if (!part.feature.empty()) body.member("feature", part.feature);
  body.member("type", product_type_of(part.feature));
  body.member("version_scheme", scheme);
  add_tenant(body);
  body.end_object();
  OTARU_TRY(made, post("/api/v1/products", body.take()));
  const int64_t id = id_of(made.root());
  products_[{part.product, part.feature}] = id;
  return id;
}

base::Result<std::optional<OtaruSide::Release>> OtaruSide::find_release(
    int64_t product, const std::string& version) {
  OTARU_TRY(found, call("GET", "/api/v1/releases?product=" + std::to_string(product) +
                                   "&version=" + base::percent_encode(version)));
  std::optional<Release> out;
  const auto items = found.root().find("items");
  for (size_t i = 0; i < items.size(); ++i) {
    const Release row{id_of(items.at(i)), member_of(items.at(i), "state")};
    // One that is revoked only counts when there is no other.
    if (!out || out->state == "revoked") out = row;
  }
  return out;
}

// Code::precondition: it has another file.
base::Result<bool> OtaruSide::has_package(int64_t release, const Artifact& artifact) {
  OTARU_TRY(found, call("GET", "/api/v1/packages?release=" + std::to_string(release)));
  const auto items = found.root().find("items");
  bool another = false;
  for (size_t i = 0; i < items.size(); ++i) {
    if (is_the_file(items.at(i), artifact)) return true;
    another = another || items.at(i).find("kind").text() == "full";
  }
  if (!another) return false;
  return base::fail(Code::precondition,
                    "its release " + std::to_string(release) + " is there, with another file");
}

base::Status OtaruSide::add_package(int64_t release, const Artifact& artifact,
                                    const std::string& file) {
  UploadArgs upload;
  upload.file = file;
  upload.file_name = file_name_of(artifact.file_name);
  upload.state_folder = options_.files;
  upload.tenant = options_.tenant;
  OTARU_TRY(id, upload_file(upload, session_));
  const auto body = [&, upload_id = &id](std::string_view overridden) {
    base::JsonWriter out;
    out.begin_object();
    out.member("release", release);
    out.member("upload", *upload_id);
    if (!overridden.empty()) {
      out.key("override");
      out.begin_array();
      out.value(overridden);
      out.end_array();
      out.member("override_reason", "hawkBit has it under this version");
    }
    out.end_object();
    return out.take();
  };
  auto made = post("/api/v1/packages", body(""));
  if (!made && !ends_import(made.error())) {
    // The file says it is another version; hawkBit delivered it as this one all the same.
    const auto problem = base::JsonDocument::parse(made.error().detail);
    const std::string field = problem ? member_of(problem->root(), "field") : "";
    if (field == "version" || field == "hardware") made = post("/api/v1/packages", body(field));
  }
  if (!made) return base::fail(made.error());
  return {};
}

base::Result<Done> OtaruSide::ensure_release(int64_t product, const Module& module,
                                             const Artifact& artifact, const Fetch& fetch) {
  OTARU_TRY(found, find_release(product, module.version));
  if (found && found->state == "revoked") {
    return base::fail(Code::precondition,
                      "release " + std::to_string(found->id) + " of this version is revoked here");
  }
  bool there = false;
  if (found) {
    OTARU_TRY(has, has_package(found->id, artifact));
    there = has;
  }
  const bool publish = !options_.draft && (!found || found->state == "draft");
  if (there && !publish) return Done::there;
  std::string file;
  if (!there) {
    OTARU_TRY(fetched, fetch());
    file = fetched;
  }
  if (!found) {
    base::JsonWriter body;
    body.begin_object();
    body.member("product", product);
    body.member("version", module.version);
    body.member("channel", options_.channel);
    if (!module.description.empty()) {
      body.key("notes");
      body.begin_object();
      body.member("en", module.description);
      body.end_object();
    }
    body.end_object();
    OTARU_TRY(made, post("/api/v1/releases", body.take()));
    found = Release{id_of(made.root()), "draft"};
  }
  if (!there) OTARU_CHECK(add_package(found->id, artifact, file));
  if (publish) {
    OTARU_CHECK(post("/api/v1/releases/" + std::to_string(found->id) + "/publish", ""));
  }
  return Done::written;
}

base::Result<Done> OtaruSide::ensure_kit(const KitWish& wish) {
  OTARU_TRY(found,
            call("GET", list_path("kits", "version == " + in_quotes(wish.version) +
                                              " and channel == " + in_quotes(wish.channel))));
  const auto items = found.root().find("items");
  int64_t id = 0;
  bool draft = true;
  for (size_t i = 0; i < items.size(); ++i) {
    const auto row = items.at(i);
    if (row.find("state").text() == "revoked") continue;
    id = id_of(row);
    draft = row.find("state").text() == "draft";
    std::vector<int64_t> has;
    const auto inner = row.find("items");
    for (size_t k = 0; k < inner.size(); ++k) {
      has.push_back(inner.at(k).find("release").integer().value_or(0));
    }
    std::vector<int64_t> wanted = wish.releases;
    std::sort(wanted.begin(), wanted.end());
    std::sort(has.begin(), has.end());
    if (has == wanted) continue;
    return base::fail(Code::precondition,
                      "kit " + std::to_string(id) + " is there, with other releases");
  }
  if (id == 0 && items.size() > 0) {
    return base::fail(Code::precondition, "the kit of this version is revoked here");
  }
  const bool publish = !options_.draft && draft;
  if (id != 0 && !publish) return Done::there;
  if (id == 0) {
    base::JsonWriter body;
    body.begin_object();
    body.member("version", wish.version);
    body.member("channel", wish.channel);
    if (!wish.notes.empty()) {
      body.key("notes");
      body.begin_object();
      body.member("en", wish.notes);
      body.end_object();
    }
    body.key("releases");
    body.begin_array();
    for (const int64_t release : wish.releases) body.value(release);
    body.end_array();
    add_tenant(body);
    body.end_object();
    OTARU_TRY(made, post("/api/v1/kits", body.take()));
    id = id_of(made.root());
  }
  if (publish) {
    OTARU_CHECK(post("/api/v1/kits/" + std::to_string(id) + "/publish", ""));
  }
  return Done::written;
}

base::Result<Done> OtaruSide::ensure_group(const std::string& name, const std::string& filter,
                                           const std::string& description) {
  auto found = call("GET", list_path("groups", "name == " + in_quotes(name)));
  if (!found && ends_import(found.error())) return base::fail(found.error());
  const auto items = found ? found->root().find("items") : base::JsonView();
  if (items.size() > 0) {
    // Both in canonical form.
    if (items.at(0).find("filter").text() == filter) return Done::there;
    return base::fail(Code::precondition, "a group of this name is there, with another filter");
  }
  base::JsonWriter body;
  body.begin_object();
  body.member("name", name);
  body.member("filter", filter);
  body.member("description", description);
  add_tenant(body);
  body.end_object();
  OTARU_CHECK(post("/api/v1/groups", body.take()));
  return Done::written;
}

base::Result<std::optional<int64_t>> OtaruSide::last_seen_ms(const std::string& key) {
  std::string path = "/api/v1/devices/" + base::percent_encode(key);
  if (!options_.tenant.empty()) path += "?tenant=" + base::percent_encode(options_.tenant);
  auto row = call("GET", path);
  if (!row) {
    if (ends_import(row.error())) return base::fail(row.error());
    return std::optional<int64_t>();
  }
  base::Time seen{0};
  const auto text = row->root().find("last_seen_at").text();
  if (text && !base::parse_iso8601(std::string(*text), seen)) seen = base::Time{0};
  return std::optional(seen.ms);
}

base::Result<OtaruSide::Imported> OtaruSide::import_devices(const std::string& lines,
                                                            const Wrong& wrong) {
  ApiRequest request;
  request.method = "PUT";
  request.path = "/api/v1/blobs?file_name=hawkbit.ndjson";
  if (!options_.tenant.empty()) {
    request.path += "&tenant=" + base::percent_encode(options_.tenant);
  }
  request.content_type = "application/octet-stream";
  request.body = lines;
  OTARU_TRY(reply, send(request));
  if (!reply.good()) {
    base::Error error = refusal_error(reply);
    error.code = Code::internal;  // without this nothing of the fleet moves
    return base::fail(std::move(error));
  }
  OTARU_TRY(upload, base::JsonDocument::parse(reply.body));
  base::JsonWriter body;
  body.begin_object();
  body.member("upload", member_of(upload.root(), "id"));
  body.member("format", "ndjson");
  body.member("mode", "upsert");
  add_tenant(body);
  body.end_object();
  auto begun = post("/api/v1/imports", body.take());
  if (!begun) {
    base::Error error = begun.error();
    error.code = Code::internal;
    return base::fail(std::move(error));
  }
  return wait_for_import(id_of(begun->root()), wrong);
}

base::Result<OtaruSide::Imported> OtaruSide::wait_for_import(int64_t id, const Wrong& wrong) {
  const std::string path = "/api/v1/imports/" + std::to_string(id);
  for (int64_t pause = kFirstPollMs;; pause = std::min(pause * 2, kSlowestPollMs)) {
    OTARU_TRY(row, call("GET", path));
    const std::string state = member_of(row.root(), "state");
    if (state == "queued" || state == "running") {
      wait_ms(pause);
      if (interrupted()) return base::fail(Code::timeout, "interrupted");
      continue;
    }
    if (state != "finished") {
      return base::fail(Code::internal, "import " + std::to_string(id) + " of devices " + state +
                                            ": " + member_of(row.root(), "message"));
    }
    const auto count = [&](std::string_view name) {
      return row.root().find(name).integer().value_or(0);
    };
    const Imported out{count("created") + count("updated"), count("unchanged"), count("failed")};
    if (out.failed == 0) return out;
    ApiRequest request;
    request.path = path + "/errors";
    OTARU_TRY(errors, send(request));
    std::string_view rest = errors.body;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
      const auto fault = base::JsonDocument::parse(line);
      if (!fault) continue;
      const std::string field = member_of(fault->root(), "field");
      wrong(member_of(fault->root(), "key"),
            (field.empty() ? "" : field + ": ") + member_of(fault->root(), "reason"));
    }
    return out;
  }
}

}  // namespace otaru::cli::hawkbit
