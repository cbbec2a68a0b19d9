// SPDX-License-Identifier: Apache-2.0
// Operators' changes of kits.
#include "app/catalogue_draft.h"
#include "app/catalogue_service.h"
#include "app/input_checks.h"
#include "app/requirement_checks.h"
#include "base/limits.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;
using domain::ReleaseState;

constexpr size_t kWordBytesMax = 64;

base::Status kit_state_refused(const domain::Kit& row) {
  return base::fail(Code::precondition, "the kit is " + std::string(name_of(row.state)));
}

}  // namespace

base::Status CatalogueService::set_items(const Draft& draft, const std::vector<KitItemSpec>& specs,
                                         std::string_view field, domain::Kit& row) {
  std::vector<domain::KitItem> items;
  std::vector<domain::ProductId> products;
  for (size_t i = 0; i < specs.size(); ++i) {
    const KitItemSpec& spec = specs[i];
    const auto* release = draft.before->release(spec.release);
    if (release == nullptr ||
        draft.before->product(release->product)->product->tenant != row.tenant) {
      return base::fail_field(Code::not_found, std::string(field),
                              "there is no release " + std::to_string(spec.release.value));
    }
    if (std::find(products.begin(), products.end(), release->product) != products.end()) {
      return base::fail_field(
          Code::invalid, std::string(field),
          "two releases are of product " + std::to_string(release->product.value));
    }
    products.push_back(release->product);
    const auto kept = std::find_if(row.items.begin(), row.items.end(), [&spec](const auto& item) {
      return item.release == spec.release;
    });
    if (kept != row.items.end() && kept->stage == spec.stage &&
        kept->requirements == spec.requirements) {
      items.push_back(*kept);
      continue;
    }
    // Ids of items are used up even if the change fails: they only have to be unique.
    const bool known = kept != row.items.end();
    items.push_back({known ? kept->id : domain::KitItemId{++ids_.kit_item}, spec.release,
                     spec.stage, spec.requirements, known ? kept->created_at : draft.now,
                     draft.now});
  }
  row.items = std::move(items);
  return check_kit_items(*draft.before, row.tenant, row.items);
}

base::Status CatalogueService::apply(const Draft& draft, const KitChange& with, domain::Kit& row) {
  const bool draft_only = with.version || with.version_pattern || with.channel ||
                          with.releases.has_value() || with.items.has_value();
  if (row.state != ReleaseState::draft && draft_only) {
    return base::fail_field(
        Code::precondition,
        with.version    ? "version"
        : with.releases ? "releases"
        : with.items    ? "items"
        : with.channel  ? "channel"
                        : "version_pattern",
        "the kit is " + std::string(name_of(row.state)) +
            ": only notes, permissions, released_at and upgrade_method may change",
        "create another kit");
  }
  if (with.version_pattern) {
    OTARU_CHECK(check_text("version_pattern", *with.version_pattern, limits::kNameBytesMax));
    row.version_format.pattern = *with.version_pattern;
  }
  if (with.version) {
    OTARU_CHECK(check_version("version", row.version_format, *with.version));
    row.version = *with.version;
  }
  if (with.channel) {
    OTARU_CHECK(check_word("channel", *with.channel, kWordBytesMax));
    row.channel = *with.channel;
  }
  if (with.upgrade_method) {
    OTARU_CHECK(check_word("upgrade_method", *with.upgrade_method, kWordBytesMax));
    row.upgrade_method = *with.upgrade_method;
  }
  if (with.notes) {
    OTARU_CHECK(check_texts("notes", *with.notes, limits::kTextBytesMax));
    row.notes = *with.notes;
  }
  if (with.permissions) {
    row.permissions = *with.permissions;
    normalize_permissions(row.permissions);
    if (row.permissions.size() > limits::kPermissionsMax) {
      return base::fail_field(Code::too_large, "permissions", "there are too many");
    }
  }
  if (with.released_at) row.released_at = *with.released_at;
  row.updated_at = draft.now;
  if (with.releases && with.items) {
    return base::fail_rule(Code::invalid, "items", "either", "releases are given as well",
                           "give one of the two");
  }
  if (with.releases) {
    std::vector<KitItemSpec> items;
    for (const auto release : *with.releases) items.push_back({release, 0, {}});
    OTARU_CHECK(set_items(draft, items, "releases", row));
  }
  if (with.items) OTARU_CHECK(set_items(draft, *with.items, "items", row));
  for (const auto& other : draft.rows.kits) {
    // A channel is a line of its own: what hawkBit calls a set's name, with versions of its own.
    if (other.id == row.id || other.tenant != row.tenant || other.version != row.version ||
        other.channel != row.channel || other.state == ReleaseState::revoked) {
      continue;
    }
    return base::fail_field(
        Code::conflict, "version",
        "kit " + std::to_string(other.id.value) + " has this version in this channel");
  }
  return {};
}

base::Result<domain::Kit> CatalogueService::create_kit(const Actor& actor, domain::TenantId tenant,
                                                       const KitChange& with) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_CHECK(draft.get(tenant, "tenant", "tenant"));
  if (!with.version) return base::fail_field(Code::invalid, "version", "a kit needs a version");
  domain::Kit row;
  row.id = domain::KitId{ids_.kit + 1};
  row.tenant = tenant;
  row.created_at = draft.now;
  OTARU_CHECK(apply(draft, with, row));
  draft.add(draft.rows.kits, row);
  OTARU_CHECK(commit(draft, draft.deed("kit.create", row)));
  ids_.kit = row.id.value;
  return row;
}

base::Result<domain::Kit> CatalogueService::update_kit(const Actor& actor, domain::KitId id,
                                                       const KitChange& with) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "kit", "kit"));
  OTARU_CHECK(apply(draft, with, *row));
  draft.put(*row);
  const domain::Kit out = *row;
  OTARU_CHECK(commit(draft, draft.deed("kit.update", *row)));
  return out;
}

base::Result<domain::Kit> CatalogueService::publish_kit(const Actor& actor, domain::KitId id) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "kit", "kit"));
  if (row->state != ReleaseState::draft) return base::fail(kit_state_refused(*row).error());
  if (row->items.empty()) {
    return base::fail_field(Code::precondition, "releases", "the kit has no releases");
  }
  for (const auto& item : row->items) {
    if (draft.find(item.release)->state == ReleaseState::published) continue;
    return base::fail_field(Code::precondition, "releases",
                            "release " + std::to_string(item.release.value) + " is not published",
                            "publish it first");
  }
  row->state = ReleaseState::published;
  row->updated_at = draft.now;
  draft.put(*row);
  const domain::Kit out = *row;
  OTARU_CHECK(commit(draft, draft.deed("kit.publish", *row)));
  return out;
}

base::Result<domain::Kit> CatalogueService::revoke_kit(const Actor& actor, domain::KitId id) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "kit", "kit"));
  if (row->state != ReleaseState::published) return base::fail(kit_state_refused(*row).error());
  row->state = ReleaseState::revoked;
  row->updated_at = draft.now;
  draft.put(*row);
  const domain::Kit out = *row;
  OTARU_CHECK(commit(draft, draft.deed("kit.revoke", *row)));
  return out;
}

base::Status CatalogueService::delete_kit(const Actor& actor, domain::KitId id) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "kit", "kit"));
  if (row->state != ReleaseState::draft) return kit_state_refused(*row);
  for (const auto& deployment : draft.rows.deployments) {
    const bool way_back =
        std::any_of(deployment.brakes.begin(), deployment.brakes.end(),
                    [id](const domain::Brake& brake) { return brake.back_to_kit == id; });
    if (deployment.target.kit != id && !way_back) continue;
    return base::fail(Code::precondition,
                      "deployment " + std::to_string(deployment.id.value) + " names it");
  }
  const Deed deed = draft.deed("kit.delete", *row);
  draft.remove(draft.rows.kits, id);
  return commit(draft, deed);
}

}  // namespace otaru::app
