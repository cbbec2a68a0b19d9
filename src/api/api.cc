// SPDX-License-Identifier: Apache-2.0
// The table of operations, and the frame around each: who asks, may they, and what went wrong.
#include "api/api.h"

#include "api/handlers.h"
#include "base/hash.h"
#include "base/limits.h"
#include "http/tus.h"

namespace otaru::api {
namespace {

namespace limits = base::limits;
using base::Code;
using domain::Permission;
using http::Method;
using Handler = Answer (*)(Call&);
using SinkOpener = SinkAnswer (*)(Call&);

struct Operation {
  Method method = Method::get;
  std::string_view pattern;
  Permission needs = Permission::read;
  Handler handler = nullptr;
  SinkOpener sink = nullptr;  // streamed body
  bool query = false;         // takes parameters; elsewhere any is an error
  bool tus = false;           // speaks the tus protocol: its version is looked at and told
};

constexpr Operation kOperations[] = {
    {Method::get, "/healthz", Permission::open, healthz, nullptr, true},
    {Method::get, "/readyz", Permission::open, readyz, nullptr, true},
    {Method::get, "/metrics", Permission::open, metrics, nullptr, true},
    {Method::get, "/api/v1", Permission::self, describe_server},
    {Method::get, "/api/v1/tenants", Permission::read, list_tenants, nullptr, true},
    {Method::post, "/api/v1/tenants", Permission::server_manage, create_tenant},
    {Method::get, "/api/v1/settings", Permission::settings_manage, list_settings},
    {Method::put, "/api/v1/settings/{name}", Permission::settings_manage, put_setting},

    {Method::get, "/api/v1/products", Permission::read, list_products, nullptr, true},
    {Method::post, "/api/v1/products", Permission::catalogue_write, create_product},
    {Method::get, "/api/v1/products/{id}", Permission::read, get_product},
    {Method::patch, "/api/v1/products/{id}", Permission::catalogue_write, update_product},
    {Method::del, "/api/v1/products/{id}", Permission::catalogue_write, delete_product},

    {Method::get, "/api/v1/releases", Permission::read, list_releases, nullptr, true},
    {Method::post, "/api/v1/releases", Permission::catalogue_write, create_release},
    {Method::get, "/api/v1/releases/{id}", Permission::read, get_release},
    {Method::patch, "/api/v1/releases/{id}", Permission::catalogue_write, update_release},
    {Method::del, "/api/v1/releases/{id}", Permission::catalogue_write, delete_release},
    {Method::post, "/api/v1/releases/{id}/publish", Permission::catalogue_write, publish_release},
    {Method::post, "/api/v1/releases/{id}/revoke", Permission::catalogue_write, revoke_release},

    {Method::get, "/api/v1/packages", Permission::read, list_packages, nullptr, true},
    {Method::post, "/api/v1/packages", Permission::catalogue_write, create_package},
    {Method::get, "/api/v1/packages/{id}", Permission::read, get_package},
    {Method::patch, "/api/v1/packages/{id}", Permission::catalogue_write, update_package},
    {Method::del, "/api/v1/packages/{id}", Permission::catalogue_write, delete_package},
    {Method::get, "/api/v1/packages/{id}/file", Permission::read, download_package},
    {Method::head, "/api/v1/packages/{id}/file", Permission::read, download_package},

    {Method::get, "/api/v1/kits", Permission::read, list_kits, nullptr, true},
    {Method::post, "/api/v1/kits", Permission::catalogue_write, create_kit},
    {Method::get, "/api/v1/kits/{id}", Permission::read, get_kit},
    {Method::patch, "/api/v1/kits/{id}", Permission::catalogue_write, update_kit},
    {Method::del, "/api/v1/kits/{id}", Permission::catalogue_write, delete_kit},
    {Method::post, "/api/v1/kits/{id}/publish", Permission::catalogue_write, publish_kit},
    {Method::post, "/api/v1/kits/{id}/revoke", Permission::catalogue_write, revoke_kit},

    {Method::get, "/api/v1/deployments", Permission::read, list_deployments, nullptr, true},
    {Method::post, "/api/v1/deployments", Permission::fleet_write, create_deployment},
    {Method::get, "/api/v1/deployments/{id}", Permission::read, get_deployment},
    {Method::patch, "/api/v1/deployments/{id}", Permission::fleet_write, update_deployment},
    {Method::del, "/api/v1/deployments/{id}", Permission::fleet_write, delete_deployment},
    {Method::get, "/api/v1/deployments/{id}/devices", Permission::read, list_deployment_devices,
     nullptr, true},
    {Method::post, "/api/v1/deployments/{id}/devices", Permission::fleet_write,
     change_deployment_devices},
    {Method::post, "/api/v1/deployments/{id}/start", Permission::fleet_write, start_deployment},
    {Method::post, "/api/v1/deployments/{id}/pause", Permission::fleet_write, pause_deployment},
    {Method::post, "/api/v1/deployments/{id}/resume", Permission::fleet_write, resume_deployment},
    {Method::post, "/api/v1/deployments/{id}/finish", Permission::fleet_write, finish_deployment},
    {Method::post, "/api/v1/deployments/{id}/approve", Permission::deployments_approve,
     approve_deployment},
    {Method::post, "/api/v1/deployments/{id}/reject", Permission::deployments_approve,
     reject_deployment},
    {Method::post, "/api/v1/deployments/{id}/cancel", Permission::fleet_write, cancel_deployment},

    {Method::get, "/api/v1/devices", Permission::read, list_devices, nullptr, true},
    {Method::post, "/api/v1/devices", Permission::fleet_write, register_device},
    {Method::get, "/api/v1/devices/{key}", Permission::read, get_device, nullptr, true},
    {Method::patch, "/api/v1/devices/{key}", Permission::fleet_write, update_device, nullptr, true},
    {Method::del, "/api/v1/devices/{key}", Permission::fleet_write, delete_device, nullptr, true},
    {Method::put, "/api/v1/devices/{key}/secret", Permission::fleet_write, set_device_secret,
     nullptr, true},
    {Method::del, "/api/v1/devices/{key}/secret", Permission::fleet_write, delete_device_secret,
     nullptr, true},
    {Method::get, "/api/v1/devices/{key}/tasks", Permission::read, list_device_tasks, nullptr,
     true},
    {Method::get, "/api/v1/devices/{key}/log", Permission::read, list_device_log, nullptr, true},
    {Method::get, "/api/v1/devices/{key}/explain", Permission::read, explain_device, nullptr, true},

    {Method::get, "/api/v1/groups", Permission::read, list_groups, nullptr, true},
    {Method::post, "/api/v1/groups", Permission::fleet_write, create_group},
    {Method::get, "/api/v1/groups/{id}", Permission::read, get_group},
    {Method::patch, "/api/v1/groups/{id}", Permission::fleet_write, update_group},
    {Method::del, "/api/v1/groups/{id}", Permission::fleet_write, delete_group},
    {Method::post, "/api/v1/groups/{id}/devices", Permission::fleet_write, change_group_devices},

    {Method::get, "/api/v1/exports/devices", Permission::read, export_devices, nullptr, true},
    {Method::get, "/api/v1/imports", Permission::read, list_imports, nullptr, true},
    {Method::post, "/api/v1/imports", Permission::fleet_write, create_import},
    {Method::get, "/api/v1/imports/{id}", Permission::read, get_import},
    {Method::get, "/api/v1/imports/{id}/errors", Permission::read, list_import_errors},
    {Method::post, "/api/v1/imports/{id}/cancel", Permission::fleet_write, cancel_import},

    {Method::get, "/api/v1/tasks", Permission::read, list_tasks, nullptr, true},
    {Method::get, "/api/v1/tasks/{id}", Permission::read, get_task},
    {Method::get, "/api/v1/tasks/{id}/history", Permission::read, list_task_history},
    {Method::post, "/api/v1/tasks/{id}/cancel", Permission::fleet_write, cancel_task},
    {Method::post, "/api/v1/tasks/{id}/pause", Permission::fleet_write, pause_task},
    {Method::post, "/api/v1/tasks/{id}/resume", Permission::fleet_write, resume_task},

    {Method::get, "/api/v1/login", Permission::open, login_page},
    {Method::post, "/api/v1/login", Permission::open, log_in},
    {Method::post, "/api/v1/logout", Permission::self, log_out},
    {Method::get, "/api/v1/setup", Permission::open, setup_page},
    {Method::post, "/api/v1/setup", Permission::open, set_up},
    {Method::get, "/api/v1/me", Permission::self, get_me},
    {Method::put, "/api/v1/me/password", Permission::self, change_password},
    {Method::get, "/api/v1/sessions", Permission::self, list_sessions},
    {Method::del, "/api/v1/sessions/{key}", Permission::self, end_session},

    {Method::get, "/api/v1/users", Permission::users_manage, list_users, nullptr, true},
    {Method::post, "/api/v1/users", Permission::users_manage, create_user},
    {Method::get, "/api/v1/users/{id}", Permission::users_manage, get_user},
    {Method::patch, "/api/v1/users/{id}", Permission::users_manage, update_user},
    {Method::del, "/api/v1/users/{id}", Permission::users_manage, delete_user},
    {Method::post, "/api/v1/users/{id}/invite", Permission::users_manage, invite_user},
    {Method::post, "/api/v1/users/{id}/reset-password", Permission::users_manage,
     reset_user_password},

    {Method::get, "/api/v1/credentials", Permission::read, list_credentials, nullptr, true},
    {Method::post, "/api/v1/credentials", Permission::keys_manage, create_credential},
    {Method::get, "/api/v1/credentials/{id}", Permission::read, get_credential},
    {Method::patch, "/api/v1/credentials/{id}", Permission::keys_manage, update_credential},
    {Method::del, "/api/v1/credentials/{id}", Permission::keys_manage, delete_credential},
    {Method::post, "/api/v1/credentials/{id}/rotate", Permission::keys_manage, rotate_credential},

    {Method::get, "/api/v1/uploads", Permission::catalogue_write, list_uploads, nullptr, true},
    {Method::post, "/api/v1/uploads", Permission::catalogue_write, create_upload, create_tus_upload,
     true, true},
    {Method::options, "/api/v1/uploads", Permission::open, describe_tus, nullptr, false, true},
    {Method::get, "/api/v1/uploads/{id}", Permission::catalogue_write, get_upload, nullptr, false,
     true},
    {Method::head, "/api/v1/uploads/{id}", Permission::catalogue_write, head_upload, nullptr, false,
     true},
    {Method::patch, "/api/v1/uploads/{id}", Permission::catalogue_write, nullptr, append_upload,
     false, true},
    {Method::post, "/api/v1/uploads/{id}", Permission::catalogue_write, override_upload,
     append_upload, false, true},
    {Method::del, "/api/v1/uploads/{id}", Permission::catalogue_write, delete_upload, nullptr,
     false, true},
    {Method::post, "/api/v1/uploads/{id}/complete", Permission::catalogue_write, complete_upload},
    {Method::put, "/api/v1/blobs", Permission::catalogue_write, nullptr, put_blob, true},
    {Method::post, "/api/v1/blobs", Permission::catalogue_write, nullptr, post_form, true},
};

const Operation& operation_of(int tag) {
  OTARU_ASSERT(tag >= 0 && static_cast<size_t>(tag) < std::size(kOperations));
  return kOperations[tag];
}

Caller caller_of(const domain::Credential& key) {
  Caller out;
  out.key = &key;
  out.tenant = key.tenant;
  out.role = app::role_of(key);
  out.reach = app::reach_of(key);
  return out;
}

base::Result<Caller> caller_of(const Call& call, std::string_view token) {
  const auto login = call.access().find(token);
  const auto* user = login ? call.snapshot->user(login->user) : nullptr;
  if (user == nullptr || user->disabled) {
    return base::fail(Code::unauthenticated, "the session has ended", "");
  }
  Caller out;
  out.user = user;
  out.login = login;
  out.tenant = user->tenant ? user->tenant : domain::kDefaultTenant;
  out.role = user->role;
  out.reach = user->reach();
  return out;
}

// What a browser sends along by itself proves who, but not that the person meant it: changes need
// what only a page of ours can read (docs/api.md, "Sessions").
base::Status check_meant(const Call& call, const Caller& caller) {
  const bool reads = call.request.method == Method::get || call.request.method == Method::head;
  if (reads) return {};
  const auto given = call.request.header("X-Otaru-CSRF").value_or("");
  if (base::constant_time_equal(given, call.access().csrf_token(caller.login->login))) return {};
  return base::fail_field(Code::forbidden, "X-Otaru-CSRF",
                          "a change with a session cookie needs the header X-Otaru-CSRF",
                          "send the member csrf of GET /api/v1/me in it");
}

// Who asks; Code::unauthenticated does not say what was wrong with the key.
base::Result<Caller> identify(const Call& call) {
  constexpr std::string_view kScheme = "bearer ";
  const auto header = call.request.header("Authorization");
  if (!header) {
    const auto token = session_cookie(call);
    if (token.empty()) return base::fail(Code::unauthenticated, "an API key is needed");
    OTARU_TRY(caller, caller_of(call, token));
    OTARU_CHECK(check_meant(call, caller));
    return std::move(caller);
  }
  if (!base::iequals(header->substr(0, kScheme.size()), kScheme)) {
    return base::fail(Code::unauthenticated, "the authorization must be of the scheme Bearer");
  }
  const auto key = base::trim(header->substr(kScheme.size()));
  if (key.starts_with(app::kLoginTokenPrefix)) return caller_of(call, key);
  const auto* row = call.snapshot->credential_by_secret(
      domain::CredentialKind::api_key, call.parts.secrets->keyed_hash(app::kApiKeyPurpose, key));
  const bool living = row != nullptr && !row->disabled &&
                      (!row->expires_at || *row->expires_at > call.parts.engine->clock().now());
  if (!living) return base::fail(Code::unauthenticated, "the API key is not known");
  return caller_of(*row);
}

base::Status admit(Call& call, const Operation& operation) {
  if (operation.needs == Permission::open) return {};
  if (operation.tus) OTARU_CHECK(check_tus_version(call));
  // "?dry_run=true" that nobody knows must not do the thing.
  const bool odd_query = !operation.query && !call.request.query.empty();
  OTARU_TRY(actor, identify(call));
  call.actor = actor;
  if (odd_query) return base::fail(Code::invalid, "this operation takes no parameters");
  const bool must_change = call.actor.user != nullptr && call.actor.user->must_change;
  if (must_change && operation.needs != Permission::self) {
    return base::fail_field(Code::forbidden, "", "the password has to be changed first",
                            "PUT /api/v1/me/password, or the page /api/v1/login");
  }
  if (call.actor.may(operation.needs)) return {};
  return base::fail(Code::forbidden, "the role " + std::string(name_of(call.actor.role)) +
                                         " does not allow this: it needs " +
                                         std::string(name_of(operation.needs)));
}

// Once per request, when it is carried out.
void note_use(const Call& call) {
  if (call.actor.key != nullptr) call.access().note_key_used(call.actor.key->id);
  if (call.actor.login) call.access().note_login_used(*call.actor.login);
}

http::Response failed(const Call& call, const base::Error& error) {
  const std::string seed =
      std::string(call.request.target) + "\n" + std::to_string(call.parts.engine->clock().now().ms);
  auto response = problem(error, seed, call.refusal_status);
  if (call.upload_offset) response.header("Upload-Offset", std::to_string(*call.upload_offset));
  if (call.refusal_status == 412) response.header("Tus-Version", http::kTusVersion);
  return response;
}

// The protocol wants its version in every answer.
http::Response spoken(const Operation& operation, http::Response response) {
  if (operation.tus) response.header("Tus-Resumable", http::kTusVersion);
  return response;
}

}  // namespace

Api::Api(ApiParts parts) : parts_(std::move(parts)) {
  int tag = 0;
  for (const auto& operation : kOperations) {
    ApiRoute route;
    route.tag = tag++;
    route.method = operation.method;
    route.pattern = operation.pattern;
    route.needs = operation.needs;
    const bool streamed = operation.sink != nullptr;
    route.body = streamed ? http::BodyMode::stream : http::BodyMode::buffer;
    route.body_bytes_max =
        streamed ? static_cast<size_t>(limits::kBlobBytesMax) : limits::kApiBodyBytesMax;
    routes_.push_back(route);
  }
}

Api::~Api() = default;

http::BodyMode Api::body_mode(int tag, const http::Request& head) const {
  const Operation& operation = operation_of(tag);
  if (operation.handler == nullptr || operation.sink == nullptr) {
    return routes_[static_cast<size_t>(tag)].body;
  }
  return brings_bytes(head) ? http::BodyMode::stream : http::BodyMode::buffer;
}

std::optional<http::Response> Api::early(int tag, const http::Request& head) const {
  const Operation& operation = operation_of(tag);
  Call call{parts_, head, {}, parts_.engine->snapshot()};
  const auto admitted = admit(call, operation);
  if (admitted) return std::nullopt;
  return spoken(operation, failed(call, admitted.error()));
}

http::Response Api::handle(int tag, const http::Request& request,
                           std::span<const std::string_view> params) const {
  const Operation& operation = operation_of(tag);
  Call call{parts_, request, params, parts_.engine->snapshot()};
  if (const auto admitted = admit(call, operation); !admitted) {
    return spoken(operation, failed(call, admitted.error()));
  }
  note_use(call);
  auto answer = operation.handler(call);
  if (!answer) return spoken(operation, failed(call, answer.error()));
  return spoken(operation, std::move(*answer));
}

// A sink answers in full itself.
tl::expected<std::unique_ptr<http::BodySink>, http::Response> Api::open_sink(
    int tag, const http::Request& head, std::span<const std::string_view> params) const {
  const Operation& operation = operation_of(tag);
  OTARU_ASSERT(operation.sink != nullptr);
  Call call{parts_, head, params, parts_.engine->snapshot()};
  if (const auto admitted = admit(call, operation); !admitted) {
    return tl::unexpected(spoken(operation, failed(call, admitted.error())));
  }
  note_use(call);
  auto sink = operation.sink(call);
  if (!sink) return tl::unexpected(spoken(operation, failed(call, sink.error())));
  return std::move(*sink);
}

http::Response Api::refuse(int status, std::string_view why, std::optional<int> tag) const {
  struct Word {
    int status;
    std::string_view code;
    std::string_view remedy;
  };
  static constexpr Word kWords[] = {
      {404, "not_found", "see openapi.yaml of the API for the paths there are"},
      {405, "method_not_allowed", "see the header Allow"},
      {408, "timeout", "send the request faster"},
      {413, "too_large", ""},
      {414, "too_large", ""},
      {429, "exhausted", "try again later"},
      {431, "too_large", ""},
      {500, "internal", ""},
      {503, "unavailable", "try again later"},
      {504, "timeout", "try again later"},
  };
  Problem what{status, "invalid", why, "", ""};
  for (const auto& word : kWords) {
    if (word.status != status) continue;
    what.code = word.code;
    what.remedy = word.remedy;
  }
  auto response = problem(what);
  return tag ? spoken(operation_of(*tag), std::move(response)) : response;
}

}  // namespace otaru::api
