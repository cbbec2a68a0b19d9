// SPDX-License-Identifier: Apache-2.0
// The table of operations, and the frame around each: who asks, may they, and what went wrong.
#include "api/api.h"

#include "api/conditions.h"
#include "api/event_stream.h"
#include "api/handlers.h"
#include "api/replay.h"
#include "base/hash.h"
#include "base/limits.h"
#include "http/tus.h"

namespace otaru::api {
namespace {

namespace limits = base::limits;
using base::Code;
using domain::Permission;
using http::Method;
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
    {Method::get, "/problems/{code}", Permission::open, describe_problem},
    {Method::get, "/api/v1/openapi.yaml", Permission::open, openapi_yaml},
    {Method::get, "/api/v1/openapi.json", Permission::open, openapi_json},
    {Method::get, "/api/docs", Permission::open, docs_page},
    {Method::get, "/api/docs/{file}", Permission::open, docs_file},
    {Method::get, "/api/v1", Permission::self, describe_server},
    {Method::get, "/api/v1/tenants", Permission::read, list_tenants, nullptr, true},
    {Method::post, "/api/v1/tenants", Permission::server_manage, create_tenant},
    {Method::get, "/api/v1/settings", Permission::settings_manage, list_settings},
    {Method::get, "/api/v1/settings/{name}", Permission::settings_manage, get_setting},
    {Method::put, "/api/v1/settings/{name}", Permission::settings_manage, put_setting},

    {Method::get, "/api/v1/products", Permission::read, list_products, nullptr, true},
    {Method::post, "/api/v1/products", Permission::catalogue_write, create_product},
    {Method::get, "/api/v1/products/{id}", Permission::read, get_product},
    {Method::patch, "/api/v1/products/{id}", Permission::catalogue_write, update_product},
    {Method::del, "/api/v1/products/{id}", Permission::catalogue_write, delete_product},
    {Method::get, "/api/v1/products/{id}/versions", Permission::read, list_product_versions,
     nullptr, true},

    {Method::get, "/api/v1/releases", Permission::read, list_releases, nullptr, true},
    {Method::post, "/api/v1/releases", Permission::catalogue_write, create_release},
    {Method::get, "/api/v1/releases/{id}", Permission::read, get_release},
    {Method::patch, "/api/v1/releases/{id}", Permission::catalogue_write, update_release},
    {Method::del, "/api/v1/releases/{id}", Permission::catalogue_write, delete_release},
    {Method::post, "/api/v1/releases/{id}/publish", Permission::catalogue_write, publish_release},
    {Method::post, "/api/v1/releases/{id}/revoke", Permission::catalogue_write, revoke_release},

    {Method::get, "/api/v1/channels", Permission::read, list_channels, nullptr, true},
    {Method::get, "/api/v1/channels/{name}", Permission::read, get_channel, nullptr, true},
    {Method::put, "/api/v1/channels/{name}", Permission::catalogue_write, put_channel, nullptr,
     true},
    {Method::get, "/api/v1/permissions", Permission::read, list_permissions, nullptr, true},
    {Method::get, "/api/v1/permissions/{id}", Permission::read, get_permission, nullptr, true},
    {Method::put, "/api/v1/permissions/{id}", Permission::catalogue_write, put_permission, nullptr,
     true},

    {Method::get, "/api/v1/packages", Permission::read, list_packages, nullptr, true},
    {Method::post, "/api/v1/packages", Permission::catalogue_write, create_package},
    {Method::get, "/api/v1/packages/{id}", Permission::read, get_package},
    {Method::patch, "/api/v1/packages/{id}", Permission::catalogue_write, update_package},
    {Method::del, "/api/v1/packages/{id}", Permission::catalogue_write, delete_package},
    {Method::get, "/api/v1/packages/{id}/inspection", Permission::read, inspect_package},
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
    {Method::get, "/api/v1/deployments/{id}/progress", Permission::read, get_deployment_progress},
    {Method::get, "/api/v1/deployments/{id}/devices", Permission::read, list_deployment_devices,
     nullptr, true},
    {Method::post, "/api/v1/deployments/{id}/devices", Permission::fleet_write,
     change_deployment_devices},
    {Method::get, "/api/v1/deployments/{id}/failures", Permission::read, list_deployment_failures},
    {Method::get, "/api/v1/deployments/{id}/dossier", Permission::read, get_dossier, nullptr, true},
    {Method::put, "/api/v1/deployments/{id}/devices", Permission::fleet_write, nullptr,
     put_deployment_devices, true},
    {Method::get, "/api/v1/deployments/{id}/devices/export", Permission::read,
     export_deployment_devices},
    {Method::get, "/api/v1/deployments/{id}/excluded-devices", Permission::read,
     list_excluded_devices, nullptr, true},
    {Method::put, "/api/v1/deployments/{id}/excluded-devices", Permission::fleet_write, nullptr,
     put_excluded_devices, true},
    {Method::get, "/api/v1/deployments/{id}/excluded-devices/export", Permission::read,
     export_excluded_devices},
    {Method::get, "/api/v1/deployments/{id}/dry-runs", Permission::read, list_dry_runs},
    {Method::post, "/api/v1/deployments/{id}/dry-runs", Permission::fleet_write, start_dry_run},
    {Method::get, "/api/v1/deployments/{id}/dry-runs/{n}", Permission::read, get_dry_run},
    {Method::del, "/api/v1/deployments/{id}/dry-runs/{n}", Permission::fleet_write, delete_dry_run},
    {Method::post, "/api/v1/deployments/{id}/start", Permission::fleet_write, start_deployment},
    {Method::post, "/api/v1/deployments/{id}/pause", Permission::fleet_write, pause_deployment},
    {Method::post, "/api/v1/deployments/{id}/resume", Permission::fleet_write, resume_deployment},
    {Method::post, "/api/v1/deployments/{id}/finish", Permission::fleet_write, finish_deployment},
    {Method::post, "/api/v1/deployments/{id}/approve", Permission::deployments_approve,
     approve_deployment},
    {Method::post, "/api/v1/deployments/{id}/reject", Permission::deployments_approve,
     reject_deployment},
    {Method::post, "/api/v1/deployments/{id}/cancel", Permission::fleet_write, cancel_deployment},
    {Method::post, "/api/v1/deployments/{id}/roll-back", Permission::fleet_write,
     roll_back_deployment},
    {Method::post, "/api/v1/deployments/{id}/next-wave", Permission::fleet_write, open_next_wave},
    {Method::post, "/api/v1/deployments/{id}/approve-wave", Permission::deployments_approve,
     approve_wave},

    {Method::get, "/api/v1/devices", Permission::read, list_devices, nullptr, true},
    {Method::post, "/api/v1/devices", Permission::fleet_write, register_device},
    {Method::get, "/api/v1/devices/{key}", Permission::read, get_device, nullptr, true},
    {Method::patch, "/api/v1/devices/{key}", Permission::fleet_write, update_device, nullptr, true},
    {Method::del, "/api/v1/devices/{key}", Permission::fleet_write, delete_device, nullptr, true},
    {Method::post, "/api/v1/devices/{key}/approve", Permission::fleet_write, approve_device,
     nullptr, true},
    {Method::post, "/api/v1/devices/{key}/reject", Permission::fleet_write, reject_device, nullptr,
     true},
    {Method::put, "/api/v1/devices/{key}/secret", Permission::fleet_write, set_device_secret,
     nullptr, true},
    {Method::del, "/api/v1/devices/{key}/secret", Permission::fleet_write, delete_device_secret,
     nullptr, true},
    {Method::get, "/api/v1/devices/{key}/tasks", Permission::read, list_device_tasks, nullptr,
     true},
    {Method::get, "/api/v1/devices/{key}/log", Permission::read, list_device_log, nullptr, true},
    {Method::get, "/api/v1/devices/{key}/consent", Permission::read, get_device_consent, nullptr,
     true},
    {Method::put, "/api/v1/devices/{key}/consent", Permission::fleet_write, set_device_consent,
     nullptr, true},
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

    {Method::get, "/api/v1/failures", Permission::read, list_failures, nullptr, true},
    {Method::get, "/api/v1/tasks", Permission::read, list_tasks, nullptr, true},
    {Method::get, "/api/v1/tasks/{id}", Permission::read, get_task},
    {Method::get, "/api/v1/tasks/{id}/history", Permission::read, list_task_history},
    {Method::post, "/api/v1/tasks/{id}/cancel", Permission::fleet_write, cancel_task},
    {Method::post, "/api/v1/tasks/{id}/pause", Permission::fleet_write, pause_task},
    {Method::post, "/api/v1/tasks/{id}/resume", Permission::fleet_write, resume_task},
    {Method::post, "/api/v1/tasks/{id}/consent", Permission::fleet_write, answer_task_consent},

    {Method::get, "/api/v1/login", Permission::open, login_page},
    {Method::post, "/api/v1/login", Permission::open, log_in},
    {Method::post, "/api/v1/logout", Permission::self, log_out},
    {Method::get, "/api/v1/oidc/login", Permission::open, begin_oidc},
    {Method::get, "/api/v1/oidc/callback", Permission::open, finish_oidc, nullptr, true},
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

    {Method::get, "/api/v1/events", Permission::read, list_events, nullptr, true},
    {Method::get, "/api/v1/events/stream", Permission::read, stream_events, nullptr, true},

    {Method::get, "/api/v1/webhooks", Permission::settings_manage, list_webhooks, nullptr, true},
    {Method::post, "/api/v1/webhooks", Permission::settings_manage, create_webhook},
    {Method::get, "/api/v1/webhooks/{id}", Permission::settings_manage, get_webhook},
    {Method::patch, "/api/v1/webhooks/{id}", Permission::settings_manage, update_webhook},
    {Method::del, "/api/v1/webhooks/{id}", Permission::settings_manage, delete_webhook},
    {Method::post, "/api/v1/webhooks/{id}/test", Permission::settings_manage, test_webhook},
    {Method::get, "/api/v1/webhooks/{id}/deliveries", Permission::settings_manage, list_deliveries},
    {Method::get, "/api/v1/webhooks/{id}/dead-letters", Permission::settings_manage,
     list_dead_letters, nullptr, true},
    {Method::post, "/api/v1/webhooks/{id}/replay", Permission::settings_manage,
     replay_dead_letters},

    {Method::get, "/api/v1/credentials", Permission::read, list_credentials, nullptr, true},
    {Method::post, "/api/v1/credentials", Permission::keys_manage, create_credential},
    {Method::get, "/api/v1/credentials/{id}", Permission::read, get_credential},
    {Method::patch, "/api/v1/credentials/{id}", Permission::keys_manage, update_credential},
    {Method::del, "/api/v1/credentials/{id}", Permission::keys_manage, delete_credential},
    {Method::post, "/api/v1/credentials/{id}/rotate", Permission::keys_manage, rotate_credential},

    {Method::get, "/api/v1/audit", Permission::audit_read, list_audit, nullptr, true},
    {Method::get, "/api/v1/audit/head", Permission::server_manage, get_audit_head},
    {Method::get, "/api/v1/audit/export", Permission::server_manage, export_audit, nullptr, true},
    {Method::get, "/api/v1/audit/{sequence}", Permission::audit_read, get_audit_entry},

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

// --- Resources: what conditions are about -------------------------------------------------------

// "/api/v1/products/{id}" of that pattern and of every one below it; empty for others.
std::string_view resource_of(std::string_view pattern) {
  const size_t end = pattern.find('}');
  return end == std::string_view::npos ? std::string_view() : pattern.substr(0, end + 1);
}

const Operation* get_of(std::string_view pattern) {
  for (const auto& operation : kOperations) {
    if (operation.method == Method::get && operation.pattern == pattern) return &operation;
  }
  return nullptr;
}

// The GET of one thing in the list at this path, and the name of its parameter: ("{id}", "id").
const Operation* get_below(std::string_view path) {
  for (const auto& operation : kOperations) {
    const auto pattern = operation.pattern;
    if (operation.method == Method::get && pattern.size() > path.size() + 3 &&
        pattern.starts_with(path) && pattern.substr(path.size(), 2) == "/{" &&
        pattern.find('}') == pattern.size() - 1) {
      return &operation;
    }
  }
  return nullptr;
}

bool changes(Method method) {
  return method == Method::post || method == Method::put || method == Method::patch ||
         method == Method::del;
}

// One thing as its GET answers it now, for who makes this call.
Answer read_again(const Operation& get, const Call& call, std::string_view param,
                  std::string_view tenant = {}) {
  std::string query;
  for (std::string_view rest = call.request.query; get.query && !rest.empty();) {
    const auto part = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    if (part.starts_with("tenant=")) query = part;
  }
  if (!tenant.empty()) query = "tenant=" + std::string(tenant);
  http::Request request;
  request.method = Method::get;
  request.method_text = "GET";
  request.target = call.request.target;
  request.path = call.request.path;
  request.query = query;
  request.headers = call.request.headers;
  request.peer = call.request.peer;
  request.host = call.request.host;
  const std::string_view params[] = {param};
  Call again{call.parts, request, params, call.parts.engine->snapshot(), call.actor};
  return get.handler(again);
}

void add_tag(http::Response& response, const Answer& resource) {
  if (!resource || response.find("ETag") != nullptr) return;
  if (const auto tag = tag_of(*resource)) response.header("ETag", tag->text());
}

http::Response run_get(const Operation& operation, Call& call) {
  auto answer = operation.handler(call);
  if (!answer) return failed(call, answer.error());
  const bool one =
      !operation.pattern.empty() && operation.pattern == resource_of(operation.pattern);
  auto tag = one && answer->status == 200 ? tag_of(*answer) : std::nullopt;
  if (!tag) return std::move(*answer);
  if (!call.request.query.empty()) {
    // Fields left out by wish do not make it another thing to be changed.
    if (const auto whole = read_again(operation, call, call.params.front())) {
      if (const auto of_all = tag_of(*whole)) tag->state = of_all->state;
    }
  }
  if (has_it(call.request, *tag)) return not_modified(*tag);
  answer->header("ETag", tag->text());
  return std::move(*answer);
}

bool wants_conditions(const Call& call) {
  const auto* value = domain::find_text(call.snapshot->rows().settings, "api.require_if_match");
  return value != nullptr && *value == "true";
}

// A change of one thing: its conditions are looked at and the change is made under one lock.
http::Response run_change(const Operation& operation, Call& call, Gates& gates) {
  const auto resource = resource_of(operation.pattern);
  const auto* get = get_of(resource);
  if (get == nullptr) {
    auto answer = operation.handler(call);
    return answer ? std::move(*answer) : failed(call, answer.error());
  }
  const std::string_view given = call.params.front();
  auto name = base::percent_decode(given, base::Plus::literal).value_or(std::string(given));
  if (const auto number = base::parse_int(name)) name = std::to_string(*number);
  const auto gate = gates.close(std::string(resource) + name);
  const auto admitted_by = call.snapshot;  // the caller's row lives there
  call.snapshot = call.parts.engine->snapshot();
  const bool conditional = call.request.header("If-Match") || call.request.header("If-None-Match");
  if (conditional) {
    const auto now = read_again(*get, call, given);
    if (!now && (now.error().code != Code::not_found || operation.method != Method::put)) {
      return failed(call, now.error());
    }
    const auto refusal = check_conditions(call.request, now ? tag_of(*now) : std::nullopt);
    if (!refusal) return failed(call, refusal.error());
    if (*refusal) return **refusal;
  } else if ((operation.method == Method::patch || operation.method == Method::del) &&
             wants_conditions(call)) {
    return condition_required();
  }
  auto answer = operation.handler(call);
  if (!answer) return failed(call, answer.error());
  if (answer->status == 200) add_tag(*answer, read_again(*get, call, given));
  return std::move(*answer);
}

// Where what was made is from now on, and its tag.
void add_location(const Operation& operation, const Call& call, http::Response& answer) {
  const auto* get = get_below(operation.pattern);
  if (get == nullptr || answer.status != 201 || answer.find("Location") != nullptr) return;
  const auto document = base::JsonDocument::parse(json_of(answer));
  if (!document) return;
  const auto name = get->pattern.substr(operation.pattern.size() + 2);
  const auto id = document->root().find(name.substr(0, name.size() - 1)).text_or_integer();
  if (!id) return;
  const std::string param = base::percent_encode(*id);
  std::string location = std::string(operation.pattern) + "/" + param;
  const auto tenant = document->root().find("tenant").text().value_or("");
  const bool named = get->query && !tenant.empty() && tenant != call.tenant_name(call.actor.tenant);
  if (named) location += "?tenant=" + std::string(tenant);
  answer.header("Location", location);
  add_tag(answer, read_again(*get, call, param, named ? tenant : std::string_view()));
}

http::Response run_make(const Operation& operation, Call& call) {
  // The list itself has no entity tag: nothing but * can match it.
  if (const auto header = call.request.header("If-Match"); header && base::trim(*header) != "*") {
    const auto refusal = check_conditions(call.request, std::nullopt);
    if (!refusal) return failed(call, refusal.error());
    if (*refusal) return **refusal;
  }
  auto answer = operation.handler(call);
  if (!answer) return failed(call, answer.error());
  add_location(operation, call, *answer);
  return std::move(*answer);
}

http::Response run(const Operation& operation, Call& call, Gates& gates) {
  if (!changes(operation.method)) return run_get(operation, call);
  if (resource_of(operation.pattern).empty()) return run_make(operation, call);
  return run_change(operation, call, gates);
}

// With an Idempotency-Key: once, and from then on the same answer.
http::Response run_keyed(const Operation& operation, Call& call, Gates& gates, Gates& key_gates) {
  const auto key = replay_key(call);
  if (!key) return failed(call, key.error());
  if (!*key) return run(operation, call, gates);
  const auto gate = key_gates.close(**key);
  Replay what;
  what.key = **key;
  what.run = [&] { return run(operation, call, gates); };
  what.read = [&](const std::string& subject) -> std::optional<http::Response> {
    const auto* get = get_below(operation.pattern);
    if (get == nullptr) return std::nullopt;
    auto answer = read_again(*get, call, base::percent_encode(subject));
    if (!answer) return std::nullopt;
    answer->status = 201;
    add_location(operation, call, *answer);
    return std::move(*answer);
  };
  return run_once(call, what);
}

}  // namespace

struct Api::State {
  Gates gates;      // of resources
  Gates key_gates;  // of Idempotency-Keys; closed before the others
};

Api::Api(ApiParts parts) : parts_(std::move(parts)), state_(std::make_unique<State>()) {
  parts_.streams = std::make_shared<StreamSlots>();
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
  // Who is nobody has no keys of their own.
  if (operation.method == Method::post && operation.needs != Permission::open) {
    return spoken(operation, run_keyed(operation, call, state_->gates, state_->key_gates));
  }
  return spoken(operation, run(operation, call, state_->gates));
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
