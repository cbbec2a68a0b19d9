// SPDX-License-Identifier: Apache-2.0
// Channels and permissions: words and numbers that releases, packages and credentials use, with
// what people call them. They are there as soon as something uses them; what they are called is
// kept with the tenant's settings ("tenant.NAME.channel.WORD", "tenant.NAME.permission.NUMBER").
#include <algorithm>
#include <map>

#include "api/handlers.h"
#include "base/limits.h"

namespace otaru::api {
namespace {

using base::Code;

constexpr size_t kChannelBytesMax = 64;

struct Uses {
  int64_t draft = 0, published = 0, revoked = 0;  // releases
  int64_t packages = 0, kits = 0, deployments = 0, credentials = 0;
  std::string text;  // description or name
};

// Of one tenant or all: (tenant, name) in the order of lists.
template <class Name>
using Found = std::map<std::pair<domain::TenantId, Name>, Uses>;

bool wanted(const std::optional<domain::TenantId>& scope, domain::TenantId tenant) {
  return !scope || tenant == *scope;
}

// What follows "tenant.NAME.KIND." of every such setting in scope.
template <class Take>
void each_named(const Call& call, const std::optional<domain::TenantId>& scope,
                std::string_view kind, Take take) {
  for (const auto& tenant : call.snapshot->rows().tenants) {
    if (!wanted(scope, tenant.id)) continue;
    const std::string prefix = "tenant." + tenant.name + "." + std::string(kind) + ".";
    for (const auto& [name, value] : call.snapshot->rows().settings) {
      if (name.starts_with(prefix) && !value.empty()) {
        take(tenant.id, std::string_view(name).substr(prefix.size()), value);
      }
    }
  }
}

void count_release(Uses& uses, domain::ReleaseState state) {
  switch (state) {
    case domain::ReleaseState::draft:
      ++uses.draft;
      break;
    case domain::ReleaseState::published:
      ++uses.published;
      break;
    case domain::ReleaseState::revoked:
      ++uses.revoked;
      break;
  }
}

Found<std::string> channels(const Call& call, const std::optional<domain::TenantId>& scope) {
  Found<std::string> out;
  const auto& rows = call.snapshot->rows();
  for (const auto& row : rows.releases) {
    const auto tenant = call.tenant_of(row);
    if (wanted(scope, tenant)) count_release(out[{tenant, row.channel}], row.state);
  }
  for (const auto& row : rows.kits) {
    if (wanted(scope, row.tenant)) ++out[{row.tenant, row.channel}].kits;
  }
  for (const auto& row : rows.deployments) {
    const auto& channel = row.target.newest_in_channel;
    if (!channel.empty() && wanted(scope, row.tenant)) ++out[{row.tenant, channel}].deployments;
  }
  each_named(call, scope, "channel", [&](auto tenant, std::string_view name, const auto& text) {
    out[{tenant, std::string(name)}].text = text;
  });
  return out;
}

Found<int64_t> permissions(const Call& call, const std::optional<domain::TenantId>& scope) {
  Found<int64_t> out;
  const auto& rows = call.snapshot->rows();
  const auto each = [&](domain::TenantId tenant, const std::vector<int64_t>& ids,
                        int64_t Uses::*counter) {
    if (!wanted(scope, tenant)) return;
    for (const int64_t id : ids) ++(out[{tenant, id}].*counter);
  };
  for (const auto& row : rows.packages) {
    each(call.tenant_of(*call.snapshot->release(row.release)), row.permissions, &Uses::packages);
  }
  for (const auto& row : rows.kits) each(row.tenant, row.permissions, &Uses::kits);
  for (const auto& row : rows.credentials) {
    each(row.tenant, row.permissions, &Uses::credentials);
  }
  each_named(call, scope, "permission", [&](auto tenant, std::string_view name, const auto& text) {
    if (const auto id = base::parse_int(name)) out[{tenant, *id}].text = text;
  });
  return out;
}

void write_one(base::JsonWriter& out, const Call& call, domain::TenantId tenant,
               const std::string& name, const Uses& uses) {
  out.begin_object();
  out.member("tenant", call.tenant_name(tenant));
  out.member("name", name);
  out.member("description", uses.text);
  out.key("releases");
  out.begin_object();
  out.member("draft", uses.draft);
  out.member("published", uses.published);
  out.member("revoked", uses.revoked);
  out.end_object();
  out.member("kits", uses.kits);
  out.member("deployments", uses.deployments);
  out.end_object();
}

void write_one(base::JsonWriter& out, const Call& call, domain::TenantId tenant, int64_t id,
               const Uses& uses) {
  out.begin_object();
  out.member("tenant", call.tenant_name(tenant));
  out.member("id", id);
  out.member("name", uses.text);
  out.member("packages", uses.packages);
  out.member("kits", uses.kits);
  out.member("credentials", uses.credentials);
  out.end_object();
}

std::string text_of(const std::string& name) {
  return name;
}
std::string text_of(int64_t id) {
  return std::to_string(id);
}

// A cursor is the tenant's id and the name of the last row, in hex.
template <class Name>
Answer list_found(const Call& call, const Found<Name>& all, const Page& page) {
  const auto cursor = base::unhex(page.cursor);
  if (!cursor) return base::fail(wrong_cursor().error());
  const auto mark = [](const auto& key) {
    return std::to_string(key.first.value) + "\n" + text_of(key.second);
  };
  auto at = all.begin();
  if (!cursor->empty()) {
    at = std::find_if(all.begin(), all.end(),
                      [&](const auto& entry) { return mark(entry.first) == *cursor; });
    if (at == all.end()) return base::fail(wrong_cursor().error());
    ++at;
  }
  base::JsonWriter out;
  out.begin_object();
  out.key("items");
  out.begin_array();
  std::string last;
  for (size_t n = 0; at != all.end() && n < page.limit; ++at, ++n) {
    write_one(out, call, at->first.first, at->first.second, at->second);
    last = mark(at->first);
  }
  out.end_array();
  if (at == all.end()) {
    out.null_member("next_cursor");
  } else {
    out.member("next_cursor", base::hex(last));
  }
  out.end_object();
  return json_response(200, out.take());
}

template <class Name>
Answer one_found(const Call& call, const Found<Name>& all, domain::TenantId tenant,
                 const Name& name, std::string_view field) {
  const auto found = all.find({tenant, name});
  if (found == all.end()) {
    return base::fail_field(Code::not_found, std::string(field),
                            "nothing uses it and it has no name");
  }
  base::JsonWriter out;
  write_one(out, call, tenant, name, found->second);
  return json_response(200, out.take());
}

// The tenant that ?tenant= names, and nothing else in the query.
base::Result<domain::TenantId> tenant_asked(const Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  const auto name = query.text("tenant");
  OTARU_CHECK(query.done());
  return call.tenant(name);
}

base::Status keep_name(Call& call, domain::TenantId tenant, std::string_view kind,
                       const std::string& name, std::string_view member) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  const std::string text = fields.required_text(member);
  OTARU_CHECK(fields.done());
  const std::string setting =
      "tenant." + std::string(call.tenant_name(tenant)) + "." + std::string(kind) + "." + name;
  auto done = call.catalogue().put_setting(call.by(), setting, text);
  if (!done) {
    auto error = std::move(done).error();
    if (error.field == "value") error.field = member;
    return base::fail(std::move(error));
  }
  call.snapshot = call.parts.engine->snapshot();
  return {};
}

base::Result<std::string> channel_name(const Call& call) {
  OTARU_TRY(name, call.key());
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  const bool head =
      !name.empty() && name.front() != '.' && name.front() != '_' && name.front() != '-';
  if (head && name.size() <= kChannelBytesMax && std::all_of(name.begin(), name.end(), plain)) {
    return name;
  }
  return base::fail_rule(Code::not_found, "name", "pattern", "there is no channel of that name");
}

}  // namespace

Answer list_channels(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(scope, call.scope(query.text("tenant")));
  const Page page = query.page();
  OTARU_CHECK(query.done());
  return list_found(call, channels(call, scope), page);
}

Answer get_channel(Call& call) {
  OTARU_TRY(tenant, tenant_asked(call));
  OTARU_TRY(name, channel_name(call));
  return one_found(call, channels(call, tenant), tenant, name, "name");
}

Answer put_channel(Call& call) {
  OTARU_TRY(tenant, tenant_asked(call));
  OTARU_TRY(name, channel_name(call));
  OTARU_CHECK(keep_name(call, tenant, "channel", name, "description"));
  auto all = channels(call, tenant);
  all[{tenant, name}];  // a channel nobody uses, described as nothing
  return one_found(call, all, tenant, name, "name");
}

Answer list_permissions(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(scope, call.scope(query.text("tenant")));
  const Page page = query.page();
  OTARU_CHECK(query.done());
  return list_found(call, permissions(call, scope), page);
}

Answer get_permission(Call& call) {
  OTARU_TRY(tenant, tenant_asked(call));
  OTARU_TRY(id, call.id());
  return one_found(call, permissions(call, tenant), tenant, id, "id");
}

Answer put_permission(Call& call) {
  OTARU_TRY(tenant, tenant_asked(call));
  OTARU_TRY(id, call.id());
  OTARU_CHECK(keep_name(call, tenant, "permission", std::to_string(id), "name"));
  auto all = permissions(call, tenant);
  all[{tenant, id}];
  return one_found(call, all, tenant, id, "id");
}

}  // namespace otaru::api
