// SPDX-License-Identifier: Apache-2.0
// Operators' changes of the long lists of deployments: whom they are for, and whom not.
#include "app/catalogue_draft.h"
#include "app/catalogue_service.h"
#include "base/limits.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;

domain::KeySet changed(const domain::KeySet& before, ListMode mode, const domain::KeySet& keys) {
  switch (mode) {
    case ListMode::replace:
      return keys;
    case ListMode::add:
      return before.united(keys);
    case ListMode::remove:
      return before.without(keys);
  }
  return before;
}

}  // namespace

std::string_view name_of(DeviceList v) {
  return v == DeviceList::devices ? "devices" : "excluded_devices";
}

std::string_view name_of(ListMode v) {
  switch (v) {
    case ListMode::replace:
      return "replace";
    case ListMode::add:
      return "add";
    case ListMode::remove:
      return "remove";
  }
  return "replace";
}

base::Result<ListMode> parse_list_mode(std::string_view text) {
  for (const auto mode : {ListMode::replace, ListMode::add, ListMode::remove}) {
    if (text == name_of(mode)) return mode;
  }
  return base::fail(Code::invalid, "expected one of: replace, add, remove");
}

base::Result<ListChange> CatalogueService::change_list(const Actor& actor, domain::DeploymentId id,
                                                       DeviceList which, ListMode mode,
                                                       const domain::KeySet& keys) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "deployment", "deployment"));
  if (has_ended(row->state)) {
    return base::fail(Code::precondition, "the deployment is " + std::string(name_of(row->state)));
  }
  const bool meant = which == DeviceList::devices;
  if (meant && row->everyone && mode != ListMode::replace) {
    return base::fail_field(Code::precondition, "everyone", "the deployment is for everyone",
                            "set everyone to false first, or replace its list");
  }
  domain::KeySet& list = meant ? row->device_keys : row->excluded_keys;
  const domain::KeySet before = list;
  list = changed(before, mode, keys);
  if (list.size() > limits::kExplicitDevicesMax) {
    return base::fail_field(
        Code::too_large, std::string(name_of(which)),
        "a list has at most " + std::to_string(limits::kExplicitDevicesMax) + " devices",
        "make the deployment for everyone or for groups, or split it");
  }
  ListChange out;
  out.list = which;
  out.mode = mode;
  out.added = list.without(before).size();
  out.removed = before.without(list).size();
  out.unchanged = mode == ListMode::remove ? keys.size() - out.removed : keys.size() - out.added;
  out.count = list.size();
  const bool becomes_listed = meant && row->everyone && !list.empty();
  if (list == before && !becomes_listed) return out;
  if (becomes_listed) row->everyone = false;
  row->updated_at = draft.now;
  approve_again(draft, *row);
  draft.put(*row);
  const std::string_view action =
      meant ? "deployment.change_devices" : "deployment.change_exclusions";
  OTARU_CHECK(commit(draft, draft.deed(action, *row)));
  return out;
}

}  // namespace otaru::app
