// SPDX-License-Identifier: Apache-2.0
// Products by the vendor's words, and the package that one of them is offered.
#include <algorithm>

#include "dialect/oomi/handler.h"
#include "dialect/oomi/links.h"
#include "dialect/waits.h"
#include "domain/plan.h"

namespace otaru::dialect::oomi {
namespace {

using domain::CompiledProduct;

bool has_variants(const domain::Snapshot& catalogue, domain::TenantId tenant,
                  std::string_view name) {
  const auto products = catalogue.products_of(tenant);
  return std::any_of(products.begin(), products.end(), [&](const CompiledProduct* p) {
    return p->product->name == name && !p->product->feature.empty();
  });
}

// Clients are known to put other values into `feature` of products that have no variants: only
// for a name with variants does it decide.
const CompiledProduct* product_by_words(const domain::Snapshot& catalogue, domain::TenantId tenant,
                                        std::string_view name, std::string_view feature,
                                        std::optional<std::string_view> model) {
  const CompiledProduct* found = catalogue.product(tenant, name, feature, model);
  if (found != nullptr || feature.empty()) return found;
  found = catalogue.product(tenant, name, {}, model);
  if (found == nullptr || has_variants(catalogue, tenant, name)) return nullptr;
  return found;
}

bool has_forced_release(const CompiledProduct& product) {
  return std::any_of(product.releases.begin(), product.releases.end(),
                     [](const domain::CompiledRelease& r) { return r.release->force; });
}

// A newer release that is kept from this asker must look as if it did not exist: what it sees of
// the product is then the newest, unless it sees nothing at all.
bool sees_any(const CompiledProduct& product, const std::vector<int64_t>& permissions) {
  return std::any_of(product.releases.begin(), product.releases.end(), [&](const auto& release) {
    return std::any_of(release.packages.begin(), release.packages.end(),
                       [&](const auto* package) { return domain::visible(*package, permissions); });
  });
}

std::string slot_of(const domain::Product& product) {
  if (product.feature.empty()) return product.name;
  return product.name + "/" + product.feature;
}

}  // namespace

domain::CheckDefaults Oomi::check_defaults() const {
  domain::CheckDefaults out;
  // docs/dialects/oomi.md, "Selection": full package of the newest, else the delta to it, else the
  // highest version within reach; one file per answer.
  out.rules.order = domain::PlanOrder::full_first;
  out.rules.steps_max = 1;
  out.rules.accept_lower_release = true;
  out.reinstalls = true;
  out.permissions = {kGammaPermission};
  return out;
}

const CompiledProduct* Oomi::find_product(const Exchange& exchange, std::string_view name,
                                          std::string_view feature, std::string_view model,
                                          ModelRule rule) const {
  const domain::Snapshot& catalogue = exchange.gateway.catalogue();
  const domain::TenantId tenant = exchange.facts.tenant;
  const CompiledProduct* found = product_by_words(catalogue, tenant, name, feature, model);
  if (found != nullptr) return found;
  if (rule == ModelRule::hint) {
    return product_by_words(catalogue, tenant, name, feature, std::nullopt);
  }
  // A product whose operator gave it no model is meant by every model.
  return product_by_words(catalogue, tenant, name, feature, std::string_view());
}

Decoded<Offered> Oomi::look_up(Exchange& exchange, const Asker& asker, const Wish& wish) const {
  // An empty version says nothing about what runs: it must not be recorded.
  const bool record = asker.device && !wish.version.empty();
  const app::TaskBirth birth = record ? app::TaskBirth::record : app::TaskBirth::none;
  auto offered = look_up_once(exchange, asker, wish, birth);
  if (offered || offered.error() != Answer::newest) return offered;
  if (!record || !wish.reinstall || !has_forced_release(*wish.product)) return offered;
  // A reinstall of what already runs is listed but is no task: reporting the same version again
  // could not tell a task that was done from one that was not.
  return look_up_once(exchange, asker, wish, app::TaskBirth::none);
}

Decoded<Offered> Oomi::look_up_once(Exchange& exchange, const Asker& asker, const Wish& wish,
                                    app::TaskBirth birth) const {
  const domain::Product& product = *wish.product->product;
  const std::string slot = slot_of(product);
  domain::CheckIn check_in = defaults_.check_in();
  check_in.product = product.id;
  check_in.slot = slot;
  check_in.version = wish.version;
  check_in.permissions = asker.permissions;
  check_in.reinstall_allowed = wish.reinstall && birth == app::TaskBirth::none;
  auto result = asker.device ? exchange.gateway.check(*asker.device, check_in, birth)
                             : exchange.gateway.check_anonymous(exchange.facts.tenant, check_in);
  if (!result) return tl::unexpected(answer_of(result.error().code));
  exchange.note_wait(seconds_until(result->decision.retry_at, exchange.gateway.now()));
  const bool hides = result->decision.reason == domain::Reason::not_visible;
  if (hides && sees_any(*wish.product, asker.permissions)) return tl::unexpected(Answer::newest);
  const Answer answer = answer_of(result->decision.reason);
  if (answer != Answer::success) return tl::unexpected(answer);
  if (result->packages.empty()) return tl::unexpected(Answer::newest);
  Offered offered;
  offered.product = &product;
  offered.package = result->packages.front();
  offered.release = exchange.gateway.catalogue().release(offered.package->release);
  if (offered.release == nullptr) return tl::unexpected(Answer::newest);
  offered.forced =
      result->deployment != nullptr && result->deployment->urgency == domain::Urgency::forced;
  offered.url = link_of(exchange, product, *offered.release, *offered.package);
  return offered;
}

domain::TaskId Oomi::only_update(const Exchange& exchange, app::DeviceRef device) {
  domain::TaskId found;
  for (const domain::Task& task : exchange.gateway.describe(device).tasks) {
    const bool fetching =
        task.state == domain::TaskState::pending || task.state == domain::TaskState::downloading;
    const auto* product = exchange.gateway.catalogue().product(task.product);
    // Another protocol's tasks are not moved from here.
    if (!fetching || product == nullptr || task.slot != slot_of(*product->product)) continue;
    if (found) return {};
    found = task.id;
  }
  return found;
}

std::string Oomi::link_of(const Exchange& exchange, const domain::Product& product,
                          const domain::Release& release, const domain::Package& package) const {
  std::string url =
      config_.download_base_url.empty() ? exchange.facts.base_url : config_.download_base_url;
  url += link_path(link_parts(product, release, package, secrets_));
  return url;
}

}  // namespace otaru::dialect::oomi
