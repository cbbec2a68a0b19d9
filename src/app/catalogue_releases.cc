// SPDX-License-Identifier: Apache-2.0
// Operators' changes of releases and packages.
#include "app/catalogue_draft.h"
#include "app/catalogue_service.h"
#include "app/input_checks.h"
#include "app/requirement_checks.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;
using domain::ReleaseState;

constexpr size_t kChannelBytesMax = 64;
constexpr size_t kFormatBytesMax = 32;
constexpr std::string_view kRawFormat = "raw";

base::Status release_not_draft(const domain::Release& row) {
  return base::fail(Code::precondition, "the release is " + std::string(name_of(row.state)), "");
}

}  // namespace

base::Status CatalogueService::apply(const Draft& draft, const ReleaseChange& with,
                                     domain::Release& row) const {
  const bool draft_only = with.version || with.channel || with.labels || with.force ||
                          with.min_version || with.requirements.has_value();
  if (row.state != ReleaseState::draft && draft_only) {
    return base::fail_field(Code::precondition,
                            with.version       ? "version"
                            : with.channel     ? "channel"
                            : with.labels      ? "labels"
                            : with.force       ? "force"
                            : with.min_version ? "min_version"
                                               : "requirements",
                            "the release is " + std::string(name_of(row.state)) +
                                ": only notes and security may change",
                            "create another release");
  }
  const auto* product = draft.before->product(row.product);
  if (with.version) {
    OTARU_CHECK(check_version("version", product->product->version_format, *with.version));
    row.version = *with.version;
  }
  if (with.channel) {
    OTARU_CHECK(check_word("channel", *with.channel, kChannelBytesMax));
    row.channel = *with.channel;
  }
  if (with.labels) {
    OTARU_CHECK(check_texts("labels", *with.labels, limits::kNameBytesMax));
    row.labels = *with.labels;
  }
  if (with.notes) {
    OTARU_CHECK(check_texts("notes", *with.notes, limits::kTextBytesMax));
    row.notes = *with.notes;
  }
  row.security = with.security.value_or(row.security);
  row.force = with.force.value_or(row.force);
  row.min_version = with.min_version.value_or(row.min_version);
  row.requirements = with.requirements.value_or(row.requirements);
  if (row.state == ReleaseState::draft) {
    OTARU_CHECK(check_min_version(*draft.before, row));
    OTARU_CHECK(check_requirements(*draft.before, row));
  }
  for (const auto& other : draft.rows.releases) {
    if (other.id == row.id || other.product != row.product || other.version != row.version ||
        other.state == ReleaseState::revoked || other.labels != row.labels ||
        other.channel != row.channel) {
      continue;
    }
    return base::fail_field(Code::conflict, "version",
                            "release " + std::to_string(other.id.value) +
                                " is this version with the same channel and labels",
                            "give it other labels, or revoke that one first");
  }
  return {};
}

base::Result<domain::Release> CatalogueService::create_release(const Actor& actor,
                                                               domain::ProductId product,
                                                               const ReleaseChange& with) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_CHECK(draft.get(product, "product", "product"));
  if (!with.version) return base::fail_field(Code::invalid, "version", "a release needs a version");
  domain::Release row;
  row.id = domain::ReleaseId{ids_.release + 1};
  row.product = product;
  row.created_at = draft.now;
  OTARU_CHECK(apply(draft, with, row));
  draft.add(draft.rows.releases, row);
  OTARU_CHECK(commit(draft, draft.deed("release.create", row)));
  ids_.release = row.id.value;
  return row;
}

base::Result<domain::Release> CatalogueService::update_release(const Actor& actor,
                                                               domain::ReleaseId id,
                                                               const ReleaseChange& with) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "release", "release"));
  const bool version_changes = with.version && *with.version != row->version;
  OTARU_CHECK(apply(draft, with, *row));
  draft.put(*row);
  const domain::Release out = *row;
  if (auto done = commit(draft, draft.deed("release.update", *row)); !done) {
    auto error = std::move(done).error();
    if (version_changes && error.code == Code::invalid) error.field = "version";
    return base::fail(std::move(error));
  }
  return out;
}

base::Result<domain::Release> CatalogueService::publish_release(const Actor& actor,
                                                                domain::ReleaseId id) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "release", "release"));
  if (row->state != ReleaseState::draft) return base::fail(release_not_draft(*row).error());
  const bool has_file =
      std::any_of(draft.rows.packages.begin(), draft.rows.packages.end(),
                  [id](const domain::Package& package) { return package.release == id; });
  if (!has_file) {
    return base::fail_field(Code::precondition, "", "the release has no package",
                            "add one first: POST /api/v1/packages");
  }
  for (const auto& other : draft.rows.releases) {
    if (other.product == row->product) row->sequence = std::max(row->sequence, other.sequence);
  }
  row->sequence += 1;
  row->state = ReleaseState::published;
  row->published_at = draft.now;
  draft.put(*row);
  const domain::Release out = *row;
  OTARU_CHECK(commit(draft, draft.deed("release.publish", *row)));
  return out;
}

base::Result<domain::Release> CatalogueService::revoke_release(const Actor& actor,
                                                               domain::ReleaseId id) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "release", "release"));
  if (row->state != ReleaseState::published) return base::fail(release_not_draft(*row).error());
  row->state = ReleaseState::revoked;
  draft.put(*row);
  const domain::Release out = *row;
  OTARU_CHECK(commit(draft, draft.deed("release.revoke", *row)));
  return out;
}

base::Status CatalogueService::delete_release(const Actor& actor, domain::ReleaseId id) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "release", "release"));
  if (row->state != ReleaseState::draft) return release_not_draft(*row);
  for (const auto& kit : draft.rows.kits) {
    for (const auto& item : kit.items) {
      if (item.release != id) continue;
      return base::fail(Code::precondition, "kit " + std::to_string(kit.id.value) + " names it");
    }
  }
  for (const auto& deployment : draft.rows.deployments) {
    const bool way_back =
        std::any_of(deployment.brakes.begin(), deployment.brakes.end(),
                    [id](const domain::Brake& brake) { return brake.back_to_release == id; });
    if (deployment.target.release != id && !way_back) continue;
    return base::fail(Code::precondition,
                      "deployment " + std::to_string(deployment.id.value) + " names it");
  }
  std::vector<domain::PackageId> packages;
  for (const auto& package : draft.rows.packages) {
    if (package.release == id) packages.push_back(package.id);
  }
  const Deed deed = draft.deed("release.delete", *row);
  for (const auto package : packages) draft.remove(draft.rows.packages, package);
  draft.remove(draft.rows.releases, id);
  return commit(draft, deed);
}

// --- Packages -----------------------------------------------------------------------------------

// The file a package is made of, as an upload's row says it.
base::Result<UploadRow> CatalogueService::file_of(const PackageSpec& spec,
                                                  domain::TenantId tenant) const {
  if (spec.upload.empty() == spec.sha256.empty()) {
    return base::fail_field(Code::invalid, "upload", "give exactly one of upload and sha256");
  }
  if (!spec.upload.empty()) {
    OTARU_TRY(upload, uploads_.status(spec.upload));
    if (upload.complete()) return upload.row;
    return base::fail_field(Code::precondition, "upload", "the upload is not complete",
                            "POST /api/v1/uploads/{id}/complete first");
  }
  OTARU_CHECK(check_sha256("sha256", spec.sha256));
  const std::string wanted = base::lower(spec.sha256);
  const auto snapshot = engine_.snapshot();
  for (const auto& package : snapshot->rows().packages) {
    if (package.digests.sha256 != wanted) continue;
    const auto* release = snapshot->release(package.release);
    // Another tenant's file does not exist here, even for somebody who knows its hash.
    if (snapshot->product(release->product)->product->tenant != tenant) continue;
    UploadRow row;
    row.size_bytes = package.size_bytes;
    row.file_name = package.file_name;
    row.md5 = package.digests.md5;
    row.sha1 = package.digests.sha1;
    row.sha256 = package.digests.sha256;
    return row;
  }
  return base::fail_field(Code::not_found, "sha256", "no package of the tenant has this file",
                          "upload it");
}

base::Result<CatalogueService::FileVerdict> CatalogueService::look_at_file(
    const PackageSpec& spec) const {
  if (spec.overrides.empty() != spec.override_reason.empty()) {
    return base::fail_field(Code::invalid, "override_reason",
                            "override and override_reason go together");
  }
  OTARU_CHECK(check_note("override_reason", spec.override_reason, limits::kTextBytesMax));
  const auto snapshot = engine_.snapshot();
  const auto* release = snapshot->release(spec.release);
  FileVerdict verdict{std::string(kRawFormat), {}};
  if (release == nullptr) return verdict;  // said by create_package()
  const domain::Product& product = *snapshot->product(release->product)->product;
  OTARU_TRY(file, file_of(spec, product.tenant));
  OTARU_TRY(found, uploads_.inspect(file.sha256, {product.name, product.model, product.hw_version,
                                                  release->version, spec.base_version}));
  if (!found) return verdict;
  for (const auto& mismatch : found->mismatches) {
    const bool overridden = std::find(spec.overrides.begin(), spec.overrides.end(),
                                      mismatch.field) != spec.overrides.end();
    if (overridden) {
      verdict.overridden.push_back(mismatch);
      continue;
    }
    return base::fail_field(Code::conflict, mismatch.field, mismatch.sentence,
                            mismatch.remedy + (mismatch.remedy.empty() ? "" : "; ") +
                                "or, if it is right all the same: \"override\": [\"" +
                                mismatch.field + "\"] with an override_reason");
  }
  verdict.kind = found->kind;
  return verdict;
}

base::Result<domain::Package> CatalogueService::create_package(const Actor& actor,
                                                               const PackageSpec& spec) {
  // Before the lock: large files take a while to look at.
  OTARU_TRY(verdict, look_at_file(spec));
  const std::lock_guard lock(mutex_);
  const auto files = uploads_.hold_files();
  Draft draft(engine_, actor);
  draft.overridden = std::move(verdict.overridden);
  draft.override_reason = spec.override_reason;
  OTARU_TRY(release, draft.get(spec.release, "release", "release"));
  if (release->state == ReleaseState::revoked) {
    return base::fail_field(Code::precondition, "release", "the release is revoked");
  }
  const domain::Product& product = *draft.before->product(release->product)->product;
  OTARU_TRY(file, file_of(spec, product.tenant));
  domain::Package row;
  row.id = domain::PackageId{ids_.package + 1};
  row.release = spec.release;
  row.kind = spec.kind.value_or(spec.base_version.empty() ? domain::PackageKind::full
                                                          : domain::PackageKind::delta);
  row.base_version = spec.base_version;
  row.file_name = spec.file_name.empty() ? file.file_name : spec.file_name;
  row.format = spec.format.empty() ? verdict.kind : spec.format;
  row.size_bytes = file.size_bytes;
  row.digests = {file.md5, file.sha1, file.sha256};
  row.permissions = spec.permissions;
  row.hidden = spec.hidden;
  row.created_at = draft.now;
  row.updated_at = draft.now;
  normalize_permissions(row.permissions);
  OTARU_CHECK(check_file_name("file_name", row.file_name));
  OTARU_CHECK(check_word("format", row.format, kFormatBytesMax));
  if (row.permissions.size() > limits::kPermissionsMax) {
    return base::fail_field(Code::too_large, "permissions", "there are too many");
  }
  if (row.kind == domain::PackageKind::full && !row.base_version.empty()) {
    return base::fail_field(Code::invalid, "base_version", "a full package has no base version");
  }
  if (row.kind == domain::PackageKind::delta) {
    OTARU_CHECK(check_version("base_version", product.version_format, row.base_version));
    const auto order =
        domain::compare_versions(product.version_format, row.base_version, release->version);
    if (order && *order != std::strong_ordering::less) {
      return base::fail_field(Code::invalid, "base_version",
                              "it is not older than the release, " + release->version);
    }
  }
  for (const auto& other : draft.rows.packages) {
    if (other.release != row.release || other.kind != row.kind ||
        other.base_version != row.base_version || other.digests.sha256 != row.digests.sha256) {
      continue;
    }
    return base::fail_field(
        Code::conflict, "release",
        "package " + std::to_string(other.id.value) + " of the release is this very file");
  }
  draft.add(draft.rows.packages, row);
  if (!spec.upload.empty()) {
    draft.batch.ops.emplace_back(EraseText{EraseText::Table::upload, spec.upload});
  }
  OTARU_CHECK(commit(draft, draft.deed("package.create", row)));
  ids_.package = row.id.value;
  if (!spec.upload.empty()) uploads_.forget(spec.upload);
  return row;
}

base::Result<domain::Package> CatalogueService::update_package(const Actor& actor,
                                                               domain::PackageId id,
                                                               const PackageChange& with) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "package", "package"));
  if (with.permissions) {
    row->permissions = *with.permissions;
    normalize_permissions(row->permissions);
    if (row->permissions.size() > limits::kPermissionsMax) {
      return base::fail_field(Code::too_large, "permissions", "there are too many");
    }
  }
  row->hidden = with.hidden.value_or(row->hidden);
  row->updated_at = draft.now;
  draft.put(*row);
  const domain::Package out = *row;
  OTARU_CHECK(commit(draft, draft.deed("package.update", *row)));
  return out;
}

base::Status CatalogueService::delete_package(const Actor& actor, domain::PackageId id) {
  const std::lock_guard lock(mutex_);
  Draft draft(engine_, actor);
  OTARU_TRY(row, draft.get(id, "package", "package"));
  const auto* release = draft.find(row->release);
  if (release->state != ReleaseState::draft) {
    return base::fail_field(Code::precondition, "",
                            "its release is " + std::string(name_of(release->state)), "hide it");
  }
  const Deed deed = draft.deed("package.delete", *row);
  draft.remove(draft.rows.packages, id);
  return commit(draft, deed);
}

}  // namespace otaru::app
