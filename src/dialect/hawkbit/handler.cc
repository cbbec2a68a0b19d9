// SPDX-License-Identifier: Apache-2.0
#include "dialect/hawkbit/handler.h"

#include <algorithm>
#include <vector>

#include "base/duration.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "base/limits.h"
#include "dialect/hawkbit/actions.h"
#include "dialect/hawkbit/mapping.h"
#include "dialect/hawkbit/poll.h"

namespace otaru::dialect::hawkbit {
namespace {

namespace limits = base::limits;
using base::Code;
using domain::Device;
using domain::Task;
using domain::TaskState;

base::Result<Action> action_for(const Visit& visit, std::string_view id) {
  auto action = find_action(visit.gateway.describe(visit.device), visit.gateway.catalogue(), id);
  if (!action) return base::fail(Code::not_found, "there is no such action");
  return std::move(*action);
}

std::string artifact_href(const Visit& visit, domain::ReleaseId module,
                          const domain::Package& package) {
  return visit.root + "/softwaremodules/" + std::to_string(module.value) + "/artifacts/" +
         base::percent_encode(package.file_name);
}

std::vector<Artifact> artifacts_of(const Visit& visit, const Task& task) {
  std::vector<Artifact> out;
  for (const domain::PackageId id : task.chain) {
    const auto* package = visit.gateway.catalogue().package(id);
    if (package == nullptr) continue;
    out.push_back({package->file_name, package->size_bytes, &package->digests,
                   artifact_href(visit, task.target, *package)});
  }
  return out;
}

// A task that is part of what is sent for its action.
bool is_sent(const Action& action, const Task& task, std::string_view kind) {
  if (kind == "confirmation") return task.state == TaskState::awaiting_consent;
  if (action.open() && !domain::is_open(task.state)) return false;
  return row_of(task.state).action_there;
}

ActionAnswer describe_action(const Visit& visit, const Action& action, std::string_view kind) {
  const auto& catalogue = visit.gateway.catalogue();
  ActionAnswer out;
  out.kind = kind;
  out.id = std::to_string(action.id.value);
  const auto* compiled = catalogue.deployment(action.deployment);
  const UrgencyRow& urgency =
      row_of(compiled == nullptr ? domain::Urgency::soft : compiled->deployment->urgency);
  out.download = urgency.download;
  out.update = urgency.update;
  // Nothing is offered outside the windows of a deployment: when it is, they are open.
  if (compiled != nullptr && !compiled->deployment->windows.list.empty()) out.window = "available";
  for (const Task* task : action.tasks) {
    const auto* product = catalogue.product(task->product);
    if (product == nullptr || !is_sent(action, *task, kind)) continue;
    out.chunks.push_back({part_of(*product->product), task->target_version, product->product->name,
                          artifacts_of(visit, *task)});
  }
  out.status = row_of(action.state()).status;
  return out;
}

// Another number whenever the device would read something else under the link: clients compare it
// to tell a changed action from a known one. Of the values: rendering it all with every poll would
// cost more than the rest of the poll.
std::string content_mark(const Visit& visit, const Action& action, std::string_view kind) {
  const auto& catalogue = visit.gateway.catalogue();
  uint64_t hash = base::stable_hash(visit.root);
  const auto add = [&hash](std::string_view text) { hash = base::stable_hash(text, hash); };
  const auto* compiled = catalogue.deployment(action.deployment);
  if (compiled != nullptr) {
    add(domain::name_of(compiled->deployment->urgency));
    add(compiled->deployment->windows.list.empty() ? "always" : "window");
  }
  for (const Task* task : action.tasks) {
    const auto* product = catalogue.product(task->product);
    if (product == nullptr || !is_sent(action, *task, kind)) continue;
    add(product->product->name);
    add(part_of(*product->product));
    add(task->target_version);
    for (const domain::PackageId id : task->chain) {
      const auto* package = catalogue.package(id);
      if (package == nullptr) continue;
      add(package->file_name);
      add(package->digests.sha256);
    }
  }
  return std::to_string(static_cast<int32_t>(hash));
}

std::string action_href(const Visit& visit, std::string_view kind, const Action& action) {
  return visit.root + "/" + std::string(kind) + "/" + std::to_string(action.id.value);
}

std::string marked_href(const Visit& visit, std::string_view resource, const Action& action) {
  const std::string_view kind = resource == "confirmationBase" ? "confirmation" : "deployment";
  return action_href(visit, resource, action) + "?c=" + content_mark(visit, action, kind);
}

base::Status add_history(const Visit& visit, const Action& action, int64_t messages_max,
                         ActionAnswer& answer) {
  if (messages_max == 0) return {};
  const size_t most = messages_max < 0
                          ? limits::kHistoryPerTaskMax
                          : std::min(static_cast<size_t>(messages_max), limits::kHistoryPerTaskMax);
  // One task's history is the action's: what devices say is written into that of each.
  OTARU_TRY(lines, visit.gateway.history(visit.device, action.tasks.front()->id, most));
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    answer.messages.push_back(line->detail.empty() ? line->event
                                                   : line->event + ": " + line->detail);
  }
  return {};
}

// Who agreed, without the door that consent is kept with.
std::string_view initiator_of(const domain::Consent& consent) {
  const std::string_view by = consent.by;
  const size_t colon = by.find(": ");
  return colon == std::string_view::npos ? by : by.substr(colon + 2);
}

}  // namespace

base::Result<std::string> answer_poll(const Visit& visit) {
  Poll poll(visit);
  // What a device has to stop it is told before anything else is decided about it.
  auto stop = poll.to_stop();
  if (!stop) {
    OTARU_CHECK(poll.ask());
    stop = poll.to_stop();
  }
  std::vector<Link> links;
  int64_t sleep = visit.polling_s;
  if (stop) {
    // SWUpdate appends "/feedback" to this one as it is: no query.
    links.push_back({"cancelAction", action_href(visit, "cancelAction", *stop)});
  } else if (const auto install = poll.to_install()) {
    links.push_back({"deploymentBase", marked_href(visit, "deploymentBase", *install)});
  } else if (const auto confirm = poll.to_confirm()) {
    links.push_back({"confirmationBase", marked_href(visit, "confirmationBase", *confirm)});
  } else {
    sleep = poll.sleep_s();
    if (const auto installed = poll.installed()) {
      links.push_back({"installedBase", action_href(visit, "installedBase", *installed)});
    }
  }
  if (config_data_missing(visit.gateway.describe(visit.device))) {
    links.push_back({"configData", visit.root + "/configData"});
  }
  return render_poll(base::duration_text(sleep), links);
}

base::Result<std::string> answer_deployment(const Visit& visit, std::string_view id,
                                            int64_t messages_max) {
  OTARU_TRY(action, action_for(visit, id));
  if (!row_of(action.state()).action_there) {
    return base::fail(Code::not_found, "the action is not to be installed");
  }
  ActionAnswer answer = describe_action(visit, action, "deployment");
  OTARU_CHECK(add_history(visit, action, messages_max, answer));
  return render_action(answer);
}

base::Result<std::string> answer_installed(const Visit& visit, std::string_view id,
                                           int64_t messages_max) {
  OTARU_TRY(action, action_for(visit, id));
  if (action.state() != TaskState::succeeded) {
    return base::fail(Code::not_found, "the action is not installed");
  }
  ActionAnswer answer = describe_action(visit, action, "deployment");
  OTARU_CHECK(add_history(visit, action, messages_max, answer));
  return render_action(answer);
}

base::Result<std::string> answer_cancel(const Visit& visit, std::string_view id) {
  OTARU_TRY(action, action_for(visit, id));
  if (!action.to_be_stopped(visit.gateway.now())) {
    return base::fail(Code::not_found, "the action is not cancelled");
  }
  return render_cancel(id);
}

base::Result<std::string> answer_confirmation(const Visit& visit, std::string_view id) {
  OTARU_TRY(action, action_for(visit, id));
  if (action.state() != TaskState::awaiting_consent) {
    return base::fail(Code::not_found, "the action does not wait for a confirmation");
  }
  return render_action(describe_action(visit, action, "confirmation"));
}

base::Result<std::string> answer_confirmation_base(const Visit& visit) {
  const Device& device = visit.gateway.describe(visit.device);
  const domain::Consent& consent = device.consent;
  AutoConfirmState state;
  state.active = consent.choice == domain::ConsentChoice::automatic;
  state.initiator = initiator_of(consent);
  state.activated_at_ms = consent.at.ms;
  std::vector<Link> links;
  const auto waiting = std::find_if(device.tasks.begin(), device.tasks.end(), [](const Task& task) {
    return task.state == TaskState::awaiting_consent;
  });
  if (waiting != device.tasks.end() && !device.blocked) {
    const Action action = action_of(device, visit.gateway.catalogue(), *waiting);
    links.push_back({"confirmationBase", marked_href(visit, "confirmationBase", action)});
  }
  if (state.active) {
    links.push_back(
        {"deactivateAutoConfirm", visit.root + "/confirmationBase/deactivateAutoConfirm"});
  } else {
    links.push_back({"activateAutoConfirm", visit.root + "/confirmationBase/activateAutoConfirm"});
  }
  return render_confirmation_base(state, links);
}

namespace {

// The newest task of this device that installs the module, and may be known to it.
base::Result<const Task*> task_of_module(const Visit& visit, std::string_view module) {
  const Device& device = visit.gateway.describe(visit.device);
  const domain::ReleaseId release{base::parse_int(module).value_or(0)};
  for (const Task& task : device.tasks) {
    if (task.target != release || device.blocked) continue;
    if (row_of(task.state).action_there && task.state != TaskState::failed) return &task;
  }
  return base::fail(Code::not_found, "no action of this device has such a module");
}

}  // namespace

base::Result<std::string> answer_artifacts(const Visit& visit, std::string_view module) {
  OTARU_TRY(task, task_of_module(visit, module));
  return render_artifacts(artifacts_of(visit, *task));
}

base::Result<const domain::Package*> find_artifact(const Visit& visit, std::string_view module,
                                                   std::string_view file_name, Purpose purpose) {
  OTARU_TRY(task, task_of_module(visit, module));
  for (const domain::PackageId id : task->chain) {
    const auto* package = visit.gateway.catalogue().package(id);
    if (package == nullptr || package->file_name != file_name) continue;
    if (purpose == Purpose::fetch && task->state == TaskState::pending) {
      OTARU_CHECK(
          visit.gateway.progress(visit.device, task->id, 0, "fetches " + package->file_name));
    }
    return package;
  }
  return base::fail(Code::not_found, "the module has no such artifact");
}

}  // namespace otaru::dialect::hawkbit
