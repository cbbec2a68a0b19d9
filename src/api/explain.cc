// SPDX-License-Identifier: Apache-2.0
// Why a device is, or is not, offered an update: the decision its next check gets, with the rules
// it went through. Nothing is written: the device is looked at as it is stored.
#include "api/handlers.h"
#include "domain/decide.h"

namespace otaru::api {
namespace {

struct Asked {
  std::optional<int64_t> product;
  std::optional<std::string> version;
  std::vector<std::pair<std::string, std::string>> labels;
  std::vector<int64_t> permissions;
  std::string door;  // of a protocol, or the device's own
};

void explain_component(base::JsonWriter& out, const Call& call, const domain::Device& device,
                       const domain::Component& component, const Asked& asked) {
  domain::StoredCheck check(device, component, call.parts.doors.of(asked.door));
  for (const auto& label : asked.labels) check.state(label.first, label.second);
  check.permit(asked.permissions);
  const domain::CheckIn& in = check.check_in();
  domain::Trace trace;
  const auto& snapshot = *call.snapshot;
  const auto decision = check.decide(snapshot, call.parts.engine->clock().now(), &trace);
  out.begin_object();
  out.member("slot", component.slot);
  id_or_null_member(out, "product", component.product.value);
  out.member("version", component.version);
  out.member("reason", domain::name_of(decision.reason));
  out.member("offered", decision.has_offer());
  id_or_null_member(out, "deployment", decision.deployment.value);
  id_or_null_member(out, "release", decision.release.value);
  id_or_null_member(out, "task", decision.task.value);
  out.key("packages");
  out.begin_array();
  if (decision.offer) {
    for (const auto id : decision.offer->chain) out.value(id.value);
  }
  out.end_array();
  out.member("bytes", decision.offer ? decision.offer->bytes : 0);
  out.key("sentence");
  out.begin_object();
  out.member("en", domain::explain(snapshot, device, in, decision, "en"));
  out.member("zh", domain::explain(snapshot, device, in, decision, "zh"));
  out.end_object();
  out.key("trace");
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
  out.end_object();
}

// What the device would ask about: what it has reported, or the product that is asked for.
std::vector<domain::Component> components_of(const domain::Device& device, const Asked& asked) {
  std::vector<domain::Component> out;
  for (const auto& component : device.components) {
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
  if (door && !call.parts.doors.has(*door)) {
    std::string known;
    for (const auto name : call.parts.doors.names()) known += " " + std::string(name);
    return base::fail_field(base::Code::invalid, "door", "the doors are:" + known);
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
  base::JsonWriter out;
  out.begin_object();
  out.member("device", device.key);
  out.member("tenant", call.tenant_name(device.tenant));
  out.member("door", asked.door);
  out.key("items");
  out.begin_array();
  for (const auto& component : components_of(device, asked)) {
    explain_component(out, call, device, component, asked);
  }
  out.end_array();
  out.end_object();
  return json_response(200, out.take());
}

}  // namespace otaru::api
