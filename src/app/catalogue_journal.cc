// SPDX-License-Identifier: Apache-2.0
// What the journal says about changes of the catalogue: what the deed was done to, and every row of
// the batch before and after.
#include "app/catalogue_draft.h"

namespace otaru::app {
namespace {

template <class Row>
const Row* row_before(const std::vector<Row>& rows, decltype(Row::id) id) {
  const auto at =
      std::lower_bound(rows.begin(), rows.end(), id,
                       [](const Row& row, decltype(Row::id) wanted) { return row.id < wanted; });
  return at != rows.end() && at->id == id ? &*at : nullptr;
}

// One call per operation of a batch.
struct ChangeOf {
  const domain::CatalogueRows& before;
  Changes& changes;

  void operator()(const domain::Tenant& row) { put("tenant", before.tenants, row); }
  void operator()(const domain::Product& row) { put("product", before.products, row); }
  void operator()(const domain::Release& row) { put("release", before.releases, row); }
  void operator()(const domain::Package& row) { put("package", before.packages, row); }
  void operator()(const domain::Kit& row) { put("kit", before.kits, row); }
  void operator()(const domain::Deployment& row) { put("deployment", before.deployments, row); }
  void operator()(const domain::Credential& row) { put("credential", before.credentials, row); }
  void operator()(const domain::Group& row) { put("group", before.groups, row); }
  void operator()(const domain::User& row) { put("user", before.users, row); }
  void operator()(const Erase<domain::UserId>& op) { erase("user", before.users, op.id); }
  void operator()(const Erase<domain::ProductId>& op) { erase("product", before.products, op.id); }
  void operator()(const Erase<domain::ReleaseId>& op) { erase("release", before.releases, op.id); }
  void operator()(const Erase<domain::PackageId>& op) { erase("package", before.packages, op.id); }
  void operator()(const Erase<domain::KitId>& op) { erase("kit", before.kits, op.id); }
  void operator()(const Erase<domain::GroupId>& op) { erase("group", before.groups, op.id); }
  void operator()(const Erase<domain::DeploymentId>& op) {
    erase("deployment", before.deployments, op.id);
  }
  void operator()(const Erase<domain::CredentialId>& op) {
    erase("credential", before.credentials, op.id);
  }
  void operator()(const PutSetting& op) {
    const std::string* was = domain::find_text(before.settings, op.key);
    changes.value("setting", op.key, "value", was == nullptr ? std::nullopt : std::optional(*was),
                  op.value);
  }
  void operator()(const EraseText& op) {
    switch (op.table) {
      case EraseText::Table::upload:
        changes.erased("upload", op.key);
        break;
      case EraseText::Table::session:
      case EraseText::Table::login:
      case EraseText::Table::last_used:
      case EraseText::Table::answer:
        break;  // follows from what is told
    }
  }

  // Not of the catalogue: whoever puts one into a draft says first what the journal tells of it.
  template <class Other>
  void operator()(const Other&) {
    constexpr bool kToldByTheJournal = false;
    OTARU_ASSERT(kToldByTheJournal);
  }

 private:
  template <class Row>
  void put(std::string_view kind, const std::vector<Row>& rows, const Row& row) {
    changes.row(kind, std::to_string(row.id.value), row_before(rows, row.id), &row);
  }
  template <class Row>
  void erase(std::string_view kind, const std::vector<Row>& rows, decltype(Row::id) id) {
    changes.row<Row>(kind, std::to_string(id.value), row_before(rows, id), nullptr);
  }
};

std::string id_text(int64_t id) {
  return std::to_string(id);
}

}  // namespace

void CatalogueService::Draft::write_entry(const Deed& deed, size_t first) {
  Changes changes;
  for (size_t i = first; i < batch.ops.size(); ++i) {
    std::visit(ChangeOf{before->rows(), changes}, batch.ops[i]);
  }
  if (changes.empty()) return;
  if (!reason.empty()) changes.made("reason", "", {{"text", reason}});
  for (const auto& mismatch : overridden) {
    changes.made("override", mismatch.field,
                 {{"mismatch", mismatch.sentence}, {"reason", override_reason}});
  }
  batch.journal.push_back(make_entry(actor, now, deed, changes.take()));
}

Deed CatalogueService::Draft::deed(std::string_view action, const domain::Tenant& row) const {
  return {std::string(action), "tenant", id_text(row.id.value), row.name, row.name};
}

Deed CatalogueService::Draft::deed(std::string_view action, const domain::Product& row) const {
  return {std::string(action), "product", id_text(row.id.value), row.name, tenant_name(row.tenant)};
}

Deed CatalogueService::Draft::deed(std::string_view action, const domain::Release& row) const {
  const auto& product = *before->product(row.product)->product;
  return {std::string(action), "release", id_text(row.id.value), product.name + " " + row.version,
          tenant_name(product.tenant)};
}

Deed CatalogueService::Draft::deed(std::string_view action, const domain::Package& row) const {
  const auto& product = *before->product(before->release(row.release)->product)->product;
  return {std::string(action), "package", id_text(row.id.value), row.file_name,
          tenant_name(product.tenant)};
}

Deed CatalogueService::Draft::deed(std::string_view action, const domain::Kit& row) const {
  return {std::string(action), "kit", id_text(row.id.value), row.version, tenant_name(row.tenant)};
}

Deed CatalogueService::Draft::deed(std::string_view action, const domain::Deployment& row) const {
  return {std::string(action), "deployment", id_text(row.id.value), row.name,
          tenant_name(row.tenant)};
}

Deed CatalogueService::Draft::deed(std::string_view action, const domain::Credential& row) const {
  return {std::string(action), "credential", id_text(row.id.value), row.name,
          tenant_name(row.tenant)};
}

Deed CatalogueService::Draft::deed(std::string_view action, const domain::Group& row) const {
  return {std::string(action), "group", id_text(row.id.value), row.name, tenant_name(row.tenant)};
}

Deed CatalogueService::Draft::deed(std::string_view action, const domain::User& row) const {
  return {std::string(action), "user", id_text(row.id.value), row.name, tenant_name(row.tenant)};
}

std::string CatalogueService::Draft::tenant_name(domain::TenantId id) const {
  const auto* row = before->tenant(id);
  return row == nullptr ? std::string() : row->name;
}

}  // namespace otaru::app
