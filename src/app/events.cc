// SPDX-License-Identifier: Apache-2.0
#include "app/events.h"

#include "base/json.h"

namespace otaru::app {
namespace {

using base::JsonWriter;

Event make_event(std::string type, domain::TenantId tenant, base::Time at, JsonWriter&& data) {
  Event event;
  event.at = at;
  event.tenant = tenant;
  event.type = std::move(type);
  data.end_object();
  event.data = data.take();
  return event;
}

JsonWriter begin_data() {
  JsonWriter out;
  out.begin_object();
  return out;
}

// One visitor over the changes of a catalogue.
struct CatalogueVisitor {
  const domain::Snapshot& before;
  base::Time at;
  const ChangeReasons& reasons;
  std::vector<Event>& out;

  void operator()(const domain::Deployment& row) const {
    const auto* known = before.deployment(row.id);
    const domain::Rollout none;
    const domain::Rollout& was = known == nullptr ? none : known->deployment->rollout;
    if (known == nullptr) add_deployment("deployment.created", row);
    const bool moved = known != nullptr && known->deployment->state != row.state;
    // Only a brake makes the server stop one before its end.
    const bool stopped = row.state == domain::DeploymentState::paused ||
                         row.state == domain::DeploymentState::cancelled ||
                         row.state == domain::DeploymentState::rolled_back;
    if (moved && stopped && reasons.by_server) add_deployment("deployment.braked", row);
    if (moved) add_deployment("deployment." + std::string(domain::name_of(row.state)), row);
    if (!was.started_at && row.rollout.started_at) add_deployment("deployment.started", row);
    if (was.started_at && was.open_waves < row.rollout.open_waves) {
      add_deployment("deployment.wave_opened", row);
    }
  }
  void operator()(const Erase<domain::DeploymentId>& op) const {
    const auto* known = before.deployment(op.id);
    if (known != nullptr) add_deployment("deployment.deleted", *known->deployment);
  }
  void operator()(const domain::Release& row) const {
    const auto* known = before.release(row.id);
    const auto* product = before.product(row.product);
    if (known == nullptr || known->state == row.state || product == nullptr) return;
    JsonWriter data = begin_data();
    data.member("release", row.id.value);
    data.member("product", row.product.value);
    data.member("product_name", product->product->name);
    data.member("version", row.version);
    data.member("channel", row.channel);
    out.push_back(make_event("release." + std::string(domain::name_of(row.state)),
                             product->product->tenant, at, std::move(data)));
  }
  void operator()(const domain::Kit& row) const {
    const auto* known = before.kit(row.id);
    if (known == nullptr || known->state == row.state) return;
    JsonWriter data = begin_data();
    data.member("kit", row.id.value);
    data.member("version", row.version);
    data.member("channel", row.channel);
    out.push_back(make_event("kit." + std::string(domain::name_of(row.state)), row.tenant, at,
                             std::move(data)));
  }
  template <class Other>
  void operator()(const Other&) const {}

 private:
  void add_deployment(std::string type, const domain::Deployment& row) const {
    JsonWriter data = begin_data();
    data.member("deployment", row.id.value);
    data.member("name", row.name);
    data.member("state", domain::name_of(row.state));
    const auto reason = reasons.of.find(row.id);
    data.member("reason", reason == reasons.of.end() ? std::string() : reason->second);
    data.member("waves", row.waves.size());
    data.member("open_waves", row.rollout.open_waves);
    const auto last = static_cast<size_t>(row.rollout.open_waves) - 1;
    data.member("wave", last < row.waves.size() ? row.waves[last].name : std::string());
    data.member("heals", row.heals.value);
    data.member("healed_by", row.rollout.healed_by.value);
    Event event = make_event(std::move(type), row.tenant, at, std::move(data));
    event.deployment = row.id;
    out.push_back(std::move(event));
  }
};

}  // namespace

Event task_event(const domain::Device& device, const domain::Task& task, domain::TaskState from,
                 bool born) {
  JsonWriter data = begin_data();
  data.member("task", task.id.value);
  data.member("device", device.key);
  data.member("deployment", task.deployment.value);
  data.member("product", task.product.value);
  data.member("release", task.target.value);
  data.member("slot", task.slot);
  data.member("from_version", task.from_version);
  data.member("target_version", task.target_version);
  data.member("state", domain::name_of(task.state));
  if (!born) data.member("previous", domain::name_of(from));
  data.member("attempt", task.attempt);
  data.member("failure", domain::name_of(task.failure));
  data.member("result", task.result);
  const std::string_view what =
      born && domain::is_open(task.state) ? "created" : domain::name_of(task.state);
  Event event =
      make_event("task." + std::string(what), device.tenant, task.updated_at, std::move(data));
  event.device = device.id;
  event.deployment = task.deployment;
  return event;
}

Event device_event(const domain::Device& device, std::string_view type, base::Time at) {
  JsonWriter data = begin_data();
  data.member("device", device.key);
  data.member("door", device.door);
  data.member("pending", device.pending);
  Event event = make_event(std::string(type), device.tenant, at, std::move(data));
  event.device = device.id;
  return event;
}

Event upload_event(const UploadRow& row, base::Time at) {
  JsonWriter data = begin_data();
  data.member("upload", row.id);
  data.member("file_name", row.file_name);
  data.member("size_bytes", row.size_bytes);
  data.member("sha256", row.sha256);
  return make_event("upload.completed", row.tenant, at, std::move(data));
}

std::vector<Event> catalogue_events(const domain::Snapshot& before,
                                    const std::vector<WriteOp>& changes, base::Time at,
                                    const ChangeReasons& reasons) {
  std::vector<Event> out;
  const CatalogueVisitor visitor{before, at, reasons, out};
  for (const auto& op : changes) std::visit(visitor, op);
  return out;
}

}  // namespace otaru::app
