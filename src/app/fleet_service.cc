// SPDX-License-Identifier: Apache-2.0
#include "app/fleet_service.h"

#include <algorithm>

#include "app/device_line.h"
#include "app/input_checks.h"
#include "app/journal_changes.h"
#include "base/limits.h"
#include "domain/names.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;

domain::TaskEvent event_of(TaskAction action) {
  switch (action) {
    case TaskAction::cancel:
      return domain::TaskEvent::cancel;
    case TaskAction::pause:
      return domain::TaskEvent::pause;
    case TaskAction::resume:
      break;
  }
  return domain::TaskEvent::resume;
}

std::string_view name_of(TaskAction action) {
  switch (action) {
    case TaskAction::cancel:
      return "cancel";
    case TaskAction::pause:
      return "pause";
    case TaskAction::resume:
      break;
  }
  return "resume";
}

std::string list_text(const std::vector<std::string>& keys) {
  std::string out;
  for (const auto& key : keys) out += (out.empty() ? "" : ", ") + key;
  return out;
}

base::Status set_attributes(DeviceGateway& gateway, DeviceRef device,
                            const domain::TextMap& attributes) {
  Inventory inventory;
  for (const auto& [name, value] : attributes) inventory.attributes.emplace_back(name, value);
  auto set = gateway.attributes(device, inventory);
  if (!set && set.error().field.empty()) set.error().field = "attributes";
  return set;
}

}  // namespace

base::Status FleetService::change(
    const Actor& actor, std::string_view action, domain::TenantId tenant, std::string_view key,
    const std::function<base::Status(DeviceGateway&, DeviceRef)>& work) {
  return engine_.run_blocking(kOperatorDoor, [&](DeviceGateway& gateway) -> base::Status {
    gateway.sign(actor, {std::string(action), "device", std::string(key), "", ""});
    OTARU_TRY(device, gateway.identify(tenant, key, Identify::find));
    return work(gateway, device);
  });
}

base::Status FleetService::register_device(const Actor& actor, const DeviceSpec& spec) {
  OTARU_CHECK(check_device_key("key", spec.key));
  if (spec.secret) OTARU_CHECK(check_device_secret("secret", *spec.secret));
  if (spec.attributes.size() > limits::kAttributesPerDeviceMax) {
    return base::fail_field(Code::too_large, "attributes", "there are too many");
  }
  for (const auto& [name, value] : spec.attributes)
    OTARU_CHECK(check_attribute("attributes", name, value));
  return engine_.run_blocking(kOperatorDoor, [&](DeviceGateway& gateway) -> base::Status {
    gateway.sign(actor, {"device.register", "device", spec.key, "", ""});
    const auto known = gateway.identify(spec.tenant, spec.key, Identify::find);
    if (known) {
      return base::fail_field(Code::conflict, "key", "the device is known already");
    }
    if (known.error().code != Code::not_found) return base::fail(known.error());
    OTARU_TRY(device, gateway.identify(spec.tenant, spec.key, Identify::find_or_register));
    if (spec.secret) gateway.set_secret(device, secrets_.seal_text(*spec.secret));
    return set_attributes(gateway, device, spec.attributes);
  });
}

base::Status FleetService::update_device(const Actor& actor, domain::TenantId tenant,
                                         std::string_view key, const DeviceChange& with) {
  OTARU_TRY(tags, checked_tags("tags", with.tags.value_or(std::vector<std::string>())));
  const auto snapshot = engine_.snapshot();
  OTARU_TRY(groups, checked_groups({*snapshot, tenant}, "groups",
                                   with.groups.value_or(std::vector<std::string>())));
  domain::TextMap wanted;
  for (const auto& [name, value] : with.attributes) {
    OTARU_CHECK(check_attribute("attributes", name, value.value_or("")));
    if (value) wanted.emplace_back(name, *value);
  }
  return change(actor, "device.update", tenant, key,
                [&, &tags = tags, &groups = groups](DeviceGateway& gateway, DeviceRef device) {
                  if (with.blocked) gateway.set_blocked(device, *with.blocked);
                  if (with.tags) gateway.set_tags(device, tags);
                  if (with.groups) gateway.set_groups(device, groups);
                  for (const auto& [name, value] : with.attributes) {
                    if (!value) gateway.remove_attribute(device, name);
                  }
                  return set_attributes(gateway, device, wanted);
                });
}

base::Status FleetService::change_members(const Actor& actor, domain::GroupId id,
                                          const std::vector<std::string>& add,
                                          const std::vector<std::string>& remove) {
  const auto snapshot = engine_.snapshot();
  const auto* group = snapshot->group(id);
  if (group == nullptr) return base::fail_field(Code::not_found, "id", "there is no such group");
  if (group->by_filter()) {
    return base::fail(Code::precondition, "the group chooses its devices by its filter");
  }
  std::vector<std::string> keys = add;
  keys.insert(keys.end(), remove.begin(), remove.end());
  std::sort(keys.begin(), keys.end());
  if (std::adjacent_find(keys.begin(), keys.end()) != keys.end()) {
    return base::fail_field(Code::invalid, "add", "a device is named twice");
  }
  if (keys.size() > limits::kBulkDevicesMax) {
    return base::fail_field(
        Code::too_large, "add",
        "at most " + std::to_string(limits::kBulkDevicesMax) + " devices at once",
        "send several requests, or import a file with the column groups");
  }
  for (const auto& key : keys) OTARU_CHECK(check_device_key("add", key));
  // Looked at before anything is written: all or none.
  std::vector<std::string_view> views(keys.begin(), keys.end());
  OTARU_TRY(known, engine_.store().find_devices(group->group->tenant, views));
  for (size_t i = 0; i < keys.size(); ++i) {
    if (known[i]) continue;
    const bool added = std::find(add.begin(), add.end(), keys[i]) != add.end();
    return base::fail_field(Code::not_found, added ? "add" : "remove",
                            "there is no device '" + domain::printable(keys[i]) + "'");
  }
  std::vector<std::string> leaving = remove;
  std::sort(leaving.begin(), leaving.end());
  return engine_.write_devices(
      group->group->tenant, keys,
      [&](size_t i, const domain::Device* now, domain::Device& next) {
        if (now == nullptr) return false;  // deleted meanwhile
        const auto at = std::lower_bound(next.groups.begin(), next.groups.end(), id);
        const bool member = at != next.groups.end() && *at == id;
        const bool leaves = std::binary_search(leaving.begin(), leaving.end(), keys[i]);
        if (member != leaves) return false;
        if (leaves) {
          next.groups.erase(at);
        } else {
          next.groups.insert(at, id);
        }
        return next.groups.size() <= limits::kGroupsPerDeviceMax;
      },
      [&](WriteBatch& batch) {
        const auto id_text = std::to_string(id.value);
        Changes changes;
        if (!add.empty()) changes.value("group", id_text, "added", std::nullopt, list_text(add));
        if (!remove.empty()) {
          changes.value("group", id_text, "removed", std::nullopt, list_text(remove));
        }
        const Deed deed{"group.change_devices", "group", id_text, group->group->name,
                        engine_.tenant_name(group->group->tenant)};
        if (batch.ops.empty()) return;
        batch.journal.push_back(make_entry(actor, engine_.clock().now(), deed, changes.take()));
      });
}

base::Result<std::string> FleetService::set_secret(const Actor& actor, domain::TenantId tenant,
                                                   std::string_view key,
                                                   const std::optional<std::string>& secret) {
  if (secret) OTARU_CHECK(check_device_secret("secret", *secret));
  const std::string shown = secret ? *secret : generate_access_key(random_);
  const std::string sealed = secrets_.seal_text(shown);
  OTARU_CHECK(change(actor, "device.set_secret", tenant, key,
                     [&](DeviceGateway& gateway, DeviceRef device) -> base::Status {
                       gateway.set_secret(device, sealed);
                       return {};
                     }));
  return shown;
}

base::Status FleetService::clear_secret(const Actor& actor, domain::TenantId tenant,
                                        std::string_view key) {
  return change(actor, "device.clear_secret", tenant, key,
                [](DeviceGateway& gateway, DeviceRef device) -> base::Status {
                  gateway.set_secret(device, {});
                  return {};
                });
}

base::Status FleetService::approve_device(const Actor& actor, domain::TenantId tenant,
                                          std::string_view key) {
  return change(actor, "device.approve", tenant, key,
                [](DeviceGateway& gateway, DeviceRef device) { return gateway.approve(device); });
}

base::Status FleetService::reject_device(const Actor& actor, domain::TenantId tenant,
                                         std::string_view key) {
  return change(actor, "device.reject", tenant, key,
                [](DeviceGateway& gateway, DeviceRef device) { return gateway.reject(device); });
}

base::Status FleetService::erase_device(const Actor& actor, domain::TenantId tenant,
                                        std::string_view key) {
  return change(actor, "device.delete", tenant, key,
                [](DeviceGateway& gateway, DeviceRef device) -> base::Status {
                  return gateway.erase(device);
                });
}

base::Status FleetService::choose_consent(const Actor& actor, domain::TenantId tenant,
                                          std::string_view key, domain::ConsentChoice choice,
                                          std::optional<base::Time> until) {
  return change(actor, "device.consent", tenant, key,
                [&](DeviceGateway& gateway, DeviceRef device) {
                  ConsentSaid said;
                  said.choice = choice;
                  said.until = until;
                  said.who = actor.name;
                  return gateway.consent(device, said);
                });
}

base::Status FleetService::answer_consent(const Actor& actor, domain::TaskId id,
                                          domain::ConsentStep step,
                                          std::optional<base::Time> until) {
  return engine_.run_blocking(kOperatorDoor, [&](DeviceGateway& gateway) -> base::Status {
    OTARU_TRY(device, gateway.identify_by_task(id));
    gateway.sign(actor, {"task.consent", "task", std::to_string(id.value),
                         gateway.describe(device).key, ""});
    ConsentSaid said;
    said.step = step;
    said.until = until;
    said.task = id;
    said.who = actor.name;
    return gateway.consent(device, said);
  });
}

base::Status FleetService::act(const Actor& actor, domain::TaskId id, TaskAction action) {
  return engine_.run_blocking(kOperatorDoor, [&](DeviceGateway& gateway) -> base::Status {
    OTARU_TRY(device, gateway.identify_by_task(id));
    gateway.sign(actor, {"task." + std::string(name_of(action)), "task", std::to_string(id.value),
                         gateway.describe(device).key, ""});
    TaskReport report;
    report.event = event_of(action);
    report.detail = actor.name;
    if (action == TaskAction::cancel) report.result = domain::kCancelledByOperator;
    return gateway.report(device, id, report);
  });
}

}  // namespace otaru::app
