// SPDX-License-Identifier: Apache-2.0
#include "dialect/oomi/handler.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include "dialect/oomi/policy.h"
#include "dialect/waits.h"
#include "domain/facts.h"
#include "domain/version.h"

namespace otaru::dialect::oomi {
namespace {

// The names under which Cubes of the first generation are products.
constexpr std::string_view kOldCube = "OMMICUBE";
constexpr std::string_view kOldCubeApp = "prosyst";
// The name of Touch units of both makers; only one maker's take updates (isHSLTouch).
constexpr std::string_view kOldTouch = "touch";

Route route_of(Endpoint endpoint, std::string_view pattern, uint32_t methods) {
  Route route;
  route.tag = static_cast<int>(endpoint);
  route.pattern = pattern;
  route.methods = methods;
  return route;
}

const std::array<Route, 12>& oomi_routes() {
  static const std::array<Route, 12> kRoutes = {
      route_of(Endpoint::integration_check, "/ota/integration/check", kPost),
      route_of(Endpoint::kit_check, "/firmware-package-kit/check_update", kPost),
      route_of(Endpoint::pegging, "/firmware-package-kit/pegging", kPost),
      route_of(Endpoint::kit_detail, "/firmware-package-kit/detail", kPost),
      route_of(Endpoint::retrieve, "/retrieve", kGet),
      route_of(Endpoint::firmware_retrieve, "/firmwareRetrieve", kGet),
      route_of(Endpoint::package_detail, "/firmwares/detail", kPost),
      route_of(Endpoint::batch_detail, "/firmwares/all", kPost),
      route_of(Endpoint::migration, "/firmwares/swVersion", kGet),
      route_of(Endpoint::download_status, "/firmwares/dwlStatus", kPost),
      route_of(Endpoint::product_packages, "/firmwares/all/product/{productId}", kPost),
      route_of(Endpoint::download, "/firmware/{product}/{model}/{hwVersion}/{file}", kGet | kHead),
  };
  return kRoutes;
}

// What a batch asks about, once its words are resolved.
struct Part {
  const domain::CompiledProduct* product = nullptr;
  std::string_view version;
};

// Empty means "not known"; anything else must be a version of the product. Looked at before the
// request has any effect.
bool acceptable(const domain::CompiledProduct& product, std::string_view version) {
  return version.empty() ||
         domain::validate_version(product.product->version_format, version).has_value();
}

// False: a version that is none.
bool add_part(std::vector<Part>& parts, const domain::CompiledProduct& product,
              std::string_view version) {
  if (!acceptable(product, version)) return false;
  // The same product twice: one device runs one version of it, the first is taken.
  const bool known = std::any_of(parts.begin(), parts.end(),
                                 [&](const Part& part) { return part.product == &product; });
  if (!known) parts.push_back(Part{&product, version});
  return true;
}

bool sees(const domain::Kit& kit, const std::vector<int64_t>& permissions) {
  if (kit.permissions.empty()) return true;
  return std::any_of(kit.permissions.begin(), kit.permissions.end(), [&](int64_t wanted) {
    return std::find(permissions.begin(), permissions.end(), wanted) != permissions.end();
  });
}

// Whether `parts` report the release: by product name; the feature decides only where the kit has
// several products of that name.
bool reported(const domain::Snapshot& catalogue, const domain::Kit& kit,
              const domain::Release& release, const std::vector<FirmwareState>& parts) {
  const domain::CompiledProduct& product = *catalogue.product(release.product);
  const auto namesakes = std::count_if(kit.items.begin(), kit.items.end(), [&](const auto& item) {
    const domain::Release* other = catalogue.release(item.release);
    return other != nullptr &&
           catalogue.product(other->product)->product->name == product.product->name;
  });
  return std::any_of(parts.begin(), parts.end(), [&](const FirmwareState& part) {
    if (part.name != product.product->name) return false;
    if (namesakes > 1 && part.feature != product.product->feature) return false;
    const auto order = product.compare(release, part.version);
    return order && *order == 0;
  });
}

bool is_not_for(const Retrieve& wanted) {
  return wanted.product == kOldTouch && !wanted.hsl_touch;
}

}  // namespace

std::span<const Route> Oomi::routes() const {
  return oomi_routes();
}

http::Response Oomi::handle(const Route& route, const http::Request& request,
                            const RequestFacts& facts, app::DeviceGateway& gateway) {
  Exchange exchange{request, facts, gateway, read_cookies(request), {}};
  switch (static_cast<Endpoint>(route.tag)) {
    case Endpoint::integration_check:
      return integration_check(exchange);
    case Endpoint::kit_check:
      return kit_check(exchange);
    case Endpoint::pegging:
      return pegging(exchange);
    case Endpoint::kit_detail:
      return kit_detail(exchange);
    case Endpoint::retrieve:
      return retrieve(exchange, decode_retrieve(request.query));
    case Endpoint::firmware_retrieve:
      return retrieve(exchange, decode_firmware_retrieve(request.query));
    case Endpoint::package_detail:
      return package_detail(exchange);
    case Endpoint::batch_detail:
      return batch_detail(exchange);
    case Endpoint::migration:
      return migration(exchange);
    // "Changed: always succeeds", "changed: always returns []".
    case Endpoint::download_status:
      return download_status(exchange);
    case Endpoint::product_packages:
      return json_response("[]");
    case Endpoint::download:
      return download(exchange);
  }
  return plain_response(Answer::system);
}

http::Response Oomi::integration_check(Exchange& exchange) const {
  const auto message = decode_integration_check(exchange.request.body);
  if (!message) return plain_response(message.error());
  const std::string_view guid =
      exchange.cookies.guid.empty() ? message->guid : exchange.cookies.guid;
  if (!sane_guid(guid)) return plain_response(Answer::malformed);
  std::vector<Part> parts;
  parts.reserve(message->firmwares.size());
  for (const FirmwareState& state : message->firmwares) {
    const auto* product =
        find_product(exchange, state.name, state.feature, state.model, ModelRule::hint);
    if (product == nullptr) continue;  // not an error here
    if (!add_part(parts, *product, state.version)) return plain_response(Answer::missing);
  }
  if (config_.enforce_cookies) {
    const Answer verdict = enforce(exchange, guid);
    if (verdict != Answer::success) return plain_response(verdict);
  }
  const auto asker =
      asker_of(exchange, guid, account_of(exchange, std::nullopt), app::Identify::find_or_register);
  if (!asker) return plain_response(asker.error());
  if (asker->device) record_facts(exchange, *asker->device, message->firmwares);
  base::JsonWriter writer;
  begin_success(writer);
  writer.begin_object();
  writer.member("product", message->product.empty() ? "OOMI_CUBE" : message->product);
  writer.member("guid", guid);
  writer.member("model", message->model.empty() ? std::string_view("1") : message->model);
  writer.key("firmwares");
  writer.begin_array();
  bool any = false;
  for (const Part& part : parts) {
    const auto offered = look_up(exchange, *asker, Wish{part.product, part.version, true});
    if (offered) {
      any = true;
      write_check_entry(writer, *offered, config_.url_in_check);
    } else if (offered.error() == Answer::system) {
      return plain_response(Answer::system);
    }
  }
  writer.end_array();
  writer.end_object();
  writer.end_object();
  if (any) return json_response(writer.take());
  return come_back(json_response(writer.take()), exchange.retry_after_s);
}

// The hardware that the phone found; parts that do not know theirs say nothing. The first that does
// is taken for the Cube's.
void Oomi::record_facts(Exchange& exchange, app::DeviceRef device,
                        std::span<const FirmwareState> parts) {
  for (const FirmwareState& part : parts) {
    if (part.hw_version.empty()) continue;
    app::Inventory inventory;
    inventory.attributes.emplace_back(domain::facts::kHwVersion, part.hw_version);
    // A device with too many attributes already is served all the same.
    (void)exchange.gateway.attributes(device, inventory);
    return;
  }
}

http::Response Oomi::kit_answer(const Exchange& exchange, const domain::Kit& kit) const {
  base::JsonWriter writer;
  begin_success(writer);
  write_kit(writer, exchange.gateway.catalogue(), kit, config_.kit_extras);
  writer.end_object();
  return json_response(writer.take());
}

http::Response Oomi::kit_check(Exchange& exchange) const {
  const auto message = decode_kit_check(exchange.request.body);
  if (!message) return plain_response(message.error());
  return answer_kit_check(exchange, message->account, message->version);
}

http::Response Oomi::answer_kit_check(Exchange& exchange, std::optional<int64_t> account,
                                      std::string_view version) const {
  const domain::VersionFormat lenient;  // "V0.0.1" against "2.0.6.11"
  if (!version.empty() && !domain::validate_version(lenient, version)) {
    return plain_response(Answer::missing);
  }
  // A Touch may send its guid: it matters for deployments that name devices. Asking does not make
  // it known, since no version of a product is said here.
  const std::string_view guid =
      sane_guid(exchange.cookies.guid) ? exchange.cookies.guid : std::string_view();
  const auto asker = asker_of(exchange, guid, account_of(exchange, account), app::Identify::find);
  if (!asker) return plain_response(asker.error());
  const domain::Device anonymous;
  const domain::Device& device =
      asker->device ? exchange.gateway.describe(*asker->device) : anonymous;
  const domain::KitDecision decision =
      domain::decide_kit(exchange.gateway.catalogue(), exchange.facts.tenant, device, version,
                         asker->permissions, exchange.gateway.now());
  if (decision.kit != nullptr) return kit_answer(exchange, *decision.kit);
  return come_back(plain_response(Answer::newest),
                   seconds_until(decision.retry_at, exchange.gateway.now()));
}

http::Response Oomi::kit_detail(Exchange& exchange) const {
  const auto message = decode_kit_detail(exchange.request.body);
  if (!message) return plain_response(message.error());
  if (!message->id) return answer_kit_check(exchange, message->account, message->version);
  const auto asker =
      asker_of(exchange, {}, account_of(exchange, message->account), app::Identify::find);
  if (!asker) return plain_response(asker.error());
  const domain::Kit* kit = exchange.gateway.catalogue().kit(domain::KitId{*message->id});
  // The vendor's table has no row for an unknown id; 603 is the one that says "nothing for you".
  if (kit == nullptr || kit->tenant != exchange.facts.tenant ||
      kit->state != domain::ReleaseState::published || !sees(*kit, asker->permissions)) {
    return plain_response(Answer::newest);
  }
  return kit_answer(exchange, *kit);
}

http::Response Oomi::pegging(Exchange& exchange) const {
  const auto message = decode_pegging(exchange.request.body);
  if (!message) return plain_response(message.error());
  const auto asker =
      asker_of(exchange, {}, account_of(exchange, std::nullopt), app::Identify::find);
  if (!asker) return plain_response(asker.error());
  const domain::Snapshot& catalogue = exchange.gateway.catalogue();
  const auto kits = catalogue.kits_of(exchange.facts.tenant);
  // A system runs a kit when it reports every release of it; the newest such kit is the answer.
  for (size_t i = kits.size(); i-- > 0;) {
    const domain::Kit& kit = *kits[i];
    if (kit.items.empty() || !sees(kit, asker->permissions)) continue;
    const bool whole = std::all_of(kit.items.begin(), kit.items.end(), [&](const auto& item) {
      const domain::Release* release = catalogue.release(item.release);
      return release != nullptr && reported(catalogue, kit, *release, message->parts);
    });
    if (whole) return kit_answer(exchange, kit);
  }
  return plain_response(Answer::no_kit);
}

http::Response Oomi::retrieve(Exchange& exchange, const Decoded<Retrieve>& wanted) const {
  if (!wanted) return plain_response(wanted.error());
  const auto* product = find_product(exchange, wanted->product, wanted->feature, wanted->model,
                                     ModelRule::must_match);
  if (product == nullptr) return plain_response(Answer::unknown_product);
  if (is_not_for(*wanted)) return plain_response(Answer::newest);
  const auto login = login_of(exchange);
  if (!login) return plain_response(login.error());
  if (!acceptable(*product, wanted->version)) return plain_response(Answer::missing);
  const auto asker = asker_by_cookie(exchange, wanted->account);
  if (!asker) return plain_response(asker.error());
  const auto offered = look_up(exchange, *asker, Wish{product, wanted->version, false});
  if (!offered) {
    // These endpoints know only 601 and 603.
    const bool none = offered.error() == Answer::no_firmware;
    return come_back(plain_response(none ? Answer::newest : offered.error()),
                     exchange.retry_after_s);
  }
  base::JsonWriter writer;
  begin_success(writer);
  write_retrieve(writer, *offered, *login);
  writer.end_object();
  return json_response(writer.take());
}

http::Response Oomi::package_detail(Exchange& exchange) const {
  const auto message = decode_package_detail(exchange.request.body);
  if (!message) return plain_response(message.error());
  const auto* product =
      find_product(exchange, message->product, message->feature, {}, ModelRule::hint);
  if (product == nullptr) return plain_response(Answer::unknown_product);
  const auto login = login_of(exchange);
  if (!login) return plain_response(login.error());
  if (!acceptable(*product, message->version)) return plain_response(Answer::missing);
  const auto asker = asker_by_cookie(exchange, message->account);
  if (!asker) return plain_response(asker.error());
  const auto offered = look_up(exchange, *asker, Wish{product, message->version, true});
  if (!offered) {
    const bool newest = offered.error() == Answer::newest;
    return come_back(plain_response(newest ? Answer::newest_detail : offered.error()),
                     exchange.retry_after_s);
  }
  base::JsonWriter writer;
  begin_success(writer);
  write_detail(writer, *offered, *login);
  writer.end_object();
  return json_response(writer.take());
}

http::Response Oomi::batch_detail(Exchange& exchange) const {
  const auto message = decode_batch_detail(exchange.request.body);
  if (!message) return plain_response(message.error());
  const auto login = login_of(exchange);
  if (!login) return plain_response(login.error());
  std::vector<Part> parts;
  for (const Retrieve& wanted : message->wanted) {
    const auto* product =
        find_product(exchange, wanted.product, wanted.feature, wanted.model, ModelRule::must_match);
    if (product == nullptr || is_not_for(wanted)) continue;
    if (!add_part(parts, *product, wanted.version)) return plain_response(Answer::missing);
  }
  // "Only the first accountId decides."
  const auto account =
      message->wanted.empty() ? std::optional<int64_t>() : message->wanted.front().account;
  const auto asker = asker_by_cookie(exchange, account);
  if (!asker) return plain_response(asker.error());
  base::JsonWriter writer;
  writer.begin_array();
  bool any = false;
  for (const Part& part : parts) {
    const auto offered = look_up(exchange, *asker, Wish{part.product, part.version, true});
    if (offered) {
      any = true;
      write_retrieve(writer, *offered, *login);
    } else if (offered.error() == Answer::system) {
      return plain_response(Answer::system);
    }
  }
  writer.end_array();
  if (any) return json_response(writer.take());
  return come_back(json_response(writer.take()), exchange.retry_after_s);
}

http::Response Oomi::migration(Exchange& exchange) const {
  const auto message = decode_migration(exchange.request.query);
  if (!message) return plain_response(message.error());
  struct Old {
    std::string_view name;
    std::string_view prefix;
    std::string_view version;
  };
  const Old olds[] = {{kOldCube, "oomiCube", message->cube_version},
                      {kOldCubeApp, "prosyst", message->prosyst_version}};
  const auto login = login_of(exchange);
  if (!login) return plain_response(login.error());
  const domain::CompiledProduct* products[2] = {};
  for (size_t i = 0; i < 2; ++i) {
    products[i] = find_product(exchange, olds[i].name, {}, {}, ModelRule::hint);
    if (products[i] != nullptr && !acceptable(*products[i], olds[i].version)) {
      return plain_response(Answer::missing);
    }
  }
  if (products[0] == nullptr && products[1] == nullptr) {
    return plain_response(Answer::unknown_product);
  }
  const auto asker = asker_by_cookie(exchange, std::nullopt);
  if (!asker) return plain_response(asker.error());
  base::JsonWriter writer;
  begin_success(writer);
  writer.begin_object();
  bool any = false;
  for (size_t i = 0; i < 2; ++i) {
    if (products[i] == nullptr) continue;
    const auto offered = look_up(exchange, *asker, Wish{products[i], olds[i].version, false});
    if (!offered && offered.error() == Answer::system) return plain_response(Answer::system);
    if (!offered) continue;  // the keys of a part without a package are left out
    write_migration(writer, olds[i].prefix, *offered, *login);
    any = true;
  }
  writer.end_object();
  writer.end_object();
  if (any) return json_response(writer.take());
  return come_back(plain_response(Answer::newest_detail), exchange.retry_after_s);
}

// "The client reports a result", of what it does not say, and it always succeeds. A device known by
// its cookie that has just one update under way has fetched that one: from here on its attempt
// counts.
http::Response Oomi::download_status(Exchange& exchange) const {
  const http::Response thanks = plain_response(Answer::success);
  const std::string_view guid = exchange.cookies.guid;
  if (guid.empty() || !sane_guid(guid)) return thanks;
  const auto device = exchange.gateway.identify(exchange.facts.tenant, guid, app::Identify::find);
  if (!device) return thanks;
  const domain::TaskId task = only_update(exchange, *device);
  if (!task) return thanks;
  app::TaskReport report;
  report.event = domain::TaskEvent::downloaded;
  report.began = true;
  report.detail = "dwlStatus";
  (void)exchange.gateway.report(*device, task, report);
  return thanks;
}

http::Response Oomi::failure(const Route& route, const http::Request&, const base::Error& error) {
  // JSON endpoints answer HTTP 200 with code 40, as the vendor does; a file cannot.
  const bool file = static_cast<Endpoint>(route.tag) == Endpoint::download;
  if (file) return plain_response(Answer::system, error.code == base::Code::internal ? 500 : 503);
  if (error.code != base::Code::internal) return plain_response(answer_of(error.code));
  base::JsonWriter writer;  // the incident id beside the note lets people find the log line
  writer.begin_object();
  writer.member("code", code_of(Answer::system));
  writer.member("note", std::string(note_of(Answer::system)) + " " + error.message);
  writer.end_object();
  return json_response(writer.take());
}

http::Response Oomi::refuse(const Route&, int status, std::string_view) {
  return plain_response(answer_of_status(status), status);
}

}  // namespace otaru::dialect::oomi

namespace otaru::dialect {

static_assert(!std::is_abstract_v<oomi::Oomi>);

std::unique_ptr<Dialect> make_oomi(OomiConfig config, const app::Secrets& secrets) {
  return std::make_unique<oomi::Oomi>(std::move(config), secrets);
}

}  // namespace otaru::dialect
