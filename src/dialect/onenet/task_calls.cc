// SPDX-License-Identifier: Apache-2.0
// What is asked with a download token: token check, the bytes, progress, result.
#include "base/encoding.h"
#include "dialect/onenet/handler.h"
#include "dialect/onenet/mapping.h"
#include "dialect/onenet/policy.h"
#include "domain/facts.h"

namespace otaru::dialect::onenet {
namespace {

using domain::TaskState;

// A token carries the low byte of its generation.
constexpr int64_t kGenerationModulus = 256;

// The refusal of a task that cannot go on; nothing while it is open.
std::optional<Outcome> refusal_of(TaskState state) {
  const Outcome outcome = row_of(state).result;
  return outcome == Outcome::done ? std::nullopt : std::optional(outcome);
}

std::optional<int64_t> integer_param(const Params& params, Param param) {
  const std::string* text = params.find(param);
  return text == nullptr ? std::nullopt : base::parse_int(base::trim(*text));
}

// The protocol has no word for health, but a device that reports a failed upgrade after it was done
// runs it, and is not well; the next one that goes well ends that.
void note_health(app::DeviceGateway& gateway, app::DeviceRef device, TaskState before,
                 const ResultRow& row) {
  const bool complains =
      before == TaskState::succeeded && row.event == domain::TaskEvent::failed && row.begins;
  const std::string* known =
      domain::find_text(gateway.describe(device).reported, domain::facts::kHealth);
  const bool recovers = row.event == domain::TaskEvent::installed && domain::is_open(before) &&
                        known != nullptr && *known != domain::facts::kHealthy;
  if (!complains && !recovers) return;
  app::Inventory inventory;
  inventory.attributes.emplace_back(
      domain::facts::kHealth, complains ? domain::facts::kUnhealthy : domain::facts::kHealthy);
  (void)gateway.attributes(device, inventory);
}

// The token stands in the path, undecoded: its characters need no encoding.
std::string_view path_token(std::span<const std::string_view> params) {
  return params.empty() ? std::string_view{} : params[0];
}

}  // namespace

TaskState effective_state(const app::DeviceGateway& gateway, app::DeviceRef device,
                          const domain::Task& task) {
  if (!domain::is_open(task.state)) return task.state;
  const domain::CompiledDeployment* deployment = gateway.catalogue().deployment(task.deployment);
  const bool paused =
      deployment != nullptr && deployment->deployment->state == domain::DeploymentState::paused;
  return paused || gateway.describe(device).blocked ? TaskState::paused : task.state;
}

bool Onenet::is_fresh(const domain::Task& task, int64_t generation, base::Time now) const {
  return task.token_generation % kGenerationModulus == generation % kGenerationModulus &&
         now < task.token_expires_at;
}

Answer<Onenet::FoundTask> Onenet::find_task(Call& call, app::DeviceRef device,
                                            std::string_view token) const {
  const auto read = keyring_.read_token(token_body(token));
  if (!read) return tl::unexpected(Outcome::token_mismatch);
  FoundTask out{device, call.gateway.find_task(device, read->task), false};
  if (out.task == nullptr) return tl::unexpected(Outcome::token_mismatch);
  out.fresh = is_fresh(*out.task, read->generation, call.gateway.now());
  return out;
}

Answer<Onenet::FoundTask> Onenet::find_task_of_anybody(Call& call, std::string_view token) const {
  const auto read = keyring_.read_token(token_body(token));
  if (!read) return tl::unexpected(Outcome::token_mismatch);
  const auto device = call.gateway.identify_by_task(read->task);
  if (!device) {
    const bool unknown = device.error().code == base::Code::not_found;
    return tl::unexpected(unknown ? Outcome::token_mismatch : outcome_of(device.error().code));
  }
  FoundTask out{*device, call.gateway.find_task(*device, read->task), false};
  if (out.task == nullptr) return tl::unexpected(Outcome::token_mismatch);
  out.fresh = is_fresh(*out.task, read->generation, call.gateway.now());
  return out;
}

// Clients that never check the token start by asking for bytes, so both begin the download.
base::Status Onenet::start_download(Call& call, const FoundTask& found) const {
  if (found.task->state != TaskState::pending) return {};
  app::TaskReport started;
  started.event = domain::TaskEvent::download_started;
  return call.gateway.report(found.device, found.task->id, started);
}

Answer<std::string> Onenet::check_token(Call& call) const {
  const auto device = admit(call);
  if (!device) return tl::unexpected(device.error());
  const auto found = find_task(call, *device, path_token(call.facts.params));
  if (!found) return tl::unexpected(found.error());
  const TaskState state = effective_state(call.gateway, found->device, *found->task);
  if (const Outcome told = row_of(state).token_check; told != Outcome::done) {
    return tl::unexpected(told);
  }
  if (!found->fresh) return tl::unexpected(Outcome::token_expired);
  const domain::TaskId id = found->task->id;
  if (const auto status = start_download(call, *found); !status) {
    return tl::unexpected(outcome_of(status.error().code));
  }
  const auto extended = call.gateway.extend_token(*device, id, config_.token_lifetime_ms);
  if (!extended) return tl::unexpected(outcome_of(extended.error().code));
  return write_outcome(Outcome::done);
}

Answer<std::string> Onenet::progress(Call& call) const {
  const auto step = integer_param(call.params, Param::step);
  if (!step || *step < 0 || *step > 100) return tl::unexpected(Outcome::bad_parameter);
  const auto device = admit(call);
  if (!device) return tl::unexpected(device.error());
  const auto found = find_task(call, *device, path_token(call.facts.params));
  if (!found) return tl::unexpected(found.error());
  if (const Outcome told = row_of(found->task->state).token_check; told != Outcome::done) {
    return tl::unexpected(told);
  }
  const bool news = found->task->state == TaskState::pending ||
                    found->task->progress_percent != *step || *step == 100;
  if (news) {
    const auto status = call.gateway.progress(*device, found->task->id, *step, {});
    if (!status) return tl::unexpected(outcome_of(status.error().code));
  }
  return write_outcome(Outcome::done);
}

Answer<std::string> Onenet::report(Call& call) const {
  const std::string* token = call.params.find(Param::token);
  if (find_dev_id(call.params) == nullptr || token == nullptr) {
    return tl::unexpected(Outcome::bad_parameter);
  }
  const auto code = integer_param(call.params, Param::result);
  if (!code) return tl::unexpected(Outcome::bad_result);
  const ResultRow* row = find_result(*code);
  if (row == nullptr) return tl::unexpected(Outcome::bad_parameter);
  const auto device = admit(call);
  if (!device) return tl::unexpected(device.error());
  // A token that expired meanwhile still says which task is meant: a result is not refused for it.
  const auto found = find_task(call, *device, *token);
  if (!found) return tl::unexpected(found.error());
  const TaskState state = found->task->state;
  if (const auto refusal = refusal_of(state)) {
    note_health(call.gateway, *device, state, *row);
    return tl::unexpected(*refusal);
  }
  if (state == TaskState::upgrading && row->code < 200) {
    // Upgrading takes 2xx only. Deviates: 101 again is nothing new, because clients send it after
    // step 100, and again when its answer was lost (testdata/31_progress_clients.http).
    if (row->event != domain::TaskEvent::downloaded) return tl::unexpected(Outcome::not_possible);
    return write_outcome(Outcome::done);
  }
  app::TaskReport what;
  what.event = row->event;
  what.failure = row->failure;
  const std::string result = std::to_string(row->code);
  what.began = row->begins;
  what.result = result;
  what.detail = row->detail;
  if (const auto status = call.gateway.report(*device, found->task->id, what); !status) {
    const bool impossible = status.error().code == base::Code::precondition;
    return tl::unexpected(impossible ? Outcome::not_possible : outcome_of(status.error().code));
  }
  note_health(call.gateway, *device, state, *row);
  return write_outcome(Outcome::done);
}

http::Response Onenet::download(Call& call) const {
  const auto found = find_task_of_anybody(call, path_token(call.facts.params));
  if (!found) {
    const bool ours = found.error() == Outcome::internal;
    return download_failure_answer(ours ? DownloadFailure::fetch_failed
                                        : DownloadFailure::bad_token);
  }
  const TaskState state = effective_state(call.gateway, found->device, *found->task);
  if (refusal_of(state) || !found->fresh) {
    return download_failure_answer(DownloadFailure::bad_token);
  }
  if (found->task->chain.empty()) return download_failure_answer(DownloadFailure::not_found);
  const domain::TaskId id = found->task->id;
  const auto payload = call.gateway.open_payload(found->task->chain.front());
  if (!payload) {
    return download_failure_answer(download_failure_of(payload.error().code));
  }
  if (payload->blob->size() != payload->package->size_bytes) {
    return download_failure_answer(DownloadFailure::size_differs);
  }
  if (const auto status = start_download(call, *found); !status) {
    return download_failure_answer(download_failure_of(status.error().code));
  }
  // Must not die between slices. The gateway writes only when half of its life is over.
  const auto extended = call.gateway.extend_token(found->device, id, config_.token_lifetime_ms);
  if (!extended) return download_failure_answer(download_failure_of(extended.error().code));
  std::optional<Slice> slice;
  if (const auto range = call.request.header("Range")) {
    slice = read_slice(*range, payload->blob->size());
  }
  return file_answer(payload->blob, payload->package->file_name, slice);
}

}  // namespace otaru::dialect::onenet
