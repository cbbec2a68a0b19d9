// SPDX-License-Identifier: Apache-2.0
// Internal to api: one function per operation, named as its operationId in openapi.yaml.
#pragma once

#include "api/call.h"
#include "http/source.h"

namespace otaru::api {

// operation.cc
Answer healthz(Call& call);
Answer readyz(Call& call);
Answer metrics(Call& call);
Answer describe_server(Call& call);

// contract.cc
Answer describe_problem(Call& call);
Answer openapi_yaml(Call& call);
Answer openapi_json(Call& call);
Answer docs_page(Call& call);
Answer docs_file(Call& call);

// tenants.cc
Answer list_tenants(Call& call);
Answer create_tenant(Call& call);

// names.cc
Answer list_channels(Call& call);
Answer get_channel(Call& call);
Answer put_channel(Call& call);
Answer list_permissions(Call& call);
Answer get_permission(Call& call);
Answer put_permission(Call& call);

// settings.cc
Answer list_settings(Call& call);
Answer get_setting(Call& call);
Answer put_setting(Call& call);

// products.cc
Answer list_products(Call& call);
Answer create_product(Call& call);
Answer get_product(Call& call);
Answer update_product(Call& call);
Answer delete_product(Call& call);

// releases.cc
Answer list_releases(Call& call);
Answer create_release(Call& call);
Answer get_release(Call& call);
Answer update_release(Call& call);
Answer delete_release(Call& call);
Answer publish_release(Call& call);
Answer revoke_release(Call& call);

// packages.cc
Answer list_packages(Call& call);
Answer create_package(Call& call);
Answer get_package(Call& call);
Answer update_package(Call& call);
Answer delete_package(Call& call);
Answer inspect_package(Call& call);
Answer download_package(Call& call);  // HEAD too

// kits.cc
Answer list_kits(Call& call);
Answer create_kit(Call& call);
Answer get_kit(Call& call);
Answer update_kit(Call& call);
Answer delete_kit(Call& call);
Answer publish_kit(Call& call);
Answer revoke_kit(Call& call);

// deployments.cc
Answer list_deployments(Call& call);
Answer create_deployment(Call& call);
Answer get_deployment(Call& call);
Answer get_deployment_progress(Call& call);
Answer update_deployment(Call& call);
Answer delete_deployment(Call& call);
Answer list_deployment_devices(Call& call);
Answer change_deployment_devices(Call& call);
http::Response deployment_answer(const Call& call, const domain::Deployment& row);

// rollouts.cc
Answer start_deployment(Call& call);
Answer pause_deployment(Call& call);
Answer resume_deployment(Call& call);
Answer finish_deployment(Call& call);
Answer cancel_deployment(Call& call);
Answer approve_deployment(Call& call);
Answer reject_deployment(Call& call);
Answer roll_back_deployment(Call& call);
Answer open_next_wave(Call& call);
Answer approve_wave(Call& call);

// devices.cc
Answer list_devices(Call& call);
Answer register_device(Call& call);
Answer get_device(Call& call);
Answer update_device(Call& call);
Answer delete_device(Call& call);
Answer approve_device(Call& call);
Answer reject_device(Call& call);
Answer set_device_secret(Call& call);
Answer delete_device_secret(Call& call);
Answer list_device_log(Call& call);
Answer get_device_consent(Call& call);
Answer set_device_consent(Call& call);

// groups.cc
Answer list_groups(Call& call);
Answer create_group(Call& call);
Answer get_group(Call& call);
Answer update_group(Call& call);
Answer delete_group(Call& call);
Answer change_group_devices(Call& call);

// imports.cc
Answer list_imports(Call& call);
Answer create_import(Call& call);
Answer get_import(Call& call);
Answer list_import_errors(Call& call);
Answer cancel_import(Call& call);
Answer export_devices(Call& call);

// dry_runs.cc
Answer start_dry_run(Call& call);
Answer list_dry_runs(Call& call);
Answer get_dry_run(Call& call);
Answer delete_dry_run(Call& call);

// explain.cc
Answer explain_device(Call& call);

// tasks.cc
Answer list_device_tasks(Call& call);
Answer list_tasks(Call& call);
Answer get_task(Call& call);
Answer list_task_history(Call& call);
Answer cancel_task(Call& call);
Answer pause_task(Call& call);
Answer resume_task(Call& call);
Answer answer_task_consent(Call& call);

// reports.cc, dossier.cc: what became of deployments
Answer list_failures(Call& call);
Answer list_deployment_failures(Call& call);
Answer get_dossier(Call& call);
Answer list_product_versions(Call& call);

// access.cc
Answer log_in(Call& call);
Answer log_out(Call& call);
Answer set_up(Call& call);
Answer get_me(Call& call);
Answer change_password(Call& call);
Answer list_sessions(Call& call);
Answer end_session(Call& call);
// The token of the session cookie; empty without one.
bool is_secure(const Call& call);  // the person came by https
// Nothing when an attempt with a password, link or code may be made; it was counted then.
std::optional<http::Response> slowed_down(const Call& call, std::string_view name);
app::LoginFacts facts_of(const Call& call);
std::string_view cookie_of(const Call& call, std::string_view name);
void set_session_cookie(const Call& call, http::Response& response, std::string_view token);
std::string_view session_cookie(const Call& call);
// An answer that logs the browser in.
http::Response logged_in(const Call& call, const app::NewLogin& made);

// oidc.cc
Answer begin_oidc(Call& call);
Answer finish_oidc(Call& call);

// page.cc
Answer login_page(Call& call);
Answer setup_page(Call& call);

// users.cc
Answer list_users(Call& call);
Answer create_user(Call& call);
Answer get_user(Call& call);
Answer update_user(Call& call);
Answer delete_user(Call& call);
Answer invite_user(Call& call);
Answer reset_user_password(Call& call);

// events.cc
Answer list_events(Call& call);
Answer stream_events(Call& call);

// webhooks.cc
Answer list_webhooks(Call& call);
Answer create_webhook(Call& call);
Answer get_webhook(Call& call);
Answer update_webhook(Call& call);
Answer delete_webhook(Call& call);
Answer test_webhook(Call& call);
Answer list_deliveries(Call& call);
Answer list_dead_letters(Call& call);
Answer replay_dead_letters(Call& call);

// credentials.cc
Answer list_credentials(Call& call);
Answer create_credential(Call& call);
Answer get_credential(Call& call);
Answer update_credential(Call& call);
Answer delete_credential(Call& call);
Answer rotate_credential(Call& call);

// audit.cc
Answer list_audit(Call& call);
Answer get_audit_entry(Call& call);
Answer get_audit_head(Call& call);
Answer export_audit(Call& call);

// uploads.cc
Answer list_uploads(Call& call);
Answer create_upload(Call& call);
Answer get_upload(Call& call);
Answer head_upload(Call& call);
Answer delete_upload(Call& call);
Answer complete_upload(Call& call);
using SinkAnswer = base::Result<std::unique_ptr<http::BodySink>>;
SinkAnswer append_upload(Call& call);
SinkAnswer put_blob(Call& call);
SinkAnswer post_form(Call& call);

// device_lists.cc
Answer write_key_page(const domain::KeySet& keys, const Page& page);
Answer list_excluded_devices(Call& call);
Answer export_deployment_devices(Call& call);
Answer export_excluded_devices(Call& call);
SinkAnswer put_deployment_devices(Call& call);
SinkAnswer put_excluded_devices(Call& call);

// tus.cc: the tus protocol, over the same uploads
SinkAnswer create_tus_upload(Call& call);
Answer describe_tus(Call& call);
Answer override_upload(Call& call);
base::Status check_tus_version(Call& call);
void upload_headers(http::Response& response, const app::UploadStatus& upload);
std::string upload_id(const Call& call);
// Whether the body of a request to /uploads is bytes of a file, and not JSON.
bool brings_bytes(const http::Request& head);

// The upload, if this key may see it; Code::not_found, Code::gone.
base::Result<app::UploadStatus> visible_upload(const Call& call, const std::string& id);

// An answer of 200 that is made while it is sent (imports.cc).
http::Response streamed(const Call& call, std::string_view type, http::Producer producer);

// The device that {key} and ?tenant= name, as stored; Code::not_found.
base::Result<app::DeviceListing> named_device(Call& call, Query& query);

}  // namespace otaru::api
