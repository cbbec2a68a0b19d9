// SPDX-License-Identifier: Apache-2.0
// What devices say of themselves and of their actions.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/limits.h"
#include "dialect/hawkbit/actions.h"
#include "dialect/hawkbit/handler.h"
#include "dialect/hawkbit/mapping.h"
#include "domain/facts.h"
#include "domain/version.h"

namespace otaru::dialect::hawkbit {
namespace {

namespace limits = base::limits;
using base::Code;
using domain::Task;
using domain::TaskEvent;
using domain::TaskState;

tl::unexpected<base::Error> no_such_action() {
  return base::fail(Code::not_found, "there is no such action");
}

tl::unexpected<base::Error> action_is_over() {
  return base::fail(Code::gone, "the action is over");
}

// Tasks may change while an action is worked through.
std::vector<domain::TaskId> ids_of(const Action& action) {
  std::vector<domain::TaskId> out;
  for (const Task* task : action.tasks) out.push_back(task->id);
  return out;
}

std::string line_of(const Feedback& said) {
  std::string out(name_of(said.execution));
  if (said.of && *said.of > 0 && said.count) {
    out += " " + std::to_string(*said.count) + "/" + std::to_string(*said.of);
  }
  const std::string words = words_of(said);
  if (!words.empty()) out += ": " + words;
  return out;
}

// SWUpdate counts lines of its log in `cnt` and leaves `of` 0: that is no progress.
std::optional<int64_t> percent_of(const Feedback& said) {
  if (!said.count || !said.of || *said.of <= 0) return std::nullopt;
  if (*said.count < 0 || *said.count > *said.of) return std::nullopt;
  return static_cast<int64_t>(100.0 * static_cast<double>(*said.count) /
                              static_cast<double>(*said.of));
}

// One feedback and what it means for each task of its action.
class FeedbackTaker {
 public:
  FeedbackTaker(const Visit& visit, const Feedback& said)
      : visit_(visit), gateway_(visit.gateway), said_(said), line_(line_of(said)) {}

  base::Status take(domain::TaskId id) {
    const FeedbackRow& row = row_of(said_.execution, said_.finished);
    const Task& task = *gateway_.find_task(visit_.device, id);
    if (row.meaning == Meaning::noted) return note(id);
    const bool held = task.state == TaskState::paused || task.state == TaskState::awaiting_consent;
    if (row.meaning == Meaning::begun) return held ? note(id) : go_on(task);
    if (*row.event == TaskEvent::installed) return finish(task, held);
    if (held) return note(id);
    if (*row.event == TaskEvent::failed) return fail(task);
    if (task.state == TaskState::upgrading) return note(id);
    return send(id, *row.event);
  }

  // The action is over; what is said now comes too late, but is kept.
  base::Status take_late(domain::TaskId id) {
    const FeedbackRow& row = row_of(said_.execution, said_.finished);
    const Task& task = *gateway_.find_task(visit_.device, id);
    const bool done = row.event == TaskEvent::installed;
    if (task.state == TaskState::succeeded) {
      if (row.event != TaskEvent::failed) return {};  // said before; the answer was lost
      OTARU_CHECK(say_health(domain::facts::kUnhealthy));
      return note(id);
    }
    const bool repeated = task.state == TaskState::failed && row.event == TaskEvent::failed;
    if (repeated) return {};
    OTARU_CHECK(note(id));
    return done ? state_version(task) : base::Status();
  }

 private:
  base::Status note(domain::TaskId id) {
    const base::Status noted = gateway_.note(visit_.device, id, name_of(said_.execution), line_);
    // What ends an action is taken however much was said before.
    if (!noted && noted.error().code == Code::exhausted) return {};
    return noted;
  }

  base::Status send(domain::TaskId id, TaskEvent event) {
    app::TaskReport report;
    report.event = event;
    report.detail = line_;
    report.progress_percent = percent_of(said_);
    return gateway_.report(visit_.device, id, report);
  }

  base::Status go_on(const Task& task) {
    if (task.state == TaskState::upgrading) return note(task.id);
    return send(task.id, TaskEvent::download_started);
  }

  base::Status finish(const Task& task, bool held) {
    if (only_downloads(task)) {
      // "Skipped Update.": it was told not to install (update: skip), and says that it did so.
      return task.state == TaskState::downloading ? send(task.id, TaskEvent::downloaded)
                                                  : note(task.id);
    }
    app::TaskReport report;
    report.event = held ? TaskEvent::version_reported : TaskEvent::installed;
    report.began = true;
    report.detail = line_;
    const std::string result = said_.code ? std::to_string(*said_.code) : std::string();
    report.result = result;
    OTARU_CHECK(gateway_.report(visit_.device, task.id, report));
    const auto& device = gateway_.describe(visit_.device);
    const std::string* health = domain::find_text(device.reported, domain::facts::kHealth);
    if (health == nullptr || *health == domain::facts::kHealthy) return {};
    return say_health(domain::facts::kHealthy);
  }

  base::Status fail(const Task& task) {
    OTARU_TRY(failure, failure_class(task.id));
    app::TaskReport report;
    report.event = TaskEvent::failed;
    report.failure = failure;
    // What these clients fetch they install while it comes: only what was lost on the way is no
    // attempt, and a bad file is not fetched again for ever.
    report.began = task.state != TaskState::pending && failure != domain::FailureClass::download;
    report.detail = line_;
    const std::string result =
        said_.code ? std::to_string(*said_.code) : std::string(name_of(said_.finished));
    report.result = result;
    return gateway_.report(visit_.device, task.id, report);
  }

  // SWUpdate tells the reason in a page of its log, and may close with anything.
  base::Result<domain::FailureClass> failure_class(domain::TaskId id) {
    OTARU_TRY(lines, gateway_.history(visit_.device, id, kLogPagesMax));
    std::string errors;
    for (const auto& line : lines) errors += error_lines(line.detail);
    const std::string last = words_of(said_);
    const std::string told = error_lines(last);
    // A client without pages says why as it likes.
    errors += told.empty() && errors.empty() ? last : told;
    return failure_of(errors);
  }

  bool only_downloads(const Task& task) const {
    const auto* compiled = gateway_.catalogue().deployment(task.deployment);
    return compiled != nullptr && compiled->deployment->urgency == domain::Urgency::download_only;
  }

  base::Status say_health(std::string_view health) {
    app::Inventory inventory;
    inventory.attributes.emplace_back(domain::facts::kHealth, health);
    return gateway_.attributes(visit_.device, inventory);
  }

  base::Status state_version(const Task& task) {
    app::Inventory inventory;
    inventory.versions.push_back({task.slot, task.product, task.target_version});
    return gateway_.attributes(visit_.device, inventory);
  }

  static constexpr size_t kLogPagesMax = 16;

  const Visit& visit_;
  app::DeviceGateway& gateway_;
  const Feedback& said_;
  std::string line_;
};

// The attributes of a message and the facts that some of them stand for.
app::Inventory inventory_of(const ConfigData& said) {
  app::Inventory out;
  const auto states = [&](std::string_view name) {
    return std::any_of(said.data.begin(), said.data.end(),
                       [&](const auto& entry) { return entry.first == name; });
  };
  const auto add = [&](std::string_view name, std::string_view value) {
    if (said.mode == UpdateMode::remove) {
      out.removed.push_back(name);
    } else {
      out.attributes.emplace_back(name, value);
    }
  };
  for (const auto& [name, value] : said.data) {
    if (name == kConfigDataSent) continue;  // the server's own mark
    add(name, value);
    for (const AttributeRow& row : attribute_table()) {
      if (row.name == name && !states(row.fact)) add(row.fact, value);
    }
  }
  out.replace_attributes = said.mode == UpdateMode::replace;
  return out;
}

// The version that the message states for a component, if any.
std::string_view version_of(const ConfigData& said, const domain::Component& component,
                            bool only_one) {
  const std::string own = std::string(kVersionOfAttribute) + component.slot;
  for (const auto& [name, value] : said.data) {
    if (name == own) return value;
  }
  if (!only_one) return {};
  for (const std::string_view known : version_attributes()) {
    for (const auto& [name, value] : said.data) {
      if (name == known) return value;
    }
  }
  return {};
}

base::Status take_versions(const Visit& visit, const ConfigData& said) {
  const auto& catalogue = visit.gateway.catalogue();
  const std::vector<domain::Component> asked = asked_components(visit);
  for (const domain::Component& one : asked) {
    const std::string_view version = version_of(said, one, asked.size() == 1);
    const auto* product = catalogue.product(one.product);
    const bool fits =
        !version.empty() && product != nullptr &&
        domain::validate_version(product->product->version_format, version).has_value();
    if (!fits) continue;
    app::Inventory inventory;
    inventory.versions.push_back({one.slot, one.product, version});
    OTARU_CHECK(visit.gateway.attributes(visit.device, inventory));
  }
  return {};
}

}  // namespace

base::Status take_config_data(const Visit& visit, const ConfigData& said) {
  const domain::Device& device = visit.gateway.describe(visit.device);
  // One that waits for approval tells people what it is; one that was blocked leaves nothing.
  if (device.blocked && !device.pending) return {};
  const std::string sent(config_data_wanted(device));
  app::Inventory inventory = inventory_of(said);
  inventory.attributes.emplace_back(kConfigDataSent, sent);
  OTARU_CHECK(visit.gateway.attributes(visit.device, inventory));
  if (said.mode == UpdateMode::remove || device.blocked) return {};
  return take_versions(visit, said);
}

base::Status take_feedback(const Visit& visit, std::string_view id, const Feedback& said) {
  const auto action =
      find_action(visit.gateway.describe(visit.device), visit.gateway.catalogue(), id);
  if (!action) return no_such_action();
  const std::vector<domain::TaskId> tasks = ids_of(*action);
  const bool over = !action->open();
  const FeedbackRow& row = row_of(said.execution, said.finished);
  const bool ends = row.event == TaskEvent::installed || row.event == TaskEvent::failed;
  FeedbackTaker taker(visit, said);
  for (const domain::TaskId task : tasks) {
    const int64_t lines = visit.gateway.find_task(visit.device, task)->history_count;
    if (!ends && lines >= static_cast<int64_t>(limits::kHistoryPerTaskMax)) {
      return base::fail(Code::exhausted, "too many status messages for this action");
    }
    const bool open = domain::is_open(visit.gateway.find_task(visit.device, task)->state);
    if (over) {
      OTARU_CHECK(taker.take_late(task));
    } else if (open) {
      OTARU_CHECK(taker.take(task));
    }
  }
  if (over) return action_is_over();
  return {};
}

base::Status take_cancel_feedback(const Visit& visit, std::string_view id, const Feedback& said) {
  const auto action =
      find_action(visit.gateway.describe(visit.device), visit.gateway.catalogue(), id);
  if (!action) return no_such_action();
  if (action->open()) return base::fail(Code::not_found, "the action is not cancelled");
  if (!action->to_be_stopped(visit.gateway.now())) return action_is_over();
  // "rejected": it goes on, and cannot be told again to any purpose.
  const bool ends = said.execution == Execution::closed || said.execution == Execution::canceled ||
                    said.execution == Execution::rejected;
  const std::string line = line_of(said);
  for (const domain::TaskId task : ids_of(*action)) {
    OTARU_CHECK(ends ? visit.gateway.acknowledge_end(visit.device, task, line)
                     : visit.gateway.note(visit.device, task, name_of(said.execution), line));
  }
  return {};
}

base::Status take_confirmation(const Visit& visit, std::string_view id, const Confirmation& said) {
  const auto action =
      find_action(visit.gateway.describe(visit.device), visit.gateway.catalogue(), id);
  if (!action) return no_such_action();
  if (!action->open()) return action_is_over();
  if (action->state() != TaskState::awaiting_consent) {
    return base::fail(Code::not_found, "the action does not wait for a confirmation");
  }
  Feedback words;
  words.details = said.details;
  const std::string line = words_of(words);
  for (const domain::TaskId task : ids_of(*action)) {
    const Task* known = visit.gateway.find_task(visit.device, task);
    if (known->state != TaskState::awaiting_consent) continue;
    if (!said.confirmed) {
      // It goes on waiting: the API says that it can be confirmed later.
      OTARU_CHECK(visit.gateway.note(visit.device, task, "denied", line));
      continue;
    }
    app::ConsentSaid consent;
    consent.step = domain::ConsentStep::granted;
    consent.task = task;
    consent.who = line;
    OTARU_CHECK(visit.gateway.consent(visit.device, consent));
  }
  return {};
}

base::Status activate_auto_confirm(const Visit& visit, const AutoConfirm& said) {
  std::string who = said.initiator;
  if (!said.remark.empty()) who += who.empty() ? said.remark : " (" + said.remark + ")";
  app::ConsentSaid consent;
  consent.choice = domain::ConsentChoice::automatic;
  consent.who = who;
  return visit.gateway.consent(visit.device, consent);
}

base::Status deactivate_auto_confirm(const Visit& visit) {
  const auto& known = visit.gateway.describe(visit.device).consent;
  if (known.choice != domain::ConsentChoice::automatic) return {};
  app::ConsentSaid consent;
  consent.choice = domain::ConsentChoice::unset;
  return visit.gateway.consent(visit.device, consent);
}

}  // namespace otaru::dialect::hawkbit
