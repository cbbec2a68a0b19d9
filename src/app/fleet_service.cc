// SPDX-License-Identifier: Apache-2.0
#include "app/fleet_service.h"

#include "app/input_checks.h"
#include "base/limits.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;

base::Status check_attribute(std::string_view name, std::string_view value) {
  if (name.empty()) return base::fail_field(Code::invalid, "attributes", "a name is empty");
  OTARU_CHECK(check_text("attributes", name, limits::kNameBytesMax));
  return check_note("attributes." + std::string(name), value, limits::kAttributeBytesMax);
}

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
  if (spec.secret) OTARU_CHECK(check_access_key("secret", *spec.secret));
  if (spec.attributes.size() > limits::kAttributesPerDeviceMax) {
    return base::fail_field(Code::too_large, "attributes", "there are too many");
  }
  for (const auto& [name, value] : spec.attributes) OTARU_CHECK(check_attribute(name, value));
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
  domain::TextMap wanted;
  for (const auto& [name, value] : with.attributes) {
    OTARU_CHECK(check_attribute(name, value.value_or("")));
    if (value) wanted.emplace_back(name, *value);
  }
  return change(actor, "device.update", tenant, key, [&](DeviceGateway& gateway, DeviceRef device) {
    if (with.blocked) gateway.set_blocked(device, *with.blocked);
    for (const auto& [name, value] : with.attributes) {
      if (!value) gateway.remove_attribute(device, name);
    }
    return set_attributes(gateway, device, wanted);
  });
}

base::Result<std::string> FleetService::set_secret(const Actor& actor, domain::TenantId tenant,
                                                   std::string_view key,
                                                   const std::optional<std::string>& secret) {
  if (secret) OTARU_CHECK(check_access_key("secret", *secret));
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

base::Status FleetService::erase_device(const Actor& actor, domain::TenantId tenant,
                                        std::string_view key) {
  return change(actor, "device.delete", tenant, key,
                [](DeviceGateway& gateway, DeviceRef device) -> base::Status {
                  gateway.erase(device);
                  return {};
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
    return gateway.report(device, id, report);
  });
}

}  // namespace otaru::app
