// SPDX-License-Identifier: Apache-2.0
// Internal to api: one request under way, and what most handlers need: who asks, what of the
// catalogue they may see, how rows are written down.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/api.h"
#include "api/input.h"
#include "api/problem.h"
#include "app/actor.h"
#include "base/encoding.h"
#include "base/json.h"
#include "domain/access.h"
#include "domain/snapshot.h"

namespace otaru::api {

// Who asks, and what they may do where.
struct Caller {
  // One of them, living as long as the call's snapshot.
  const domain::Credential* key = nullptr;
  const domain::User* user = nullptr;
  std::optional<app::AccessService::Known> login;  // of the user
  domain::TenantId tenant;                         // the default one of a person of every tenant
  domain::Role role = domain::Role::viewer;
  domain::Reach reach = domain::Reach::tenant;

  bool may(domain::Permission permission) const { return allows(role, reach, permission); }
  std::string_view name() const { return key != nullptr ? key->name : user->name; }
  bool everywhere() const { return reach == domain::Reach::server; }
};

struct Call {
  const ApiParts& parts;
  const http::Request& request;
  std::span<const std::string_view> params;
  std::shared_ptr<const domain::Snapshot> snapshot;
  Caller actor = {};
  // Where an upload stands, to be told with the refusal of bytes for it.
  std::optional<int64_t> upload_offset = {};
  // The status of a refusal, where a protocol wants another than its code has; 0: the code's.
  int refusal_status = 0;

  app::CatalogueService& catalogue() const { return *parts.catalogue; }
  app::AccessService& access() const { return *parts.access; }
  app::Store& store() const { return parts.engine->store(); }

  // Who asks, for the services.
  app::Actor by() const;

  bool sees(domain::TenantId tenant) const { return actor.everywhere() || tenant == actor.tenant; }
  std::string_view tenant_name(domain::TenantId tenant) const;
  // The tenant that is meant: the one named, else the key's own. Code::not_found for others.
  base::Result<domain::TenantId> tenant(const std::optional<std::string>& name) const;
  // For lists: nothing means every tenant (a caller of all, none named).
  base::Result<std::optional<domain::TenantId>> scope(const std::optional<std::string>& name) const;

  // The {id} of the path.
  base::Result<int64_t> id() const;
  // The {key} of the path, decoded.
  base::Result<std::string> key() const;

  // Rows that this key may see; Code::not_found for others.
  base::Result<const domain::Product*> product(int64_t id, std::string_view field) const;
  base::Result<const domain::Release*> release(int64_t id, std::string_view field) const;
  base::Result<const domain::Package*> package(int64_t id) const;
  base::Result<const domain::Kit*> kit(int64_t id, std::string_view field) const;
  base::Result<const domain::Group*> group(int64_t id, std::string_view field) const;
  base::Result<const domain::Deployment*> deployment(int64_t id, std::string_view field) const;
  base::Result<const domain::Credential*> credential(int64_t id) const;
  base::Result<const domain::User*> user(int64_t id) const;
  domain::TenantId tenant_of(const domain::Release& release) const;
};

using Answer = base::Result<http::Response>;
using Handler = Answer (*)(Call&);

// The whole list at once.
template <class Rows, class Write>
Answer list_all(const Rows& rows, Write write) {
  base::JsonWriter out;
  out.begin_object();
  out.key("items");
  out.begin_array();
  for (const auto& row : rows) write(out, row);
  out.end_array();
  out.null_member("next_cursor");
  out.end_object();
  return json_response(200, out.take());
}

// --- Members ------------------------------------------------------------------------------------

void time_member(base::JsonWriter& out, std::string_view name, base::Time time);
void time_or_null_member(base::JsonWriter& out, std::string_view name,
                         const std::optional<base::Time>& time);
void id_or_null_member(base::JsonWriter& out, std::string_view name, int64_t id);
void text_map_member(base::JsonWriter& out, std::string_view name, const domain::TextMap& map);
void integers_member(base::JsonWriter& out, std::string_view name,
                     const std::vector<int64_t>& numbers);
void texts_member(base::JsonWriter& out, std::string_view name,
                  const std::vector<std::string>& texts);

}  // namespace otaru::api
