// SPDX-License-Identifier: Apache-2.0
// What filters and sorts of each list may name. A test holds the names against openapi.yaml.
#include "api/listing.h"

namespace otaru::api {
namespace {

constexpr auto kText = domain::FilterType::text;
constexpr auto kInteger = domain::FilterType::integer;
constexpr auto kBoolean = domain::FilterType::boolean;
constexpr auto kTime = domain::FilterType::time;
constexpr auto kVersion = domain::FilterType::version;
constexpr auto kTexts = domain::FilterType::texts;

constexpr ListMember kProduct[] = {
    {"id", kInteger, true},        {"tenant", kText, true},     {"name", kText, true},
    {"model", kText, true},        {"hw_version", kText, true}, {"feature", kText, true},
    {"manufacturer", kText, true}, {"module", kText, true},     {"type", kText, true},
    {"version_scheme", kText},     {"version_pattern", kText},  {"created_at", kTime, true},
};
constexpr ListMember kRelease[] = {
    {"id", kInteger, true},           {"tenant", kText, true},
    {"product", kInteger, true},      {"version", kVersion},
    {"channel", kText, true},         {"state", kText, true},
    {"sequence", kInteger, true},     {"label.", kText, false, "labels"},
    {"note.", kText, false, "notes"}, {"security", kBoolean, true},
    {"force", kBoolean, true},        {"created_at", kTime, true},
    {"published_at", kTime, true},
};
constexpr ListMember kPackage[] = {
    {"id", kInteger, true},
    {"tenant", kText, true},
    {"product", kInteger, true},
    {"release", kInteger, true},
    {"kind", kText, true},
    {"base_version", kVersion},
    {"file_name", kText, true},
    {"format", kText, true},
    {"size_bytes", kInteger, true},
    {"md5", kText},
    {"sha1", kText},
    {"sha256", kText},
    {"permissions", kTexts},
    {"hidden", kBoolean, true},
    {"created_at", kTime, true},
    {"updated_at", kTime, true},
};
constexpr ListMember kKit[] = {
    {"id", kInteger, true},      {"tenant", kText, true},      {"version", kVersion},
    {"channel", kText, true},    {"state", kText, true},       {"note.", kText, false, "notes"},
    {"permissions", kTexts},     {"released_at", kTime, true}, {"upgrade_method", kText, true},
    {"created_at", kTime, true}, {"updated_at", kTime, true},
};
constexpr ListMember kDeployment[] = {
    {"id", kInteger, true},
    {"tenant", kText, true},
    {"name", kText, true},
    {"state", kText, true},
    {"priority", kInteger, true},
    {"target.release", kInteger},
    {"target.kit", kInteger},
    {"target.newest_in_channel", kText},
    {"target.product", kInteger},
    {"everyone", kBoolean, true},
    {"device_count", kInteger, true},
    {"from_versions", kTexts},
    {"package_mode", kText, true},
    {"attempts_max", kInteger, true},
    {"consent", kText, true},
    {"urgency", kText, true},
    {"audience.groups", kTexts},
    {"audience.filter", kText},
    {"waves", kTexts},   // for has()
    {"brakes", kTexts},  // the same
    {"rate.per_minute", kInteger},
    {"rollout.open_waves", kInteger},
    {"rollout.stopped_by", kText},
    {"excluded_device_count", kInteger, true},
    {"starts_at", kTime, true},
    {"deadline", kTime, true},
    {"created_at", kTime, true},
    {"updated_at", kTime, true},
};
constexpr ListMember kGroup[] = {
    {"id", kInteger, true},      {"tenant", kText, true}, {"name", kText, true},
    {"description", kText},      {"filter", kText},       {"created_at", kTime, true},
    {"updated_at", kTime, true},
};
constexpr ListMember kCredential[] = {
    {"id", kInteger, true},
    {"tenant", kText, true},
    {"kind", kText, true},
    {"name", kText, true},
    {"attribute.", domain::FilterType::loose, false, "attributes"},
    {"permissions", kTexts},
    {"disabled", kBoolean, true},
    {"created_at", kTime, true},
};
constexpr ListMember kTenant[] = {
    {"id", kInteger, true}, {"name", kText, true}, {"created_at", kTime, true}};
constexpr ListMember kUser[] = {
    {"id", kInteger, true},
    {"tenant", kText, true},
    {"name", kText, true},
    {"display_name", kText, true},
    {"email", kText, true},
    {"role", kText, true},
    {"state", kText, true},
    {"disabled", kBoolean, true},
    {"must_change_password", kBoolean},
    {"oidc_issuer", kText},
    {"oidc_subject", kText},
    {"created_at", kTime, true},
    {"last_login_at", kTime, true},
};
constexpr ListMember kTask[] = {
    {"id", kInteger},
    {"tenant", kText},
    {"device", kText},
    {"deployment", kInteger},
    {"product", kInteger},
    {"release", kInteger},
    {"slot", kText},
    {"from_version", kVersion},
    {"target_version", kVersion},
    {"packages", kTexts},
    {"steps_done", kInteger},
    {"state", kText},
    {"attempt", kInteger},
    {"progress_percent", kInteger},
    {"failure", kText},
    {"result", kText},
    {"created_at", kTime},
    {"updated_at", kTime},
};

constexpr ListWords kProducts{"product", kProduct};
constexpr ListWords kReleases{"release", kRelease};
constexpr ListWords kPackages{"package", kPackage};
constexpr ListWords kKits{"kit", kKit};
constexpr ListWords kDeployments{"deployment", kDeployment};
constexpr ListWords kGroups{"group", kGroup};
constexpr ListWords kCredentials{"credential", kCredential};
constexpr ListWords kTenants{"tenant", kTenant};
constexpr ListWords kUsers{"user", kUser};
constexpr ListWords kTasks{"task", kTask};

}  // namespace

const ListWords& product_list_words() {
  return kProducts;
}
const ListWords& release_list_words() {
  return kReleases;
}
const ListWords& package_list_words() {
  return kPackages;
}
const ListWords& kit_list_words() {
  return kKits;
}
const ListWords& deployment_list_words() {
  return kDeployments;
}
const ListWords& group_list_words() {
  return kGroups;
}
const ListWords& credential_list_words() {
  return kCredentials;
}
const ListWords& tenant_list_words() {
  return kTenants;
}
const ListWords& user_list_words() {
  return kUsers;
}
const ListWords& task_list_words() {
  return kTasks;
}

}  // namespace otaru::api
