// SPDX-License-Identifier: Apache-2.0
// "Check device upgrade task" and "current task": which product is meant, the two refusals that
// fail a task (errno 8 and 9), and the task object.

#include "dialect/onenet/codes.h"
#include "dialect/onenet/handler.h"
#include "domain/facts.h"
#include "domain/version.h"

namespace otaru::dialect::onenet {
namespace {

using domain::FailureClass;
using domain::Product;
using domain::ProductId;

// What the device says it is, as codes; empty where it says nothing.
struct Hardware {
  std::string manufacturer;
  std::string module;
  bool complete() const { return !manufacturer.empty() && !module.empty(); }
};

Hardware read_hardware(const CheckWords& words) {
  Hardware out;
  if (!words.manuf.empty()) out.manufacturer = manufacturer_code(words.type, words.manuf);
  if (!words.model.empty()) out.module = module_code(words.type, out.manufacturer, words.model);
  return out;
}

// Only what both sides state can differ: a missing manuf or model must not fail a task.
bool differs(const Product& product, const Hardware& stated) {
  if (!stated.manufacturer.empty() && !product.manufacturer.empty() &&
      product.manufacturer != stated.manufacturer &&
      manufacturer_code(product.type, product.manufacturer) != stated.manufacturer) {
    return true;
  }
  return !stated.module.empty() && !product.module.empty() && product.module != stated.module &&
         module_code(product.type, manufacturer_code(product.type, product.manufacturer),
                     product.module) != stated.module;
}

bool same_version(const Product& product, std::string_view a, std::string_view b) {
  if (a == b) return true;
  const auto order = domain::compare_versions(product.version_format, a, b);
  return order && *order == std::strong_ordering::equal;
}

bool has_task_of(const domain::Device& device, domain::DeploymentId deployment) {
  for (const auto& task : device.tasks) {
    if (task.deployment == deployment) return true;
  }
  return false;
}

// One check of one device.
class CheckCase {
 public:
  CheckCase(app::DeviceGateway& gateway, app::DeviceRef device, const CheckWords& words,
            const domain::CheckDefaults& defaults)
      : gateway_(gateway),
        defaults_(defaults),
        catalogue_(gateway.catalogue()),
        device_(device),
        words_(words),
        slot_(slot_of(words.type)),
        hardware_(read_hardware(words)) {}

  Answer<domain::TaskId> run() {
    record_facts();
    if (device().blocked) return refuse(Outcome::no_task);
    if (const auto refusal = open_task_refusal()) return refuse(*refusal);
    if (const auto refusal = named_deployment_refusal()) return refuse(*refusal);
    domain::CheckIn check_in = defaults_.check_in();
    check_in.product = resolve();
    check_in.slot = slot_;
    check_in.version = words_.version;
    // A task is answered even when its target is what the device says it runs (the document's own
    // example): only the version message and a result end it.
    const auto result =
        gateway_.check(device_, check_in, app::TaskBirth::record, app::StatedVersion::keeps_task);
    if (!result) return tl::unexpected(outcome_of(result.error().code));
    // A task that waits for somebody's consent is none to the device.
    if (result->decision.has_offer() && result->task != nullptr) return sayable(*result->task);
    if (result->decision.reason == domain::Reason::base_mismatch) {
      if (const auto refusal = base_refusal(*result)) return refuse(*refusal);
    }
    const Outcome told = outcome_of(result->decision.reason);
    return refuse(told == Outcome::done ? Outcome::internal : told);
  }

 private:
  const domain::Device& device() const { return gateway_.describe(device_); }

  // What the device measures, for conditions, filters and people. A device that has too many
  // attributes already is served all the same.
  void record_facts() {
    app::Inventory inventory;
    if (!words_.signal.empty()) {
      inventory.attributes.emplace_back(domain::facts::kSignal, words_.signal);
    }
    if (!words_.power_percent.empty()) {
      inventory.attributes.emplace_back(domain::facts::kBatteryPercent, words_.power_percent);
    }
    if (!inventory.attributes.empty()) (void)gateway_.attributes(device_, inventory);
  }

  // The version is kept whether or not there is a task; hardware that nobody knows, too, so that
  // operators see what asks.
  Answer<domain::TaskId> refuse(Outcome outcome) {
    const domain::Component* known = device().component(slot_);
    app::Inventory inventory;
    if (known == nullptr || known->version != words_.version) {
      inventory.versions.push_back({slot_, {}, words_.version});
    }
    const bool nameless = known == nullptr || !known->product;
    if (outcome == Outcome::no_task && nameless && hardware_.complete()) {
      inventory.attributes = {{"manuf", hardware_.manufacturer}, {"model", hardware_.module}};
    }
    if (!inventory.versions.empty() || !inventory.attributes.empty()) {
      const auto status = gateway_.attributes(device_, inventory);
      if (!status) return tl::unexpected(outcome_of(status.error().code));
    }
    return tl::unexpected(outcome);
  }

  // A version that this protocol cannot say (another door's release): the device could never report
  // it. The task fails, so that operators see why.
  Answer<domain::TaskId> sayable(const domain::Task& task) {
    const domain::TaskId id = task.id;
    if (valid_version(task.target_version)) return id;
    return refuse(*fail_open(task, FailureClass::version, Outcome::no_task,
                             "the release's version cannot be said in this protocol"));
  }

  std::optional<Outcome> fail_open(const domain::Task& task, FailureClass failure, Outcome outcome,
                                   const std::string& detail) {
    app::TaskReport what;
    what.event = domain::TaskEvent::failed;
    what.failure = failure;
    what.detail = detail;
    if (failure == FailureClass::hardware) what.began = false;  // it was not even offered it
    // A paused task cannot fail; it stays paused and is not offered.
    if (!gateway_.report(device_, task.id, what)) return Outcome::no_task;
    return outcome;
  }

  // A deployment that names this device and one release is what an operator's task is; standing
  // ones (everyone, or the newest of a channel) are the vendor's auto-add policies. Its product, or
  // null when it is none or is over.
  const Product* product_named(const domain::CompiledDeployment& compiled) const {
    const domain::Deployment& deployment = *compiled.deployment;
    if (deployment.everyone || !deployment.target.release) return nullptr;
    if (!compiled.has_device(device().key)) return nullptr;
    if (deployment.deadline && *deployment.deadline <= gateway_.now()) return nullptr;
    const domain::Release* release = catalogue_.release(deployment.target.release);
    if (release == nullptr || release->state != domain::ReleaseState::published) return nullptr;
    const auto* product = catalogue_.product(release->product);
    return product == nullptr ? nullptr : product->product;
  }

  std::string hardware_detail(const Product& product) const {
    return "the device is manuf " + hardware_.manufacturer + " model " + hardware_.module +
           ", the task is for " + product.manufacturer + " " + product.module;
  }

  std::string base_detail() const {
    return "no delta from version " + std::string(words_.version) + " leads there";
  }

  // Errno 8 and 9 for the task that is open.
  std::optional<Outcome> open_task_refusal() {
    const domain::Task* task = device().open_task(slot_);
    const auto* compiled = task == nullptr ? nullptr : catalogue_.product(task->product);
    if (compiled == nullptr) return std::nullopt;
    const Product& product = *compiled->product;
    if (differs(product, hardware_)) {
      return fail_open(*task, FailureClass::hardware, Outcome::other_hardware,
                       hardware_detail(product));
    }
    if (task->state == domain::TaskState::upgrading || task->chain.empty()) return std::nullopt;
    const domain::Package* package = catalogue_.package(task->chain.front());
    if (package == nullptr || package->kind != domain::PackageKind::delta) return std::nullopt;
    const bool applies = same_version(product, package->base_version, words_.version) ||
                         same_version(product, task->target_version, words_.version);
    // Where a full package could do it, the next decision takes that one instead.
    if (applies || !delta_only(*task, *compiled)) return std::nullopt;
    return fail_open(*task, FailureClass::version, Outcome::other_base_version, base_detail());
  }

  bool delta_only(const domain::Task& task, const domain::CompiledProduct& product) const {
    const auto* deployment = catalogue_.deployment(task.deployment);
    if (deployment != nullptr && deployment->deployment->mode == domain::PackageMode::delta_only) {
      return true;
    }
    for (const auto& release : product.releases) {
      if (release.release->id != task.target) continue;
      for (const domain::Package* package : release.packages) {
        if (package->kind == domain::PackageKind::full && !package->hidden) return false;
      }
    }
    return true;
  }

  // Errno 8 for a deployment that names this device and has not become a task yet.
  std::optional<Outcome> named_deployment_refusal() {
    if (hardware_.manufacturer.empty() && hardware_.module.empty()) return std::nullopt;
    if (device().open_task(slot_) != nullptr) return std::nullopt;
    const domain::Deployment* wrong = nullptr;
    std::string detail;
    for (const auto* compiled : catalogue_.listing(device().tenant, device().key)) {
      const Product* product = product_named(*compiled);
      if (product == nullptr || product->type != words_.type) continue;
      if (!differs(*product, hardware_)) return std::nullopt;  // one of them is meant for it
      if (wrong != nullptr || has_task_of(device(), compiled->deployment->id)) continue;
      wrong = compiled->deployment;
      detail = hardware_detail(*product);
    }
    if (wrong == nullptr) return std::nullopt;
    return record_mismatch(*wrong, FailureClass::hardware, Outcome::other_hardware, detail);
  }

  // Errno 9: nothing but deltas from other versions.
  std::optional<Outcome> base_refusal(const app::CheckResult& result) {
    const domain::Task* ended = gateway_.find_task(device_, result.decision.superseded);
    if (ended != nullptr && ended->state == domain::TaskState::failed) {
      return Outcome::other_base_version;  // an open task was for another version, and has failed
    }
    const auto* compiled = catalogue_.deployment(result.decision.deployment);
    if (compiled == nullptr || has_task_of(device(), compiled->deployment->id) ||
        product_named(*compiled) == nullptr) {
      return std::nullopt;
    }
    return record_mismatch(*compiled->deployment, FailureClass::version,
                           Outcome::other_base_version, base_detail());
  }

  std::optional<Outcome> record_mismatch(const domain::Deployment& deployment, FailureClass failure,
                                         Outcome outcome, const std::string& detail) {
    const auto status = gateway_.report_mismatch(device_, deployment.id, deployment.target.release,
                                                 slot_, failure, detail);
    return status ? outcome : outcome_of(status.error().code);
  }

  // Which product is meant: the one of the stated codes; without them that of the open task, of a
  // deployment that names the device, or the one it was known to run.
  ProductId resolve() const {
    if (const auto* stated = product_of_codes()) return stated->product->id;
    if (const domain::Task* task = device().open_task(slot_)) {
      if (fits(task->product)) return task->product;
    }
    for (const auto* compiled : catalogue_.listing(device().tenant, device().key)) {
      const Product* product = product_named(*compiled);
      if (product != nullptr && fits(product->id)) return product->id;
    }
    const domain::Component* known = device().component(slot_);
    return known != nullptr && fits(known->product) ? known->product : ProductId{};
  }

  bool fits(ProductId id) const {
    const auto* compiled = id ? catalogue_.product(id) : nullptr;
    return compiled != nullptr && compiled->product->type == words_.type &&
           !differs(*compiled->product, hardware_);
  }

  // Operators may have written names where codes belong: these are tried, too.
  const domain::CompiledProduct* product_of_codes() const {
    if (!hardware_.complete()) return nullptr;
    const auto find = [&](std::string_view manufacturer, std::string_view module) {
      return catalogue_.product(device().tenant, manufacturer, module, words_.type);
    };
    if (const auto* found = find(hardware_.manufacturer, hardware_.module)) return found;
    if (const auto* found = find(words_.manuf, words_.model)) return found;
    const CodeRow* row = find_code_row(hardware_.manufacturer, hardware_.module);
    return row == nullptr ? nullptr : find(row->manufacturer_name, row->module_name);
  }

  app::DeviceGateway& gateway_;
  const domain::CheckDefaults& defaults_;
  const domain::Snapshot& catalogue_;
  app::DeviceRef device_;
  const CheckWords& words_;
  std::string_view slot_;
  Hardware hardware_;
};

}  // namespace

domain::CheckDefaults Onenet::check_defaults() const {
  domain::CheckDefaults out;
  out.rules.steps_max = 1;      // an answer carries one file
  out.keeps_thresholds = true;  // signal and power go to the device with the task
  return out;
}

Answer<std::string> Onenet::check(Call& call) const {
  const auto words = read_check_words(call.params, config_.strict_parameters);
  if (find_dev_id(call.params) == nullptr) return tl::unexpected(Outcome::bad_parameter);
  if (words.outcome != Outcome::done) return tl::unexpected(words.outcome);
  const auto device = admit(call);
  if (!device) return tl::unexpected(device.error());
  const auto task = CheckCase(call.gateway, *device, words.words, defaults_).run();
  if (!task) return tl::unexpected(task.error());
  const auto extended = call.gateway.extend_token(*device, *task, config_.token_lifetime_ms);
  if (!extended) return tl::unexpected(outcome_of(extended.error().code));
  return task_answer(call, *device, *task, words.words.wants_ip_port);
}

// The task a device is busy with. Unlike `check` it renews nothing: an expired token is over.
Answer<std::string> Onenet::tasking(Call& call) const {
  const auto type = read_type(call.params);
  const auto cdn = read_cdn(call.params);
  if (!type || !cdn) return tl::unexpected(Outcome::bad_parameter);
  const auto device = admit(call);
  if (!device) return tl::unexpected(device.error());
  const domain::Task* task = call.gateway.describe(*device).open_task(slot_of(*type));
  if (task == nullptr) return tl::unexpected(Outcome::token_mismatch);
  const domain::TaskState state = effective_state(call.gateway, *device, *task);
  const bool busy =
      state == domain::TaskState::downloading || state == domain::TaskState::upgrading;
  if (!busy || task->token_generation == 0) return tl::unexpected(Outcome::token_mismatch);
  if (!is_fresh(*task, task->token_generation, call.gateway.now())) {
    return tl::unexpected(Outcome::token_expired);
  }
  return task_answer(call, *device, task->id, *cdn);
}

Answer<std::string> Onenet::task_answer(Call& call, app::DeviceRef device, domain::TaskId id,
                                        bool wants_ip_port) const {
  const domain::Snapshot& catalogue = call.gateway.catalogue();
  const domain::Task* task = call.gateway.find_task(device, id);
  const auto* deployment = task == nullptr ? nullptr : catalogue.deployment(task->deployment);
  const domain::Package* package =
      task == nullptr || task->chain.empty() ? nullptr : catalogue.package(task->chain.front());
  if (deployment == nullptr || package == nullptr) return tl::unexpected(Outcome::internal);
  if (!valid_version(task->target_version)) return tl::unexpected(Outcome::internal);
  const std::string token = "ota_" + keyring_.token_of(id, task->token_generation);
  TaskWords words;
  words.target = task->target_version;
  words.token = token;
  words.size_bytes = package->size_bytes;
  words.md5 = package->digests.md5;
  words.signal = deployment->deployment->signal_min;
  words.power = deployment->deployment->power_min_percent;
  words.retry = deployment->deployment->retry_count;
  words.interval_s = deployment->deployment->retry_interval_s;
  words.delta = package->kind == domain::PackageKind::delta;
  if (wants_ip_port) {
    words.ip_port =
        config_.ip_port.empty() ? std::string_view(call.request.local_address) : config_.ip_port;
  }
  return write_task(words);
}

}  // namespace otaru::dialect::onenet
