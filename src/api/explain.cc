// SPDX-License-Identifier: Apache-2.0
// Why a device is, or is not, offered an update: the decision its next check gets, with the rules
// it went through. Nothing is written: the device is looked at as it is stored.
#include "api/handlers.h"
#include "domain/explain_trace.h"

namespace otaru::api {
namespace {

struct Asked {
  std::optional<int64_t> product;
  std::optional<std::string> version;
  std::vector<std::pair<std::string, std::string>> labels;
  std::vector<int64_t> permissions;
  std::string door;  // of a protocol, or the device's own
};

// The language that a person asked for by Accept-Language (RFC 9110, 12.5.4): the one of the two
// that is wanted more; English where nothing is said.
std::string_view wanted_language(const http::Request& request) {
  std::string_view rest = request.header("Accept-Language").value_or("");
  std::string_view best = "en";
  int best_quality = -1;
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    const std::string_view item = base::trim(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    const size_t semicolon = item.find(';');
    const std::string_view tag = base::trim(item.substr(0, semicolon));
    int quality = 1000;
    const size_t q = item.find("q=");
    if (q != std::string_view::npos) {
      const std::string_view digits = item.substr(q + 2);
      quality = digits.substr(0, 1) == "1" ? 1000 : 0;
      int scale = 100;
      for (size_t i = 2; i < digits.size() && scale > 0; ++i, scale /= 10) {
        if (digits[i] >= '0' && digits[i] <= '9') quality += (digits[i] - '0') * scale;
      }
    }
    const std::string_view primary = tag.substr(0, 2);
    const bool known = base::iequals(primary, "zh") || base::iequals(primary, "en");
    if (!known || quality <= best_quality || quality == 0) continue;
    best = base::iequals(primary, "zh") ? "zh" : "en";
    best_quality = quality;
  }
  return best;
}

void write_sentence(base::JsonWriter& out, const std::string& english, const std::string& chinese,
                    std::string_view language) {
  out.key("sentence");
  out.begin_object();
  out.member("en", english);
  out.member("zh", chinese);
  out.end_object();
  out.member("summary", language == "zh" ? chinese : english);
}

void write_trace(base::JsonWriter& out, std::string_view name, const domain::Trace& trace) {
  out.key(name);
  out.begin_array();
  for (const auto& step : trace) {
    out.begin_object();
    id_or_null_member(out, "deployment", step.deployment.value);
    out.member("rule", step.rule);
    out.member("passed", step.passed);
    out.member("detail", step.detail);
    out.end_object();
  }
  out.end_array();
}

void write_decision(base::JsonWriter& out, const domain::Decision& decision) {
  out.member("reason", domain::name_of(decision.reason));
  out.member("offered", decision.has_offer());
  id_or_null_member(out, "deployment", decision.deployment.value);
  id_or_null_member(out, "release", decision.release.value);
  id_or_null_member(out, "task", decision.task.value);
  time_or_null_member(out, "retry_at", decision.retry_at);
  out.key("packages");
  out.begin_array();
  if (decision.offer) {
    for (const auto id : decision.offer->chain) out.value(id.value);
  }
  out.end_array();
  out.member("bytes", decision.offer ? decision.offer->bytes : 0);
}

struct Asking {
  const domain::Snapshot& snapshot;
  const domain::Device& device;
  base::Time at;
  const domain::Admissions* live;
  std::string_view language;
};

void write_view(base::JsonWriter& out, const Asking& asking, const domain::CheckIn& in,
                const domain::DeploymentView& view) {
  out.begin_object();
  out.member("id", view.deployment->id.value);
  out.member("name", view.deployment->name);
  out.member("state", domain::name_of(view.deployment->state));
  out.member("priority", view.deployment->priority);
  out.member("standing", domain::name_of(view.standing));
  if (view.standing == domain::Standing::ended) {
    out.null_member("reason");
  } else {
    out.member("reason", domain::name_of(view.decision.reason));
  }
  write_sentence(out, domain::explain(asking.snapshot, asking.device, in, view, "en"),
                 domain::explain(asking.snapshot, asking.device, in, view, "zh"), asking.language);
  write_trace(out, "rules", view.trace);
  out.end_object();
}

void explain_component(base::JsonWriter& out, const Asking& asking, const Call& call,
                       const domain::Component& component, const Asked& asked) {
  domain::StoredCheck check(asking.device, component, call.parts.doors->of(asked.door));
  for (const auto& label : asked.labels) check.state(label.first, label.second);
  check.permit(asked.permissions);
  const domain::CheckIn& in = check.check_in();
  const auto all =
      domain::explain_all(asking.snapshot, asking.device, check, asking.at, asking.live);
  out.begin_object();
  out.member("slot", component.slot);
  id_or_null_member(out, "product", component.product.value);
  out.member("version", component.version);
  write_decision(out, all.decision);
  write_sentence(out, domain::explain(asking.snapshot, asking.device, in, all.decision, "en"),
                 domain::explain(asking.snapshot, asking.device, in, all.decision, "zh"),
                 asking.language);
  write_trace(out, "trace", all.trace);
  out.key("deployments");
  out.begin_array();
  for (const auto& view : all.deployments) write_view(out, asking, in, view);
  out.end_array();
  out.end_object();
}

// What the device would ask about: what it has reported, or the product that is asked for.
std::vector<domain::Component> components_of(const Asking& asking, const Call& call,
                                             const Asked& asked) {
  std::vector<domain::Component> out;
  for (const auto& component : domain::asked_components(
           asking.snapshot, asking.device, call.parts.doors->of(asked.door), asking.at)) {
    if (!asked.product || component.product.value == *asked.product) out.push_back(component);
  }
  if (asked.product && out.empty()) {
    domain::Component asked_for;
    asked_for.product = domain::ProductId{*asked.product};
    out.push_back(asked_for);
  }
  if (asked.version) {
    for (auto& component : out) component.version = *asked.version;
  }
  return out;
}

}  // namespace

Answer explain_device(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  OTARU_TRY(listing, named_device(call, query));
  Asked asked;
  asked.product = query.integer("product");
  asked.version = query.text("version");
  asked.permissions = query.all_integers("permission");
  const auto language = query.text("language");
  const auto given = query.all("label");
  const auto door = query.text("door");
  const auto at_text = query.text("at");
  OTARU_CHECK(query.done());
  if (asked.product) OTARU_CHECK(call.product(*asked.product, "product"));
  if (asked.version && !asked.product) {
    return base::fail_field(base::Code::invalid, "version", "a version needs its product");
  }
  if (language) asked.labels.emplace_back("language", *language);
  for (const auto& label : given) {
    const size_t equals = label.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return base::fail_field(base::Code::invalid, "label", "a label is NAME=VALUE");
    }
    asked.labels.emplace_back(label.substr(0, equals), label.substr(equals + 1));
  }
  if (door && !call.parts.doors->has(*door)) {
    std::string known;
    for (const auto name : call.parts.doors->names()) known += " " + std::string(name);
    return base::fail_field(base::Code::invalid, "door", "the doors are:" + known);
  }
  base::Time at = call.parts.engine->clock().now();
  if (at_text && !base::parse_iso8601(*at_text, at)) {
    return base::fail_field(base::Code::invalid, "at",
                            "it must be a time such as 2026-05-01T12:00:00.000Z");
  }
  // With its tasks: the listing has none.
  OTARU_TRY(found, call.store().find_device(listing.device.id));
  if (!found) return base::fail(base::Code::not_found, "the device was deleted meanwhile");
  domain::Device& device = *found;
  // Another version is a question about another day: the task that is open now is not there then.
  if (asked.version) {
    std::erase_if(device.tasks, [](const domain::Task& task) { return is_open(task.state); });
  }
  asked.door = door.value_or(device.door);
  const domain::Admissions* live = at_text ? nullptr : call.parts.admissions;
  const Asking asking{*call.snapshot, device, at, live, wanted_language(call.request)};
  base::JsonWriter out;
  out.begin_object();
  out.member("device", device.key);
  out.member("tenant", call.tenant_name(device.tenant));
  out.member("door", asked.door);
  time_member(out, "at", at);
  // Rates and brakes are of this moment: they say nothing about another one.
  out.member("live", live != nullptr);
  out.key("items");
  out.begin_array();
  for (const auto& component : components_of(asking, call, asked)) {
    explain_component(out, asking, call, component, asked);
  }
  out.end_array();
  out.end_object();
  return json_response(200, out.take());
}

}  // namespace otaru::api
