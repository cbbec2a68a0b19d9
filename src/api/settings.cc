// SPDX-License-Identifier: Apache-2.0
// Settings that are kept on the server. Those the server itself reads are known: they have a kind,
// a default and values that are refused. Every other name is the operators' own, for their tools.
#include <algorithm>

#include "api/handlers.h"
#include "app/deployment_checks.h"

namespace otaru::api {
namespace {

using base::Code;

enum class SettingType { text, flag, count };

struct KnownSetting {
  std::string_view name;  // of a tenant's: what follows "tenant.NAME."
  bool of_tenant;
  SettingType type;
  std::string_view fallback;
  std::string_view description;
};

constexpr KnownSetting kKnown[] = {
    {"api.require_if_match", false, SettingType::flag, "false",
     "PATCH and DELETE of a single resource must carry If-Match (428 without)"},
    {app::kApprovalSetting, false, SettingType::count, "0",
     "from how many devices on a second person has to agree to a start; 0: never"},
    {app::kTestWaveSetting, false, SettingType::flag, "false",
     "no deployment starts without a first wave of test devices"},
    {"site.name", false, SettingType::text, "", "what people call this server"},
    {app::kApprovalSetting, true, SettingType::count, "0",
     "as the server's setting of this name, for this tenant instead of it"},
    {app::kTestWaveSetting, true, SettingType::flag, "false",
     "as the server's setting of this name, for this tenant instead of it"},
    {"display_name", true, SettingType::text, "", "what people call the tenant"},
};

// A tenant's name has no dot: no tenant's settings begin like another's.
std::string own_settings(const Call& call) {
  return "tenant." + std::string(call.tenant_name(call.actor.tenant)) + ".";
}

bool may_set(const Call& call, std::string_view name) {
  return call.actor.may(domain::Permission::server_manage) || name.starts_with(own_settings(call));
}

// nullptr: the operators' own.
const KnownSetting* known_setting(std::string_view name) {
  constexpr std::string_view kPrefix = "tenant.";
  std::string_view rest;
  if (name.starts_with(kPrefix)) {
    const size_t dot = name.find('.', kPrefix.size());
    if (dot != std::string_view::npos) rest = name.substr(dot + 1);
  }
  for (const auto& known : kKnown) {
    if (known.name == (known.of_tenant ? rest : name)) return &known;
  }
  return nullptr;
}

base::Status check_value(const KnownSetting* known, std::string_view value) {
  if (known == nullptr || value.empty()) return {};
  switch (known->type) {
    case SettingType::text:
      return {};
    case SettingType::count: {
      const auto number = base::parse_int(value);
      if (number && *number >= 0) return {};
      return base::fail_rule(Code::invalid, "value", "range", "it must be a number from 0 on",
                             "an empty value is the default, " + std::string(known->fallback));
    }
    case SettingType::flag:
      break;
  }
  if (value == "true" || value == "false") return {};
  return base::fail_rule(Code::invalid, "value", "enum", "it must be true or false",
                         "an empty value is the default, " + std::string(known->fallback));
}

void write_setting(base::JsonWriter& out, std::string_view name, std::string_view value) {
  const auto* known = known_setting(name);
  const bool flag = known != nullptr && known->type == SettingType::flag;
  out.begin_object();
  out.member("name", name);
  out.member("value", value);
  out.member("known", known != nullptr);
  const bool count = known != nullptr && known->type == SettingType::count;
  out.member("type", flag ? "boolean" : count ? "integer" : "text");
  out.key("allowed");
  out.begin_array();
  if (flag) {
    out.value("true");
    out.value("false");
  }
  out.end_array();
  out.member("default", known == nullptr ? std::string_view() : known->fallback);
  out.member("description", known == nullptr ? std::string_view() : known->description);
  out.end_object();
}

http::Response setting_response(std::string_view name, std::string_view value) {
  base::JsonWriter out;
  write_setting(out, name, value);
  return json_response(200, out.take());
}

// Kept here, shown elsewhere: what channels and permissions are called.
bool names_something(std::string_view name) {
  return name.starts_with("tenant.") && (name.find(".channel.") != std::string_view::npos ||
                                         name.find(".permission.") != std::string_view::npos);
}

// Every name this caller may set that is known or has a value, sorted.
domain::TextMap seen_settings(const Call& call) {
  domain::TextMap out;
  for (const auto& [name, value] : call.snapshot->rows().settings) {
    if (may_set(call, name) && !names_something(name)) out.emplace_back(name, value);
  }
  for (const auto& known : kKnown) {
    const std::string name = (known.of_tenant ? own_settings(call) : "") + std::string(known.name);
    if (may_set(call, name) && domain::find_text(out, name) == nullptr) out.emplace_back(name, "");
  }
  std::sort(out.begin(), out.end());
  return out;
}

base::Result<std::string> settable(const Call& call) {
  OTARU_TRY(name, call.key());
  if (may_set(call, name)) return name;
  return base::fail_field(Code::forbidden, "name", "this is a setting of the server",
                          "a tenant's own begin with " + own_settings(call));
}

}  // namespace

Answer list_settings(Call& call) {
  return list_all(seen_settings(call), [](base::JsonWriter& out, const auto& setting) {
    write_setting(out, setting.first, setting.second);
  });
}

Answer get_setting(Call& call) {
  OTARU_TRY(name, settable(call));
  const auto all = seen_settings(call);
  const auto* value = domain::find_text(all, name);
  if (value == nullptr) {
    return base::fail_field(Code::not_found, "name", "nothing of that name was set");
  }
  return setting_response(name, *value);
}

Answer put_setting(Call& call) {
  OTARU_TRY(body, Body::of(call.request, Presence::required));
  auto fields = body.fields();
  const std::string value = fields.required_text("value");
  OTARU_CHECK(fields.done());
  OTARU_TRY(name, settable(call));
  OTARU_CHECK(check_value(known_setting(name), value));
  OTARU_CHECK(call.catalogue().put_setting(call.by(), name, value));
  return setting_response(name, value);
}

}  // namespace otaru::api
