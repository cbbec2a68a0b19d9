// SPDX-License-Identifier: Apache-2.0
#include "dialect/hawkbit/errors.h"

namespace otaru::dialect::hawkbit {
namespace {

// "entitiy" is how hawkBit spells it.
constexpr std::string_view kNotFound = "hawkbit.server.error.repo.entitiyNotFound";
constexpr std::string_view kNotReadable = "hawkbit.server.error.rest.body.notReadable";
constexpr std::string_view kQuota = "hawkbit.server.error.quota.tooManyEntries";
constexpr std::string_view kAttribute = "hawkbit.server.error.repo.invalidTargetAttribute";
constexpr std::string_view kPermission = "hawkbit.server.error.insufficientpermission";
constexpr std::string_view kGeneric = "hawkbit.server.error.generic";

}  // namespace

Refusal refusal_for(base::Code code) {
  using base::Code;
  switch (code) {
    case Code::invalid:
      return {400, kNotReadable};
    case Code::unauthenticated:
      return {401, kPermission};
    case Code::forbidden:
      return {403, kPermission};
    case Code::not_found:
      return {404, kNotFound};
    // What is not possible now will not be later: devices let go of it.
    case Code::conflict:
    case Code::precondition:
    case Code::gone:
      return {410, kNotFound};
    case Code::too_large:
      return {400, kAttribute};
    case Code::exhausted:
      return {429, kQuota};
    case Code::unavailable:
    case Code::timeout:
      return {503, kGeneric};
    case Code::internal:
      return {500, kGeneric};
  }
  return {500, kGeneric};
}

std::string_view code_for_status(int status) {
  if (status == 404) return kNotFound;
  if (status == 429) return kQuota;
  return status >= 500 ? kGeneric : kNotReadable;
}

}  // namespace otaru::dialect::hawkbit
