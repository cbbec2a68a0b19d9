// SPDX-License-Identifier: Apache-2.0
#include "api/call.h"

namespace otaru::api {
namespace {

using base::Code;

base::Error nothing_there(std::string_view field, std::string_view what, int64_t id) {
  return base::fail_field(Code::not_found, std::string(field),
                          "there is no " + std::string(what) + " " + std::to_string(id))
      .value();
}

}  // namespace

app::Actor Call::by() const {
  app::Actor out;
  out.kind = actor.key != nullptr ? app::ActorKind::key : app::ActorKind::user;
  out.id = actor.key != nullptr ? actor.key->id.value : actor.user->id.value;
  out.name = actor.name();
  out.tenant = actor.tenant;
  out.peer = std::string(request.peer);
  // What a proxy or client calls the request, if that is a plain word.
  const auto id = request.header("X-Request-Id").value_or("");
  const bool plain = !id.empty() && id.size() <= 64 &&
                     std::all_of(id.begin(), id.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (plain) out.request = std::string(id);
  return out;
}

std::string_view Call::tenant_name(domain::TenantId id) const {
  const auto* row = snapshot->tenant(id);
  return row == nullptr ? std::string_view() : std::string_view(row->name);
}

base::Result<domain::TenantId> Call::tenant(const std::optional<std::string>& name) const {
  if (!name) return actor.tenant;
  const auto* row = snapshot->tenant(*name);
  if (row == nullptr || !sees(row->id)) {
    return base::fail_field(Code::not_found, "tenant", "there is no such tenant");
  }
  return row->id;
}

base::Result<std::optional<domain::TenantId>> Call::scope(
    const std::optional<std::string>& name) const {
  if (!name && actor.everywhere()) return std::optional<domain::TenantId>();
  OTARU_TRY(found, tenant(name));
  return std::optional(found);
}

base::Result<int64_t> Call::id() const {
  const auto number = base::parse_int(params.front());
  if (number && *number > 0) return *number;
  return base::fail_field(Code::not_found, "id", "the id in the path is not a positive integer");
}

base::Result<std::string> Call::key() const {
  auto decoded = base::percent_decode(params.front(), base::Plus::literal);
  if (decoded) return std::move(*decoded);
  return base::fail_field(Code::invalid, "key", "its percent-encoding is broken");
}

domain::TenantId Call::tenant_of(const domain::Release& row) const {
  return snapshot->product(row.product)->product->tenant;
}

base::Result<const domain::Product*> Call::product(int64_t id, std::string_view field) const {
  const auto* found = snapshot->product(domain::ProductId{id});
  if (found != nullptr && sees(found->product->tenant)) return found->product;
  return base::fail(nothing_there(field, "product", id));
}

base::Result<const domain::Release*> Call::release(int64_t id, std::string_view field) const {
  const auto* found = snapshot->release(domain::ReleaseId{id});
  if (found != nullptr && sees(tenant_of(*found))) return found;
  return base::fail(nothing_there(field, "release", id));
}

base::Result<const domain::Package*> Call::package(int64_t id) const {
  const auto* found = snapshot->package(domain::PackageId{id});
  if (found != nullptr && sees(tenant_of(*snapshot->release(found->release)))) return found;
  return base::fail(nothing_there("id", "package", id));
}

base::Result<const domain::Kit*> Call::kit(int64_t id, std::string_view field) const {
  const auto* found = snapshot->kit(domain::KitId{id});
  if (found != nullptr && sees(found->tenant)) return found;
  return base::fail(nothing_there(field, "kit", id));
}

base::Result<const domain::Group*> Call::group(int64_t id, std::string_view field) const {
  const auto* found = snapshot->group(domain::GroupId{id});
  if (found != nullptr && sees(found->group->tenant)) return found->group;
  return base::fail(nothing_there(field, "group", id));
}

base::Result<const domain::Deployment*> Call::deployment(int64_t id, std::string_view field) const {
  const auto* found = snapshot->deployment(domain::DeploymentId{id});
  if (found != nullptr && sees(found->deployment->tenant)) return found->deployment;
  return base::fail(nothing_there(field, "deployment", id));
}

base::Result<const domain::Credential*> Call::credential(int64_t id) const {
  const auto* found = snapshot->credential(domain::CredentialId{id});
  if (found != nullptr && sees(found->tenant)) return found;
  return base::fail(nothing_there("id", "credential", id));
}

base::Result<const domain::User*> Call::user(int64_t id) const {
  const auto* found = snapshot->user(domain::UserId{id});
  const bool seen =
      found != nullptr && (actor.everywhere() || (found->tenant && found->tenant == actor.tenant));
  if (seen) return found;
  return base::fail(nothing_there("id", "user", id));
}

void time_member(base::JsonWriter& out, std::string_view name, base::Time time) {
  out.member(name, base::iso8601(time));
}

void time_or_null_member(base::JsonWriter& out, std::string_view name,
                         const std::optional<base::Time>& time) {
  if (time) {
    time_member(out, name, *time);
  } else {
    out.null_member(name);
  }
}

void id_or_null_member(base::JsonWriter& out, std::string_view name, int64_t id) {
  if (id == 0) {
    out.null_member(name);
  } else {
    out.member(name, id);
  }
}

void text_map_member(base::JsonWriter& out, std::string_view name, const domain::TextMap& map) {
  out.key(name);
  out.begin_object();
  for (const auto& [key, value] : map) out.member(key, value);
  out.end_object();
}

void integers_member(base::JsonWriter& out, std::string_view name,
                     const std::vector<int64_t>& numbers) {
  out.key(name);
  out.begin_array();
  for (const int64_t number : numbers) out.value(number);
  out.end_array();
}

void texts_member(base::JsonWriter& out, std::string_view name,
                  const std::vector<std::string>& texts) {
  out.key(name);
  out.begin_array();
  for (const auto& text : texts) out.value(text);
  out.end_array();
}

}  // namespace otaru::api
