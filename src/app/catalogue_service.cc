// SPDX-License-Identifier: Apache-2.0
// The frame of every change, tenants, settings and products. Releases and packages, kits and
// deployments, and credentials have files of their own.
#include "app/catalogue_service.h"

#include "app/catalogue_draft.h"
#include "app/events.h"
#include "app/input_checks.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "base/log.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;

constexpr size_t kTenantNameBytesMax = 63;
constexpr size_t kSettingNameBytesMax = 160;  // tenant.NAME.channel.NAME
constexpr size_t kJournalNameBytes = 16;

}  // namespace

CatalogueService::CatalogueService(Engine& engine, UploadService& uploads, const Secrets& secrets,
                                   base::Random& random)
    : engine_(engine), uploads_(uploads), secrets_(secrets), random_(random) {}

base::Status CatalogueService::start() {
  OTARU_TRY(water, engine_.store().high_water());
  const std::lock_guard lock(mutex_);
  ids_ = std::move(water);
  return {};
}

base::Status CatalogueService::commit(Draft& draft, const Deed& deed) {
  draft.write_entry(deed);
  return publish(draft);
}

base::Status CatalogueService::publish(Draft& draft) {
  // Built before it is written: what does not fit together is never stored.
  auto next = domain::Snapshot::build(std::move(draft.rows), draft.before.get());
  if (!next) return base::fail(std::move(next).error());
  draft.batch.events = catalogue_events(*draft.before, draft.batch.ops, draft.now, draft.reasons);
  OTARU_CHECK(engine_.write_and_wait(std::move(draft.batch)));
  engine_.set_snapshot(std::move(*next));
  if (changed_) changed_();
  return {};
}

base::Result<std::optional<std::string>> CatalogueService::first_start(const ShowKey& show) {
  const std::lock_guard lock(mutex_);
  const Actor actor = system_actor("first start");
  Draft draft(engine_, actor);
  if (draft.find(domain::kDefaultTenant) == nullptr) {
    domain::Tenant tenant;
    tenant.id = domain::kDefaultTenant;
    tenant.name = "default";
    tenant.created_at = draft.now;
    draft.put(tenant);
    draft.rows.tenants.insert(draft.rows.tenants.begin(), tenant);
    ids_.tenant = std::max(ids_.tenant, tenant.id.value);
  }
  const bool has_key =
      std::any_of(draft.rows.credentials.begin(), draft.rows.credentials.end(),
                  [](const auto& row) { return row.kind == domain::CredentialKind::api_key; });
  std::optional<std::string> shown;
  if (!has_key) {
    domain::Credential key;
    key.id = domain::CredentialId{ids_.credential + 1};
    key.tenant = domain::kDefaultTenant;
    key.name = "admin";
    key.attributes = {{std::string(kRoleAttribute), std::string(name_of(domain::Role::admin))}};
    key.created_at = draft.now;
    OTARU_TRY(made, with_secret(std::move(key), std::nullopt));
    draft.add(draft.rows.credentials, made.credential);
    shown = made.secret;
  }
  if (draft.batch.ops.empty()) return shown;
  if (engine_.journal().head().sequence == 0) {
    // A name of its own, so that one server's chain cannot stand for another's.
    Changes begin;
    begin.value("journal", base::hex(random_.bytes(kJournalNameBytes)), "entries", 0);
    draft.batch.journal.push_back(make_entry(
        actor, draft.now, {std::string(kJournalBegins), "journal", "", "", ""}, begin.take()));
  }
  if (shown && show) OTARU_CHECK(show(*shown));
  OTARU_CHECK(commit(draft, {"server.first_start", "server", "", "", ""}));
  if (shown) ids_.credential += 1;
  return shown;
}

base::Result<domain::Tenant> CatalogueService::create_tenant(const Actor& actor,
                                                             std::string_view name) {
  OTARU_CHECK(check_word("name", name, kTenantNameBytesMax));
  if (name.find_first_of("._") != std::string_view::npos) {
    return base::fail_field(Code::invalid, "name", "it may hold a-z, 0-9 and '-'");
  }
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  if (draft.before->tenant(name) != nullptr) {
    return base::fail_field(Code::conflict, "name", "there is a tenant of that name already");
  }
  domain::Tenant row;
  row.id = domain::TenantId{ids_.tenant + 1};
  row.name = std::string(name);
  row.created_at = draft.now;
  draft.add(draft.rows.tenants, row);
  OTARU_CHECK(commit(draft, draft.deed("tenant.create", row)));
  ids_.tenant = row.id.value;
  return row;
}

base::Status CatalogueService::put_setting(const Actor& actor, std::string_view name,
                                           std::string_view value) {
  OTARU_CHECK(check_word("name", name, kSettingNameBytesMax));
  OTARU_CHECK(check_note("value", value, limits::kTextBytesMax));
  if (name.ends_with(kApprovalSetting)) {
    const auto number = base::parse_int(value);
    if (!number || *number < 0) {
      return base::fail_field(Code::invalid, "value", "it is a number of devices, 0 for never");
    }
  }
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  domain::set_text(draft.rows.settings, name, value);
  if (draft.rows.settings.size() > limits::kSettingsMax) {
    return base::fail(Code::exhausted, "there are too many settings");
  }
  draft.batch.ops.emplace_back(PutSetting{std::string(name), std::string(value)});
  return commit(draft, {"setting.put", "setting", std::string(name), "", ""});
}

// --- Products -----------------------------------------------------------------------------------

base::Status CatalogueService::apply(const Draft& draft, const ProductChange& with,
                                     domain::Product& row) const {
  const auto text = [](std::string_view field, const std::optional<std::string>& from,
                       std::string& to) -> base::Status {
    if (!from) return {};
    OTARU_CHECK(check_text(field, *from, limits::kNameBytesMax));
    to = *from;
    return {};
  };
  if (with.name) OTARU_CHECK(check_name("name", *with.name));
  OTARU_CHECK(text("name", with.name, row.name));
  OTARU_CHECK(text("model", with.model, row.model));
  OTARU_CHECK(text("hw_version", with.hw_version, row.hw_version));
  OTARU_CHECK(text("feature", with.feature, row.feature));
  OTARU_CHECK(text("manufacturer", with.manufacturer, row.manufacturer));
  OTARU_CHECK(text("module", with.module, row.module));
  OTARU_CHECK(text("version_pattern", with.version_pattern, row.version_format.pattern));
  if (with.type) row.type = *with.type;
  if (with.version_scheme) row.version_format.scheme = *with.version_scheme;
  if (row.manufacturer.empty() != row.module.empty()) {
    return base::fail_field(Code::invalid, row.module.empty() ? "module" : "manufacturer",
                            "manufacturer and module go together");
  }
  for (const auto& other : draft.rows.products) {
    if (other.id == row.id || other.tenant != row.tenant) continue;
    if (other.name == row.name && other.model == row.model && other.feature == row.feature) {
      return base::fail_field(
          Code::conflict, "name",
          "product " + std::to_string(other.id.value) + " has this name, model and feature");
    }
    if (!row.module.empty() && other.manufacturer == row.manufacturer &&
        other.module == row.module && other.type == row.type) {
      return base::fail_field(
          Code::conflict, "module",
          "product " + std::to_string(other.id.value) + " has this manufacturer, module and type");
    }
  }
  return {};
}

base::Result<domain::Product> CatalogueService::create_product(const Actor& actor,
                                                               domain::TenantId tenant,
                                                               const ProductChange& with) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_CHECK(draft.get(tenant, "tenant", "tenant"));
  if (!with.name) return base::fail_field(Code::invalid, "name", "a product needs a name");
  domain::Product row;
  row.id = domain::ProductId{ids_.product + 1};
  row.tenant = tenant;
  row.created_at = draft.now;
  OTARU_CHECK(apply(draft, with, row));
  draft.add(draft.rows.products, row);
  OTARU_CHECK(commit(draft, draft.deed("product.create", row)));
  ids_.product = row.id.value;
  return row;
}

base::Result<domain::Product> CatalogueService::update_product(const Actor& actor,
                                                               domain::ProductId id,
                                                               const ProductChange& with) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "product", "product"));
  const bool versions_change =
      with.version_scheme && *with.version_scheme != row->version_format.scheme;
  OTARU_CHECK(apply(draft, with, *row));
  draft.put(*row);
  const domain::Product out = *row;
  if (auto done = commit(draft, draft.deed("product.update", *row)); !done) {
    auto error = std::move(done).error();
    // What else could be wrong was looked at above.
    if (versions_change && error.code == Code::invalid) error.field = "version_scheme";
    return base::fail(std::move(error));
  }
  return out;
}

base::Status CatalogueService::delete_product(const Actor& actor, domain::ProductId id) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "product", "product"));
  for (const auto& release : draft.rows.releases) {
    if (release.product == id) {
      return base::fail(Code::precondition, "the product has releases");
    }
  }
  for (const auto& deployment : draft.rows.deployments) {
    if (deployment.target.product == id) {
      return base::fail(Code::precondition,
                        "deployment " + std::to_string(deployment.id.value) + " names the product");
    }
  }
  const auto needs = [id](const std::vector<domain::Requirement>& requirements) {
    return std::any_of(requirements.begin(), requirements.end(),
                       [id](const domain::Requirement& one) { return one.product == id; });
  };
  for (const auto& release : draft.rows.releases) {
    if (!needs(release.requirements)) continue;
    return base::fail(Code::precondition,
                      "release " + std::to_string(release.id.value) + " requires the product");
  }
  for (const auto& kit : draft.rows.kits) {
    for (const auto& item : kit.items) {
      if (!needs(item.requirements)) continue;
      return base::fail(Code::precondition,
                        "kit " + std::to_string(kit.id.value) + " requires the product");
    }
  }
  const Deed deed = draft.deed("product.delete", *row);
  draft.remove(draft.rows.products, id);
  return commit(draft, deed);
}

}  // namespace otaru::app
