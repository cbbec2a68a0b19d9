// SPDX-License-Identifier: Apache-2.0
#include "app/device_gateway.h"

#include <algorithm>

#include "app/engine.h"
#include "app/events.h"
#include "app/touched.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "base/log.h"
#include "domain/facts.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;
using domain::Device;
using domain::Task;
using domain::TaskEvent;
using domain::TaskState;

constexpr size_t kLogLinesPerRequest = 8;

base::Status check_key(std::string_view key) {
  if (key.empty()) return base::fail(Code::invalid, "the device identity is empty");
  if (key.size() > limits::kDeviceKeyBytesMax) {
    return base::fail(Code::invalid, "the device identity is too long");
  }
  const bool control = std::any_of(key.begin(), key.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (control || !base::valid_utf8(key)) {
    return base::fail(Code::invalid, "the device identity has characters that are not allowed");
  }
  return {};
}

Task* find_task_in(Device& device, domain::TaskId id) {
  for (auto& task : device.tasks) {
    if (task.id == id) return &task;
  }
  return nullptr;
}

// The server ends a deployment at its deadline: then its tasks expired, however late that is
// noticed.
bool ended_by_deadline(const domain::Deployment& row) {
  return row.state == domain::DeploymentState::finished && row.deadline &&
         *row.deadline <= row.updated_at;
}

// Newest first; the oldest ended ones go when there are too many. Open tasks always stay.
// So does what has changed and is to be written.
void trim_tasks(Device& device, const std::vector<domain::TaskId>& changed) {
  while (device.tasks.size() > limits::kTasksInStateMax) {
    const auto oldest =
        std::find_if(device.tasks.rbegin(), device.tasks.rend(), [&](const Task& t) {
          return !domain::is_open(t.state) &&
                 std::find(changed.begin(), changed.end(), t.id) == changed.end();
        });
    if (oldest == device.tasks.rend()) return;
    device.tasks.erase(std::next(oldest).base());
  }
}

}  // namespace

DeviceGateway::DeviceGateway(Engine& engine, std::string_view door, base::Time now,
                             std::shared_ptr<const LoadedRows> loaded)
    : engine_(engine),
      door_(door),
      now_(now),
      snapshot_(engine.snapshot()),
      loaded_(std::move(loaded)) {}

DeviceGateway::~DeviceGateway() = default;

DeviceGateway::Touched& DeviceGateway::touched(DeviceRef device) const {
  OTARU_ASSERT(device.index < devices_.size());
  return *devices_[device.index];
}

DeviceRef DeviceGateway::touch(domain::TenantId tenant, std::string_view key, DeviceState base) {
  auto item = std::make_unique<Touched>();
  item->tenant = tenant;
  item->key = std::string(key);
  item->base = std::move(base);
  devices_.push_back(std::move(item));
  settle(*devices_.back());
  return {devices_.size() - 1};
}

Device& DeviceGateway::change(DeviceRef device) {
  return touched(device).working();
}

base::Result<DeviceRef> DeviceGateway::identify(domain::TenantId tenant, std::string_view key,
                                                Identify mode) {
  OTARU_CHECK(check_key(key));
  for (size_t i = 0; i < devices_.size(); ++i) {
    if (devices_[i]->tenant == tenant && devices_[i]->key == key) return DeviceRef{i};
  }
  const auto found = engine_.devices_.find(tenant, key);
  if (!found.resident) {
    miss_ = {.tenant = tenant, .key = std::string(key), .any = true};
    return base::fail(Code::unavailable, "the device is being loaded");
  }
  if (found.device) return touch(tenant, key, found.device);
  if (mode == Identify::find) return base::fail(Code::not_found, "the device is not known");
  if (engine_.device_count() >= limits::kDevicesPerTenantMax) {
    return base::fail(Code::exhausted, "the limit of registered devices is reached");
  }
  const bool pending = mode == Identify::find_or_register_pending;
  if (pending && engine_.pending_count(tenant) >= limits::kPendingDevicesMax) {
    return base::fail(Code::exhausted, "too many devices wait for approval");
  }
  const DeviceRef ref = touch(tenant, key, nullptr);
  Touched& what = touched(ref);
  what.born = true;
  what.identity_changed = true;
  what.next = std::make_unique<Device>();
  what.next->id = engine_.next_device_id(domain::bucket_for(tenant, key));
  what.next->tenant = tenant;
  what.next->key = std::string(key);
  what.next->door = std::string(door_);
  what.next->created_at = now_;
  what.next->blocked = pending;
  what.next->pending = pending;
  return ref;
}

base::Result<DeviceRef> DeviceGateway::identify_by_task(domain::TaskId task) {
  if (task.value <= 0) return base::fail(Code::not_found, "there is no such task");
  for (size_t i = 0; i < devices_.size(); ++i) {
    if (devices_[i]->current().task(task) != nullptr) return DeviceRef{i};
  }
  const auto found = engine_.devices_.find_by_task(task);
  if (!found.resident) {
    miss_ = {.task = task, .any = true};
    return base::fail(Code::unavailable, "the task is being loaded");
  }
  if (!found.device) return base::fail(Code::not_found, "there is no such task");
  for (size_t i = 0; i < devices_.size(); ++i) {
    if (devices_[i]->current().id == found.device->id) return DeviceRef{i};
  }
  return touch(found.device->tenant, found.device->key, found.device);
}

void DeviceGateway::settle(Touched& what) {
  if (!what.base) return;
  for (const Task& open : what.base->tasks) {
    if (!domain::is_open(open.state)) continue;
    const auto* deployment = snapshot_->deployment(open.deployment);
    const auto* release = snapshot_->release(open.target);
    std::string_view why;
    TaskEvent event = TaskEvent::cancel;
    if (deployment == nullptr) {
      why = "the deployment was deleted";
    } else if (ended_by_deadline(*deployment->deployment)) {
      why = "the deadline has passed";
      event = TaskEvent::expire;
    } else if (domain::has_ended(deployment->deployment->state)) {
      why = "the deployment has ended";
    } else if (release == nullptr || release->state != domain::ReleaseState::published) {
      why = "the release was withdrawn";
    } else if (deployment->deployment->deadline && *deployment->deployment->deadline <= now_) {
      why = "the deadline has passed";
      event = TaskEvent::expire;
    }
    if (why.empty()) continue;
    Task* task = find_task_in(what.working(), open.id);
    if (event == TaskEvent::expire) task->failure = domain::FailureClass::expired;
    const base::Status moved = move(what, *task, event, why);
    OTARU_ASSERT(moved.has_value());
  }
}

base::Status DeviceGateway::move(Touched& what, Task& task, TaskEvent event,
                                 std::string_view detail) {
  OTARU_TRY(next, domain::transition(task.state, event));
  if (next == task.state) return {};
  const TaskState from = task.state;
  task.state = next;
  task.progress_percent = next == TaskState::succeeded ? 100 : 0;
  // Only such attempts count (DeploymentRules::attempts).
  const bool installs = next == TaskState::upgrading || next == TaskState::succeeded;
  // Only such attempts count (DeploymentRules::attempts).
  if (installs || (next == TaskState::failed && domain::began_before(task.failure))) {
    task.began = true;
  }
  if (next == TaskState::succeeded) begin_watch(task, event);
  note_task(what, task, from, domain::name_of(event), detail);
  return {};
}

void DeviceGateway::record_version(Touched& what, std::string_view slot, domain::ProductId product,
                                   std::string_view version) {
  const auto* known = what.current().component(slot);
  const bool same =
      known != nullptr && known->version == version && (!product || known->product == product);
  if (same) return;
  Device& device = what.working();
  auto at =
      std::lower_bound(device.components.begin(), device.components.end(), slot,
                       [](const domain::Component& c, std::string_view s) { return c.slot < s; });
  if (at == device.components.end() || at->slot != slot) {
    if (device.components.size() >= limits::kComponentsPerDeviceMax) return;
    at = device.components.insert(at, domain::Component{std::string(slot), {}, {}, {}});
  }
  if (product) at->product = product;
  at->version = std::string(version);
  at->reported_at = now_;
  what.identity_changed = true;
}

void DeviceGateway::complete_by_version(Touched& what, std::string_view slot,
                                        std::string_view version) {
  const Task* open = what.current().open_task(slot);
  if (open == nullptr) return;
  bool reached = open->target_version == version;
  if (!reached) {
    if (const auto* product = snapshot_->product(open->product)) {
      const auto order =
          domain::compare_versions(product->product->version_format, open->target_version, version);
      reached = order && *order == std::strong_ordering::equal;
    }
  }
  if (!reached) return;
  const base::Status moved =
      move(what, *find_task_in(what.working(), open->id), TaskEvent::version_reported, version);
  OTARU_ASSERT(moved.has_value());
}

Task& DeviceGateway::new_task(Touched& what, domain::DeploymentId deployment,
                              const domain::Release& release, std::string_view slot) {
  Device& device = what.working();
  Task task;
  task.id = engine_.next_task_id(base::bucket_of(device.id));
  task.device = device.id;
  task.deployment = deployment;
  task.product = release.product;
  task.target = release.id;
  task.slot = std::string(slot);
  if (const auto* component = device.component(slot)) task.from_version = component->version;
  task.target_version = release.version;
  for (const auto& earlier : device.tasks) {
    if (earlier.deployment == deployment && earlier.slot == slot) {
      task.attempt = std::max(task.attempt, earlier.attempt + 1);
    }
  }
  task.created_at = now_;
  device.tasks.insert(device.tasks.begin(), std::move(task));
  trim_tasks(device, what.changed_tasks);
  return device.tasks.front();
}

CheckResult DeviceGateway::result_of(domain::Decision decision) const {
  CheckResult result;
  result.decision = std::move(decision);
  if (result.decision.deployment) {
    if (const auto* found = snapshot_->deployment(result.decision.deployment)) {
      result.deployment = found->deployment;
    }
  }
  if (!result.decision.offer) return result;
  result.release = snapshot_->release(result.decision.offer->release);
  result.packages.reserve(result.decision.offer->chain.size());
  for (const auto id : result.decision.offer->chain) {
    result.packages.push_back(snapshot_->package(id));
  }
  return result;
}

// A task that a decision ends. Why decides how it ends: a deadline lets it expire, a version that
// none of its deployment's deltas starts at is a failure that operators must see.
base::Status DeviceGateway::give_up(Touched& what, Task& task, const domain::Decision& decision) {
  const auto* rules = snapshot_->deployment(task.deployment);
  const bool late =
      rules != nullptr && rules->deployment->deadline && *rules->deployment->deadline <= now_;
  if (late) {
    task.failure = domain::FailureClass::expired;
    return move(what, task, TaskEvent::expire, "the deadline has passed");
  }
  const bool no_delta = decision.reason == domain::Reason::base_mismatch &&
                        decision.deployment == task.deployment && task.state != TaskState::paused;
  if (no_delta) {
    task.failure = domain::FailureClass::version;
    return move(what, task, TaskEvent::failed, "no delta starts at the reported version");
  }
  return move(what, task, TaskEvent::cancel, "superseded");
}

base::Result<CheckResult> DeviceGateway::check_anonymous(domain::TenantId tenant,
                                                         const domain::CheckIn& check_in) {
  Device nobody;
  nobody.tenant = tenant;
  return result_of(
      domain::decide(*snapshot_, nobody, check_in, now_, nullptr, &engine_.board()));
}

void DeviceGateway::note_door(Touched& what) const {
  if (door_ == kOperatorDoor || door_ == kServerDoor) return;
  if (what.current().door != kOperatorDoor) return;
  what.working().door = std::string(door_);
  what.identity_changed = true;
}

base::Result<CheckResult> DeviceGateway::check(DeviceRef device, const domain::CheckIn& check_in,
                                               TaskBirth birth, StatedVersion stated) {
  Touched& what = touched(device);
  if (birth == TaskBirth::none) {
    return result_of(decide_now(what, check_in, birth));
  }
  note_door(what);
  const auto* product = snapshot_->product(check_in.product);
  const bool version_fits =
      product != nullptr && !check_in.version.empty() &&
      domain::validate_version(product->product->version_format, check_in.version).has_value();
  if (version_fits) {
    record_version(what, check_in.slot, check_in.product, check_in.version);
    if (stated == StatedVersion::completes)
      complete_by_version(what, check_in.slot, check_in.version);
  }
  CheckResult result = result_of(decide_now(what, check_in, birth));
  const auto& decision = result.decision;
  if (decision.superseded) {
    Task* old = find_task_in(what.working(), decision.superseded);
    if (old != nullptr && domain::is_open(old->state)) {
      OTARU_CHECK(give_up(what, *old, decision));
    }
  }
  if (decision.reason == domain::Reason::consent_needed && !decision.task) {
    result.task = ask_for_consent(what, check_in, decision);
  }
  if (!decision.offer) return result;
  engine_.stats_.offers += 1;
  if (decision.task) {
    result.task = what.current().task(decision.task);
    if (result.task == nullptr || result.task->state != TaskState::awaiting_consent) return result;
    // Nobody has to be asked any more, and it has its place.
    Task& waiting = *find_task_in(what.working(), decision.task);
    waiting.chain = decision.offer->chain;
    OTARU_CHECK(move(what, waiting, TaskEvent::consent, domain::name_of(decision.reason)));
    result.task = &waiting;
    return result;
  }
  Task& task = new_task(what, decision.offer->deployment, *result.release, check_in.slot);
  task.chain = decision.offer->chain;
  task.from_version = std::string(check_in.version);
  task.wave = decision.wave;
  task.stepping = decision.stepping;
  note_task(what, task, task.state, "created", domain::name_of(decision.reason));
  result.task = &task;
  return result;
}

const Device& DeviceGateway::describe(DeviceRef device) const {
  return touched(device).current();
}

const Task* DeviceGateway::find_task(DeviceRef device, domain::TaskId task) const {
  return touched(device).current().task(task);
}

base::Result<Payload> DeviceGateway::open_payload(domain::PackageId package) {
  const auto* found = snapshot_->package(package);
  if (found == nullptr) return base::fail(Code::not_found, "there is no such package");
  auto blob = engine_.blobs().open(found->digests.sha256);
  if (!blob) {
    base::log::error("blob.missing", {{"package", package.value},
                                      {"sha256", found->digests.sha256},
                                      {"message", blob.error().message}});
    return base::fail(std::move(blob).error());
  }
  return Payload{found, std::move(*blob)};
}

base::Status DeviceGateway::progress(DeviceRef device, domain::TaskId task, int64_t percent,
                                     std::string_view detail) {
  if (percent < 0 || percent > 100) return base::fail(Code::invalid, "progress is 0 to 100");
  Touched& what = touched(device);
  const Task* known = what.current().task(task);
  if (known == nullptr) return base::fail(Code::not_found, "there is no such task");
  const TaskEvent event = percent == 100 ? TaskEvent::downloaded : TaskEvent::download_started;
  if (!domain::is_open(known->state)) {
    note_late(what, task, event, "", std::to_string(percent) + "%");
  }
  OTARU_TRY(next, domain::transition(known->state, event));
  if (next == known->state && percent == known->progress_percent) return {};
  Task& changed = *find_task_in(what.working(), task);
  const TaskState before = changed.state;
  OTARU_CHECK(move(what, changed, event, detail));
  if (changed.state == TaskState::downloading && percent != changed.progress_percent) {
    changed.progress_percent = percent;
    if (changed.state == before) {
      remark(what, changed, "progress", std::to_string(percent) + "%");
    }
  }
  return {};
}

base::Status DeviceGateway::report(DeviceRef device, domain::TaskId task,
                                   const TaskReport& report) {
  Touched& what = touched(device);
  const Task* known = what.current().task(task);
  if (known == nullptr) return base::fail(Code::not_found, "there is no such task");
  if (!domain::is_open(known->state)) {
    note_late(what, task, report.event, report.result, report.detail);
  }
  OTARU_CHECK(domain::transition(what.current().task(task)->state, report.event));
  Task& changed = *find_task_in(what.working(), task);
  if (report.failure != domain::FailureClass::none) changed.failure = report.failure;
  const bool began = changed.began || report.began.value_or(false);
  if (report.steps_done) changed.steps_done = *report.steps_done;
  if (!report.result.empty()) {
    changed.result = std::string(report.result.substr(0, limits::kAttributeBytesMax));
  }
  const TaskState before = changed.state;
  OTARU_CHECK(move(what, changed, report.event, report.detail));
  if (report.began) changed.began = began;
  if (changed.state == before) {
    remark(what, changed, domain::name_of(report.event), report.detail);
  }
  if (report.progress_percent && domain::is_open(changed.state)) {
    changed.progress_percent = *report.progress_percent;
  }
  if (changed.state == TaskState::succeeded) {
    const std::string slot = changed.slot;
    const std::string version = changed.target_version;
    record_version(what, slot, changed.product, version);
  }
  return {};
}

base::Status DeviceGateway::report_mismatch(DeviceRef device, domain::DeploymentId deployment,
                                            domain::ReleaseId release, std::string_view slot,
                                            domain::FailureClass failure, std::string_view detail) {
  Touched& what = touched(device);
  const auto* target = snapshot_->release(release);
  const auto* rules = snapshot_->deployment(deployment);
  if (target == nullptr || rules == nullptr) {
    return base::fail(Code::not_found, "there is no such deployment");
  }
  int64_t attempts = 0;
  for (const auto& task : what.current().tasks) {
    if (task.deployment == deployment && task.slot == slot) ++attempts;
  }
  // A device that repeats itself does not grow its history without end.
  if (attempts >= rules->deployment->attempts_max) return {};
  Task& task = new_task(what, deployment, *target, slot);
  note_task(what, task, task.state, "created", "mismatch");
  task.failure = failure;
  const base::Status failed = move(what, task, TaskEvent::failed, detail);
  task.began = false;
  return failed;
}

base::Status DeviceGateway::attributes(DeviceRef device, const Inventory& inventory) {
  Touched& what = touched(device);
  note_door(what);
  for (const auto& reported : inventory.versions) {
    if (reported.version.empty() || reported.version.size() > limits::kVersionBytesMax) {
      return base::fail(Code::invalid, "the version is empty or too long");
    }
    record_version(what, reported.slot, reported.product, reported.version);
    complete_by_version(what, reported.slot, reported.version);
  }
  return record_attributes(what, inventory);
}

// What operators set and what a device says are kept apart: neither can overwrite the other.
base::Status DeviceGateway::record_attributes(Touched& what, const Inventory& inventory) {
  const auto map = door_ == kOperatorDoor ? &Device::attributes : &Device::reported;
  forget_attributes(what, inventory);
  for (const auto& [key, value] : inventory.attributes) {
    if (key == domain::facts::kHealth && door_ != kOperatorDoor) note_health(what, value);
    const std::string_view kept = value.substr(0, limits::kAttributeBytesMax);
    const std::string* known = domain::find_text(what.current().*map, key);
    if (known != nullptr && *known == kept) continue;
    if (known == nullptr && (what.current().*map).size() >= limits::kAttributesPerDeviceMax) {
      return base::fail(Code::exhausted, "the device has too many attributes");
    }
    domain::set_text(what.working().*map, key, kept);
    what.identity_changed = true;
  }
  return {};
}

void DeviceGateway::forget_attributes(Touched& what, const Inventory& inventory) {
  if (!inventory.replace_attributes && inventory.removed.empty()) return;
  const auto map = door_ == kOperatorDoor ? &Device::attributes : &Device::reported;
  const auto has = [](const std::vector<std::string_view>& keys, std::string_view key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  };
  const auto goes = [&](const auto& entry) {
    const auto& stated = inventory.attributes;
    const bool said = std::any_of(stated.begin(), stated.end(),
                                  [&](const auto& pair) { return pair.first == entry.first; });
    if (said) return false;
    if (has(inventory.removed, entry.first)) return true;
    return inventory.replace_attributes && !has(inventory.kept, entry.first);
  };
  const auto& now = what.current().*map;
  if (std::none_of(now.begin(), now.end(), goes)) return;
  std::erase_if(what.working().*map, goes);
  what.identity_changed = true;
}

base::Result<int64_t> DeviceGateway::extend_token(DeviceRef device, domain::TaskId task,
                                                  int64_t lifetime_ms) {
  Touched& what = touched(device);
  const Task* known = what.current().task(task);
  if (known == nullptr) return base::fail(Code::not_found, "there is no such task");
  const bool living = known->token_generation > 0 && known->token_expires_at > now_;
  // A token in use is written again only when half of its life is over: a download of a thousand
  // slices costs no thousand writes.
  if (living && known->token_expires_at - now_ > lifetime_ms / 2) return known->token_generation;
  Task& changed = *find_task_in(what.working(), task);
  if (!living) changed.token_generation += 1;
  changed.token_expires_at = now_ + lifetime_ms;
  if (std::find(what.changed_tasks.begin(), what.changed_tasks.end(), task) ==
      what.changed_tasks.end()) {
    what.changed_tasks.push_back(task);
  }
  return changed.token_generation;
}

void DeviceGateway::set_blocked(DeviceRef device, bool blocked) {
  Touched& what = touched(device);
  if (what.current().blocked == blocked) return;
  if (what.current().pending) return end_pending(what, true);
  what.working().blocked = blocked;
  what.identity_changed = true;
}

base::Status DeviceGateway::approve(DeviceRef device) {
  return answer_pending(device, true);
}

base::Status DeviceGateway::reject(DeviceRef device) {
  return answer_pending(device, false);
}

base::Status DeviceGateway::answer_pending(DeviceRef device, bool welcome) {
  Touched& what = touched(device);
  if (!what.current().pending) {
    return base::fail(Code::precondition, "the device does not wait for approval");
  }
  end_pending(what, welcome);
  return {};
}

void DeviceGateway::end_pending(Touched& what, bool welcome) {
  Device& next = what.working();
  next.pending = false;
  next.blocked = !welcome;
  what.identity_changed = true;
  what.events.push_back(device_event(next, welcome ? "device.approved" : "device.rejected", now_));
}

void DeviceGateway::set_secret(DeviceRef device, std::string sealed) {
  Touched& what = touched(device);
  if (what.current().secret_sealed == sealed) return;
  what.working().secret_sealed = std::move(sealed);
  what.identity_changed = true;
}

void DeviceGateway::remove_attribute(DeviceRef device, std::string_view key) {
  Touched& what = touched(device);
  if (domain::find_text(what.current().attributes, key) == nullptr) return;
  std::erase_if(what.working().attributes, [key](const auto& entry) { return entry.first == key; });
  what.identity_changed = true;
}

void DeviceGateway::set_tags(DeviceRef device, std::vector<std::string> tags) {
  Touched& what = touched(device);
  if (what.current().tags == tags) return;
  what.working().tags = std::move(tags);
  what.identity_changed = true;
}

void DeviceGateway::set_groups(DeviceRef device, std::vector<domain::GroupId> groups) {
  Touched& what = touched(device);
  if (what.current().groups == groups) return;
  what.working().groups = std::move(groups);
  what.identity_changed = true;
}

void DeviceGateway::log(DeviceRef device, std::string_view text) {
  Touched& what = touched(device);
  if (what.logs.size() >= kLogLinesPerRequest) return;
  what.logs.push_back({what.current().id, now_, std::string(door_),
                       std::string(text.substr(0, limits::kLogBytesMax))});
}

std::optional<SessionRow> DeviceGateway::find_session(std::string_view key) const {
  return engine_.sessions_.find(key);
}

std::optional<SessionRow> DeviceGateway::find_session_by_token(std::string_view index) const {
  return engine_.sessions_.find_by_token(index);
}

base::Status DeviceGateway::put_session(SessionRow row) {
  auto before = engine_.sessions_.find(row.key);
  if (!before && engine_.sessions_.count() >= limits::kSessionsMax) {
    const auto expired = engine_.sessions_.expired_key(now_);
    if (!expired) return base::fail(Code::exhausted, "the limit of living sessions is reached");
    erase_session(*expired);
  }
  sessions_before_.emplace_back(row.key, std::move(before));
  session_ops_.emplace_back(std::move(row));
  return {};
}

void DeviceGateway::erase_session(std::string_view key) {
  sessions_before_.emplace_back(std::string(key), engine_.sessions_.find(key));
  session_ops_.emplace_back(EraseText{EraseText::Table::session, std::string(key)});
}

}  // namespace otaru::app
