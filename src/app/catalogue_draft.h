// SPDX-License-Identifier: Apache-2.0
// Internal to app: the next catalogue while an operation builds it.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "app/catalogue_service.h"
#include "app/deployment_checks.h"
#include "app/events.h"
#include "app/journal_changes.h"

namespace otaru::app {

// Who can mend everything, and for good.
bool is_living_admin(const domain::Credential& row);
bool is_living_admin(const domain::User& row);
// At least one must stay: nobody could make another.
base::Status check_admin_left(const domain::CatalogueRows& rows);

struct CatalogueService::Draft {
  std::shared_ptr<const domain::Snapshot> before;
  domain::CatalogueRows rows;
  WriteBatch batch;
  base::Time now;
  // What a file says otherwise than its release, and was told to be right all the same, and why.
  std::vector<FileMismatch> overridden;
  std::string override_reason;
  std::string reason;  // why the next entry is written, where somebody says so
  ChangeReasons reasons;
  const Actor& actor;  // outlives the draft, as an argument of the operation

  Draft(Engine& engine, const Actor& who)
      : before(engine.snapshot()), rows(before->rows()), now(engine.clock().now()), actor(who) {}

  domain::Tenant* find(domain::TenantId id) { return find_in(rows.tenants, id); }
  domain::Product* find(domain::ProductId id) { return find_in(rows.products, id); }
  domain::Release* find(domain::ReleaseId id) { return find_in(rows.releases, id); }
  domain::Package* find(domain::PackageId id) { return find_in(rows.packages, id); }
  domain::Group* find(domain::GroupId id) { return find_in(rows.groups, id); }
  domain::Kit* find(domain::KitId id) { return find_in(rows.kits, id); }
  domain::Deployment* find(domain::DeploymentId id) { return find_in(rows.deployments, id); }
  domain::Credential* find(domain::CredentialId id) { return find_in(rows.credentials, id); }
  domain::User* find(domain::UserId id) { return find_in(rows.users, id); }

  void say_why(domain::DeploymentId id, std::string_view text) {
    reason = std::string(text);
    if (!text.empty()) reasons.of[id] = reason;
  }
  // What `action` is done to, for the journal. While the rows are still there.
  Deed deed(std::string_view action, const domain::Tenant& row) const;
  Deed deed(std::string_view action, const domain::Product& row) const;
  Deed deed(std::string_view action, const domain::Release& row) const;
  Deed deed(std::string_view action, const domain::Package& row) const;
  Deed deed(std::string_view action, const domain::Kit& row) const;
  Deed deed(std::string_view action, const domain::Deployment& row) const;
  Deed deed(std::string_view action, const domain::Credential& row) const;
  Deed deed(std::string_view action, const domain::Group& row) const;
  Deed deed(std::string_view action, const domain::User& row) const;
  std::string tenant_name(domain::TenantId id) const;
  // The entry of what the batch holds from `first` on; none when it changes nothing.
  void write_entry(const Deed& deed, size_t first = 0);

  // The row itself, or Code::not_found that says what was looked for.
  template <class Id>
  auto get(Id id, std::string_view field, std::string_view what)
      -> base::Result<decltype(find(id))> {
    if (auto* row = find(id)) return row;
    return base::fail_field(base::Code::not_found, std::string(field),
                            "there is no " + std::string(what) + " " + std::to_string(id.value));
  }

  // New rows have the highest id, so that the lists stay sorted.
  template <class Row>
  void add(std::vector<Row>& to, Row row) {
    batch.ops.emplace_back(row);
    to.push_back(std::move(row));
  }
  template <class Row>
  void put(const Row& row) {
    batch.ops.emplace_back(row);
  }
  template <class Row>
  void remove(std::vector<Row>& from, decltype(Row::id) id) {
    std::erase_if(from, [id](const Row& row) { return row.id == id; });
    batch.ops.emplace_back(Erase<decltype(Row::id)>{id});
  }

 private:
  template <class Row>
  static Row* find_in(std::vector<Row>& rows_of, decltype(Row::id) id) {
    const auto at =
        std::lower_bound(rows_of.begin(), rows_of.end(), id,
                         [](const Row& row, decltype(Row::id) wanted) { return row.id < wanted; });
    return at != rows_of.end() && at->id == id ? &*at : nullptr;
  }
};

}  // namespace otaru::app
