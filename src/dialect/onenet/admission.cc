// SPDX-License-Identifier: Apache-2.0
// Who may ask, and for which device: docs/dialects/onenet.md, "Authorization".
#include "dialect/onenet/authorization.h"
#include "dialect/onenet/handler.h"

namespace otaru::dialect::onenet {
namespace {

// A device has a name beside its id where an operator gave it one.
bool has_name(const domain::Device& device, std::string_view name) {
  if (device.key == name) return true;
  const std::string* given = domain::find_text(device.attributes, "device_name");
  return given != nullptr && *given == name;
}

}  // namespace

Answer<app::DeviceRef> Onenet::admit(Call& call) const {
  const std::string* id = find_dev_id(call.params);
  if (id == nullptr) return tl::unexpected(Outcome::bad_parameter);
  return admit(call, *id);
}

Answer<app::DeviceRef> Onenet::admit(Call& call, std::string_view dev_id) const {
  const tl::unexpected refused(Outcome::auth_failed);
  const auto text = call.request.header("Authorization");
  if (!text) return refused;
  const Keyring::Header header = keyring_.read(*text);
  if (!header.authorization || is_expired(*header.authorization, call.gateway.now())) {
    return refused;
  }
  const auto resource = parse_resource(header.authorization->res);
  if (!resource) return refused;
  const domain::Credential* product = call.gateway.catalogue().credential(
      domain::CredentialKind::onenet_product, resource->product_id);
  if (product == nullptr || product->disabled) return refused;

  const auto signed_with = [&](int64_t id, std::string_view sealed) {
    return keyring_.is_signed(header, id, sealed);
  };
  const std::string_view named = resource->device_name;
  const bool by_product = signed_with(product->id.value, product->secret);
  // Only the product's own signature vouches for a device that nobody has seen.
  const bool may_register =
      config_.self_registration && by_product && (named.empty() || named == dev_id);
  const auto device =
      call.gateway.identify(product->tenant, dev_id,
                            may_register ? app::Identify::find_or_register : app::Identify::find);
  if (!device) {
    const bool unknown = device.error().code == base::Code::not_found;
    return tl::unexpected(unknown ? Outcome::auth_failed : outcome_of(device.error().code));
  }
  const domain::Device& known = call.gateway.describe(*device);
  if (!named.empty() && !has_name(known, named)) return refused;
  // Deviates: a client signs a resource of the product with its device's key; both keys are tried
  // for both kinds of resource (testdata/20_authorization_forms.http).
  if (!by_product && !signed_with(known.id.value, known.secret_sealed)) return refused;
  return *device;
}

}  // namespace otaru::dialect::onenet
