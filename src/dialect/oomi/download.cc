// SPDX-License-Identifier: Apache-2.0
// The file behind a link: who may have it, and its bytes.
#include "base/encoding.h"
#include "dialect/oomi/handler.h"
#include "dialect/oomi/links.h"
#include "dialect/oomi/policy.h"
#include "http/ranges.h"

namespace otaru::dialect::oomi {
namespace {

http::Response login_wanted() {
  http::Response response(401);
  response.slot(http::Slot::date)
      .header("WWW-Authenticate", "Basic realm=\"firmware\"")
      .header("Content-Type", "application/json;charset=utf-8")
      .slot(http::Slot::content_length)
      .slot(http::Slot::connection)
      .text(plain_answer(Answer::failed));
  return response;
}

bool same_segment(std::string_view sent, const std::string& wanted) {
  const auto decoded = base::percent_decode(sent, base::Plus::literal);
  return decoded && *decoded == wanted;
}

}  // namespace

http::Response Oomi::download(Exchange& exchange) const {
  if (!may_download(exchange)) return login_wanted();
  const http::Response missing = plain_response(Answer::no_firmware, 404);
  const auto params = exchange.facts.params;
  if (params.size() != 4) return missing;
  const auto file = base::percent_decode(params[3], base::Plus::literal);
  if (!file) return missing;
  const auto id = package_of_file(*file);
  if (!id) return missing;
  const domain::Snapshot& catalogue = exchange.gateway.catalogue();
  const domain::Package* package = catalogue.package(*id);
  if (package == nullptr || package->hidden) return missing;
  const domain::Release* release = catalogue.release(package->release);
  if (release == nullptr || release->state != domain::ReleaseState::published) return missing;
  const domain::CompiledProduct* owner = catalogue.product(release->product);
  if (owner == nullptr || owner->product->tenant != exchange.facts.tenant) return missing;
  // A link is taken only as it was given out: its seal guards packages that not everyone may see.
  const LinkParts parts = link_parts(*owner->product, *release, *package, secrets_);
  if (*file != parts.file || !same_segment(params[0], parts.product) ||
      !same_segment(params[1], parts.model) || !same_segment(params[2], parts.hw_version)) {
    return missing;
  }
  auto payload = exchange.gateway.open_payload(*id);
  if (!payload) {
    const bool gone = payload.error().code == base::Code::not_found;
    return gone ? plain_response(Answer::no_firmware, 404) : plain_response(Answer::system, 503);
  }
  http::Download what;
  what.file = std::move(payload->blob);
  what.etag = "\"" + package->digests.sha256 + "\"";
  what.last_modified = package->created_at;
  what.content_type = media_type_of(*file);
  return http::download(exchange.request, what);
}

}  // namespace otaru::dialect::oomi
