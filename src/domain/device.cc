// SPDX-License-Identifier: Apache-2.0
#include "domain/device.h"

#include <algorithm>

#include "base/hash.h"
#include "domain/names.h"

namespace otaru::domain {
namespace {

constexpr ConsentChoice kConsentChoices[] = {ConsentChoice::unset, ConsentChoice::automatic,
                                             ConsentChoice::ask, ConsentChoice::opted_out};

constexpr ConsentStep kConsentSteps[] = {ConsentStep::chosen, ConsentStep::granted,
                                         ConsentStep::postponed, ConsentStep::refused};

}  // namespace

std::string_view name_of(ConsentStep v) {
  switch (v) {
    case ConsentStep::chosen:
      return "chosen";
    case ConsentStep::granted:
      return "granted";
    case ConsentStep::postponed:
      return "postponed";
    case ConsentStep::refused:
      break;
  }
  return "refused";
}

base::Result<ConsentStep> parse_consent_step(std::string_view text) {
  return parse_word<ConsentStep>("step", text, kConsentSteps, name_of);
}

std::string_view name_of(ConsentChoice v) {
  switch (v) {
    case ConsentChoice::unset:
      return "unset";
    case ConsentChoice::automatic:
      return "automatic";
    case ConsentChoice::ask:
      return "ask";
    case ConsentChoice::opted_out:
      return "opted_out";
  }
  return "unset";
}

base::Result<ConsentChoice> parse_consent_choice(std::string_view text) {
  return parse_word<ConsentChoice>("consent", text, kConsentChoices, name_of);
}

const Component* Device::component(std::string_view slot) const {
  const auto at = std::lower_bound(
      components.begin(), components.end(), slot,
      [](const Component& component, std::string_view wanted) { return component.slot < wanted; });
  return at != components.end() && at->slot == slot ? &*at : nullptr;
}

const Task* Device::task(TaskId task_id) const {
  for (const Task& task : tasks) {
    if (task.id == task_id) return &task;
  }
  return nullptr;
}

const Task* Device::open_task(std::string_view slot) const {
  for (const Task& task : tasks) {
    if (is_open(task.state) && task.slot == slot) return &task;
  }
  return nullptr;
}

int64_t bucket_for(TenantId tenant, std::string_view key) {
  std::string text = std::to_string(tenant.value);
  text += '\n';
  text += key;
  return static_cast<int64_t>(base::stable_hash(text) &
                              static_cast<uint64_t>(base::kBucketCount - 1));
}

}  // namespace otaru::domain
