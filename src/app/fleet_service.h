// SPDX-License-Identifier: Apache-2.0
// What operators do to devices and their tasks. Everything goes through the same units of work as
// the devices' own requests (device_gateway.h), so that the two cannot overwrite each other.
//
// Threads: any, if `random` may be used from any (SecureRandom). Blocks: not for I/O threads.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/actor.h"
#include "app/engine.h"
#include "app/secrets.h"
#include "base/random.h"

namespace otaru::app {

struct DeviceSpec {
  domain::TenantId tenant;
  std::string key;
  domain::TextMap attributes;
  std::optional<std::string> secret;  // its own: OneNET's access key (base64), hawkBit's token
};

struct DeviceChange {
  std::optional<bool> blocked;
  std::vector<std::pair<std::string, std::optional<std::string>>> attributes;  // nothing: removed
  std::optional<std::vector<std::string>> tags = {};
  std::optional<std::vector<std::string>> groups = {};  // names of groups without a filter
};

enum class TaskAction { cancel, pause, resume };

class FleetService {
 public:
  FleetService(Engine& engine, const Secrets& secrets, base::Random& random)
      : engine_(engine), secrets_(secrets), random_(random) {}

  // Code::conflict when it is known already.
  base::Status register_device(const Actor& actor, const DeviceSpec& spec);
  base::Status update_device(const Actor& actor, domain::TenantId tenant, std::string_view key,
                             const DeviceChange& with);
  // Returns the key, given or made; it cannot be read again.
  base::Result<std::string> set_secret(const Actor& actor, domain::TenantId tenant,
                                       std::string_view key,
                                       const std::optional<std::string>& secret);
  base::Status clear_secret(const Actor& actor, domain::TenantId tenant, std::string_view key);
  // Puts devices into a group and takes others out, all at once or none. Code::not_found names the
  // device that is not known, Code::precondition: the group has a filter.
  base::Status change_members(const Actor& actor, domain::GroupId group,
                              const std::vector<std::string>& add,
                              const std::vector<std::string>& remove);
  // Of a device that registered itself and waits for it; Code::precondition for any other.
  base::Status approve_device(const Actor& actor, domain::TenantId tenant, std::string_view key);
  base::Status reject_device(const Actor& actor, domain::TenantId tenant, std::string_view key);
  base::Status erase_device(const Actor& actor, domain::TenantId tenant, std::string_view key);

  // The choice for all updates to come, as a whole: without `until` nothing is postponed.
  base::Status choose_consent(const Actor& actor, domain::TenantId tenant, std::string_view key,
                              domain::ConsentChoice choice, std::optional<base::Time> until);
  // Yes, not before, or no to one update (granted, postponed, refused).
  base::Status answer_consent(const Actor& actor, domain::TaskId id, domain::ConsentStep step,
                              std::optional<base::Time> until);

  // The actor's name goes into the history. Code::precondition when the task's state does not allow
  // it.
  base::Status act(const Actor& actor, domain::TaskId id, TaskAction action);

 private:
  base::Status change(const Actor& actor, std::string_view action, domain::TenantId tenant,
                      std::string_view key,
                      const std::function<base::Status(DeviceGateway&, DeviceRef)>& work);
  Engine& engine_;
  const Secrets& secrets_;
  base::Random& random_;
};

}  // namespace otaru::app
