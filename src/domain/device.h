// SPDX-License-Identifier: Apache-2.0
// A device as the server knows it: identity, what it runs, attributes, and its tasks that matter.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "domain/catalogue.h"
#include "domain/ids.h"
#include "domain/task.h"

namespace otaru::domain {

// One thing on a device that has a version. The slot names it within the device, in the words of
// the protocol: OneNET "firmware"/"software", OOMI the product name plus feature, UBTech the
// package name plus file name.
struct Component {
  std::string slot;
  ProductId product;    // zero while it is not known which product this is
  std::string version;  // as reported
  base::Time reported_at;
  friend bool operator==(const Component&, const Component&) = default;
};

// What the person or application behind a device wants of updates that ask (ConsentMode::ask).
enum class ConsentChoice {
  unset,      // as the deployment says
  automatic,  // agrees to everything beforehand
  ask,        // wants to be asked, whatever the deployment says
  opted_out,  // wants none, except forced ones
};
enum class ConsentStep {
  chosen,     // the choice for all updates to come
  granted,    // one update may go on
  postponed,  // nothing until then
  refused,    // not this update
};
// One line of what was said.
struct ConsentNote {
  ConsentStep step = ConsentStep::chosen;
  ConsentChoice choice = ConsentChoice::unset;  // chosen
  std::optional<base::Time> until;              // chosen, postponed
  TaskId task;                                  // the update in question; zero: all of them
  std::string by;                               // the door, and who behind it: "operator: app"
  base::Time at;
  friend bool operator==(const ConsentNote&, const ConsentNote&) = default;
};
struct Consent {
  ConsentChoice choice = ConsentChoice::unset;
  std::optional<base::Time> postponed_until;
  std::string by;  // who made the choice, and when
  base::Time at;
  std::vector<ConsentNote> history;  // oldest first, at most kConsentNotesMax
  friend bool operator==(const Consent&, const Consent&) = default;
};
std::string_view name_of(ConsentChoice v);
std::string_view name_of(ConsentStep v);
base::Result<ConsentChoice> parse_consent_choice(std::string_view text);
base::Result<ConsentStep> parse_consent_step(std::string_view text);

struct Device {
  DeviceId id;
  TenantId tenant;
  std::string key;                // dev_id, guid, robot_id, controllerId: unique per tenant
  std::string door;               // dialect that first saw it, or "operator"
  bool blocked = false;           // gets nothing
  std::string secret_sealed;      // hex of its own sealed key (OneNET device key); empty if none
  TextMap attributes;             // set by operators; a device cannot change them
  TextMap reported;               // what the device says about itself
  std::vector<std::string> tags;  // set by operators; sorted, each once
  std::vector<GroupId> groups;    // it was put into these; sorted, each once; may name erased ones
  Consent consent;
  std::vector<Component> components;  // sorted by slot
  // All open tasks and the newest ended ones, newest first, at most kTasksInStateMax.
  std::vector<Task> tasks;
  base::Time created_at;
  // It registered itself and nobody has said yet that it may be here; it is blocked meanwhile.
  bool pending = false;

  const Component* component(std::string_view slot) const;
  const Task* task(TaskId task_id) const;
  const Task* open_task(std::string_view slot) const;  // at most one per slot
  friend bool operator==(const Device&, const Device&) = default;
};

// The bucket of a device is decided by its key, before it has an id.
int64_t bucket_for(TenantId tenant, std::string_view key);

}  // namespace otaru::domain
