// SPDX-License-Identifier: Apache-2.0
#include "dialect/ubtech/handler.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "base/hash.h"
#include "dialect/ubtech/mapping.h"
#include "dialect/waits.h"
#include "domain/facts.h"

namespace otaru::dialect::ubtech {
namespace {

using base::Code;
using domain::Task;
using domain::TaskEvent;
using domain::TaskState;

constexpr size_t kMarkBytes = 8;
constexpr size_t kNoStep = static_cast<size_t>(-1);
constexpr std::string_view kRobotVersion = "robot_version";
constexpr std::string_view kNoSuchId = "no such download id";
// Remembers the last report that moved no task, so that its repetition is no news.
constexpr std::string_view kReportAttribute = "ubtech_report";

// The component a robot updates: its package and file.
std::string slot_of(std::string_view package_name, std::string_view file_name) {
  std::string slot(package_name);
  slot += '/';
  slot += file_name;
  return slot;
}

// The step of the chain the reported version stands before: 0 unless earlier patches are applied
// already; kNoStep when the chain is of no use to that version.
size_t first_step(const domain::Snapshot& catalogue, const app::CheckResult& found,
                  std::string_view version) {
  const auto& packages = found.packages;
  if (packages.empty()) return kNoStep;
  const auto* product = catalogue.product(found.release->product);
  for (size_t i = packages.size(); i-- > 0;) {
    const domain::Package& package = *packages[i];
    if (package.kind == domain::PackageKind::full || package.base_version == version) return i;
    const auto order =
        domain::compare_versions(product->product->version_format, package.base_version, version);
    if (order && *order == std::strong_ordering::equal) return i;
  }
  return kNoStep;
}

// Of the content too: should a package's number ever be given again, its links end. (Part of the
// hash is enough for that, and keeps what is hashed in one block.)
std::string mark_of(const domain::Package& package, const app::Secrets& secrets) {
  std::string input = std::to_string(package.id.value);
  input += '\n';
  input += std::string_view(package.digests.sha256).substr(0, 16);
  return secrets.derive_hex("ubtech link", input, kMarkBytes);
}

// What one id of a report means.
struct Target {
  app::DeviceRef device;
  domain::TaskId task;                       // zero: only the package is known
  size_t step = 0;                           // position in the task's chain
  const domain::Package* package = nullptr;  // without a task
  std::string_view id;                       // as reported
};

// The task is one of ours: another protocol's tasks are not moved from here.
bool is_robot_task(const domain::Snapshot& catalogue, const Task& task) {
  const auto* product = catalogue.product(task.product);
  return product != nullptr &&
         task.slot == slot_of(product->product->name, product->product->model);
}

const domain::Package* package_of_tenant(const domain::Snapshot& catalogue, int64_t id,
                                         domain::TenantId tenant) {
  const auto* package = catalogue.package(domain::PackageId{id});
  const auto* release = package == nullptr ? nullptr : catalogue.release(package->release);
  const auto* product = release == nullptr ? nullptr : catalogue.product(release->product);
  return product != nullptr && product->product->tenant == tenant ? package : nullptr;
}

class Callback {
 public:
  Callback(const CallbackQuery& query, domain::TenantId tenant, AutoRegister auto_register,
           app::DeviceGateway& gateway)
      : query_(query), tenant_(tenant), auto_register_(auto_register), gateway_(gateway) {}

  base::Status run() {
    // All of them are looked up before any is applied.
    std::vector<Target> targets;
    targets.reserve(query_.ids.size());
    for (const auto& id : query_.ids) {
      OTARU_TRY(target, resolve(id));
      targets.push_back(target);
    }
    for (const auto& target : targets) OTARU_CHECK(apply(target));
    return {};
  }

 private:
  base::Result<Target> resolve(std::string_view id) {
    const auto number = base::parse_int(id);
    if (number && *number > 0) {
      auto target = by_download_id(id, unpack_download_id(*number));
      if (target || target.error().code != Code::not_found) return target;
    }
    return by_robot(id, number.value_or(0));
  }

  base::Result<Target> by_download_id(std::string_view id, const DownloadId& parts) {
    OTARU_TRY(device, gateway_.identify_by_task(parts.task));
    const Task* task = gateway_.find_task(device, parts.task);
    const bool ours = task != nullptr && gateway_.describe(device).tenant == tenant_ &&
                      parts.step < task->chain.size() && is_robot_task(gateway_.catalogue(), *task);
    if (!ours) return base::fail(Code::not_found, std::string(kNoSuchId));
    return Target{device, parts.task, parts.step, nullptr, id};
  }

  // Last resort, for what the vendor's table calls "package name": the robot's own newest task with
  // that package, by name or by the package's number.
  base::Result<Target> by_robot(std::string_view id, int64_t number) {
    const auto& catalogue = gateway_.catalogue();
    const auto* package = package_of_tenant(catalogue, number, tenant_);
    const bool register_it = package != nullptr && auto_register_ == AutoRegister::yes;
    const auto device =
        gateway_.identify(tenant_, query_.robot_id,
                          register_it ? app::Identify::find_or_register : app::Identify::find);
    if (!device) {
      if (device.error().code != Code::not_found) return base::fail(device.error());
      return base::fail(Code::not_found, std::string(kNoSuchId));
    }
    for (const Task& task : gateway_.describe(*device).tasks) {
      if (!is_robot_task(catalogue, task) || task.chain.empty()) continue;
      const auto at = std::find(task.chain.begin(), task.chain.end(), domain::PackageId{number});
      if (at != task.chain.end()) {
        return Target{*device, task.id, static_cast<size_t>(at - task.chain.begin()), nullptr, id};
      }
      if (catalogue.product(task.product)->product->name == id) {
        return Target{*device, task.id, task.chain.size() - 1, nullptr, id};
      }
    }
    if (package == nullptr) return base::fail(Code::not_found, std::string(kNoSuchId));
    return Target{*device, {}, 0, package, id};
  }

  base::Status apply(const Target& target) {
    const Task* task = gateway_.find_task(target.device, target.task);
    if (task == nullptr) return note(target, "without a task");
    const auto done = static_cast<int64_t>(target.step) + 1;
    const ReportRow& row = row_of(query_.code, done == static_cast<int64_t>(task->chain.size()));
    switch (effect_of(task->state, row)) {
      case Effect::repeated:
        return {};
      case Effect::noted:
        if (!row.event) return note(target, row.words);
        OTARU_CHECK(note_health(target, *task, row));
        return note(target, std::string(row.words) + untimely(task->state));
      case Effect::moves:
        break;
    }
    if (*row.event != TaskEvent::failed && task->steps_done >= done) return {};
    app::TaskReport report;
    report.event = *row.event;
    report.failure = row.failure;
    report.began = row.begins;
    if (*row.event != TaskEvent::failed) report.steps_done = done;
    const bool held =
        task->state == TaskState::paused || task->state == TaskState::awaiting_consent;
    if (held) report.event = TaskEvent::version_reported;
    OTARU_CHECK(note_health(target, *task, row));
    return send(target, *gateway_.find_task(target.device, target.task), report);
  }

  static std::string untimely(TaskState state) {
    if (!domain::is_open(state)) return ", but too late";
    return " while " + std::string(domain::name_of(state));
  }

  // The protocol has no word for health, but a robot that reports an update as failed after it was
  // done runs it, and is not well; the next one that goes well ends that.
  base::Status note_health(const Target& target, const Task& task, const ReportRow& row) {
    const bool complains = task.state == TaskState::succeeded && row.code == CallbackCode::failed;
    const std::string* known =
        domain::find_text(gateway_.describe(target.device).reported, domain::facts::kHealth);
    const bool recovers = domain::is_open(task.state) && row.event == TaskEvent::installed &&
                          known != nullptr && *known != domain::facts::kHealthy;
    if (!complains && !recovers) return {};
    app::Inventory inventory;
    inventory.attributes.emplace_back(
        domain::facts::kHealth, complains ? domain::facts::kUnhealthy : domain::facts::kHealthy);
    return gateway_.attributes(target.device, inventory);
  }

  std::string code_digit() const {
    return std::string(1, static_cast<char>('0' + static_cast<int>(query_.code)));
  }

  base::Status send(const Target& target, const Task& task, app::TaskReport& report) {
    const std::string result = code_digit();
    const std::string detail = "step " + std::to_string(target.step + 1) + " of " +
                               std::to_string(task.chain.size()) + ": code " + result;
    report.result = result;
    report.detail = detail;
    OTARU_CHECK(gateway_.report(target.device, target.task, report));
    flag_stranger(target);
    return {};
  }

  // A report that moves no task is a line of the robot's log, once.
  base::Status note(const Target& target, std::string_view what) {
    std::string value(target.id);
    value += ' ';
    value += code_digit();
    const std::string* last =
        domain::find_text(gateway_.describe(target.device).reported, kReportAttribute);
    if (last != nullptr && *last == value) return {};
    app::Inventory inventory;
    inventory.attributes.emplace_back(kReportAttribute, value);
    OTARU_CHECK(gateway_.attributes(target.device, inventory));
    std::string line = "report for download id ";
    line += target.id;
    if (target.package != nullptr) line += " (package " + target.package->file_name + ")";
    line += ": ";
    line += what;
    line += " (code " + code_digit() + ")";
    gateway_.log(target.device, line);
    flag_stranger(target);
    return {};
  }

  // The vendor's own samples name another robot in the report than in the download (README.md,
  // decision 3): it counts, and the difference is kept for people to see.
  void flag_stranger(const Target& target) {
    if (gateway_.describe(target.device).key == query_.robot_id) return;
    std::string line = "flagged: download id ";
    line += target.id;
    line += " was reported by robot_id ";
    line += query_.robot_id;
    gateway_.log(target.device, line);
  }

  const CallbackQuery& query_;
  domain::TenantId tenant_;
  AutoRegister auto_register_;
  app::DeviceGateway& gateway_;
};

// An open task whose chain starts from a version the robot no longer runs (it was reflashed, say)
// would be offered for ever: it ends as failed, and the check is made again.
base::Result<app::CheckResult> check_robot(app::DeviceRef device, const domain::CheckIn& check_in,
                                           size_t& first, app::DeviceGateway& gateway) {
  OTARU_TRY(found, gateway.check(device, check_in, app::TaskBirth::record));
  if (!found.decision.has_offer()) return std::move(found);
  first = first_step(gateway.catalogue(), found, check_in.version);
  if (first != kNoStep) return std::move(found);
  app::TaskReport report;
  report.event = TaskEvent::failed;
  report.failure = domain::FailureClass::version;
  const std::string detail =
      "no patch of the chain applies to version " + std::string(check_in.version);
  report.detail = detail;
  OTARU_CHECK(gateway.report(device, found.task->id, report));
  OTARU_TRY(again, gateway.check(device, check_in, app::TaskBirth::record));
  if (again.decision.has_offer()) {
    first = first_step(gateway.catalogue(), again, check_in.version);
  }
  return std::move(again);
}

// What releases are held against is kept, so that operators can filter by it and see what the robot
// would be offered. A robot that is blocked gets nothing, and leaves nothing.
void remember_labels(app::DeviceRef device,
                     std::span<const std::pair<std::string_view, std::string_view>> labels,
                     app::DeviceGateway& gateway) {
  if (gateway.describe(device).blocked) return;
  app::Inventory inventory;
  for (const auto& label : labels) {
    if (label.second.empty()) continue;
    inventory.attributes.push_back(label);
    if (label.first == kRobotVersion) {
      inventory.attributes.emplace_back(domain::facts::kHwVersion, label.second);
    }
  }
  // A robot with too many attributes already is served all the same.
  (void)gateway.attributes(device, inventory);
}

}  // namespace

domain::CheckDefaults check_defaults() {
  domain::CheckDefaults out;
  out.rules.order = domain::PlanOrder::delta_first;
  out.rules.steps_max = static_cast<int64_t>(base::limits::kPatchChainMax);
  out.labels = {"language", "robot_version"};
  return out;
}

base::Result<DownloadAnswer> answer_download(const DownloadQuery& query, domain::TenantId tenant,
                                             AutoRegister auto_register,
                                             const app::Secrets& secrets,
                                             app::DeviceGateway& gateway) {
  DownloadAnswer answer;
  const auto* product =
      gateway.catalogue().product(tenant, query.package_name, "", query.file_name);
  // Robots of a product that is not here leave no trace.
  const bool register_it = product != nullptr && auto_register == AutoRegister::yes;
  const auto device = gateway.identify(
      tenant, query.robot_id, register_it ? app::Identify::find_or_register : app::Identify::find);
  if (!device) {
    if (device.error().code != Code::not_found) return base::fail(device.error());
    answer.code =
        auto_register == AutoRegister::yes ? ResultCode::no_version : ResultCode::not_entitled;
    return answer;
  }
  if (product == nullptr) {
    answer.code =
        gateway.describe(*device).blocked ? ResultCode::not_entitled : ResultCode::no_version;
    return answer;
  }
  const std::string slot = slot_of(query.package_name, query.file_name);
  const std::array<std::pair<std::string_view, std::string_view>, 2> labels{
      {{"language", query.language}, {kRobotVersion, query.robot_version}}};
  remember_labels(*device, labels, gateway);
  static const domain::CheckDefaults kDefaults = check_defaults();
  domain::CheckIn check_in = kDefaults.check_in();
  check_in.product = product->product->id;
  check_in.slot = slot;
  check_in.version = query.version;
  check_in.labels = labels;
  size_t first = kNoStep;
  OTARU_TRY(found, check_robot(*device, check_in, first, gateway));
  answer.code = code_for(found.decision);
  answer.retry_after_s = seconds_until(found.decision.retry_at, gateway.now());
  if (answer.code != ResultCode::success) return answer;
  if (first == kNoStep || found.task == nullptr) {
    answer.code = ResultCode::no_version;
    return answer;
  }
  answer.steps.reserve(found.packages.size() - first);
  for (size_t i = first; i < found.packages.size(); ++i) {
    answer.steps.push_back(
        {pack_download_id({found.task->id, i}), link_path(*found.packages[i], secrets)});
  }
  return answer;
}

base::Status apply_callback(const CallbackQuery& query, domain::TenantId tenant,
                            AutoRegister auto_register, app::DeviceGateway& gateway) {
  return Callback(query, tenant, auto_register, gateway).run();
}

std::string link_path(const domain::Package& package, const app::Secrets& secrets) {
  std::string path = "/version/" + std::to_string(package.id.value) + "/";
  path += mark_of(package, secrets);
  path += '/';
  path += base::percent_encode(package.file_name);  // ';' too: it separates links
  return path;
}

const domain::Package* find_linked(const domain::Snapshot& catalogue, const app::Secrets& secrets,
                                   std::string_view package, std::string_view mark,
                                   std::string_view file_name) {
  const auto number = base::parse_int(package);
  if (!number) return nullptr;
  const auto* found = catalogue.package(domain::PackageId{*number});
  if (found == nullptr) return nullptr;
  const auto* release = catalogue.release(found->release);
  if (release == nullptr || release->state != domain::ReleaseState::published) return nullptr;
  const auto name = base::percent_decode(file_name, base::Plus::literal);
  if (!name || *name != found->file_name) return nullptr;
  return base::constant_time_equal(mark, mark_of(*found, secrets)) ? found : nullptr;
}

}  // namespace otaru::dialect::ubtech
