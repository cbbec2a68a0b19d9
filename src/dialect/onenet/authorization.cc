// SPDX-License-Identifier: Apache-2.0
#include "dialect/onenet/authorization.h"

#include "base/encoding.h"

namespace otaru::dialect::onenet {
namespace {

constexpr size_t kEtDigitsMax = 19;

auto refused() {
  return base::fail(base::Code::unauthenticated, "auth failed");
}

std::optional<base::HashKind> method_of(std::string_view word) {
  if (word == "sha1") return base::HashKind::sha1;
  if (word == "md5") return base::HashKind::md5;
  if (word == "sha256") return base::HashKind::sha256;
  return std::nullopt;
}

// What is signed: values only, not encoded, joined by line feeds.
std::string message_of(std::string_view et, std::string_view method, std::string_view res) {
  std::string out;
  out.reserve(et.size() + method.size() + res.size() + kAuthorizationVersion.size() + 3);
  out += et;
  out += '\n';
  out += method;
  out += '\n';
  out += res;
  out += '\n';
  out += kAuthorizationVersion;
  return out;
}

struct RawPairs {
  std::optional<std::string_view> version, res, et, method, sign;
  std::optional<std::string_view>* find(std::string_view name) {
    if (name == "version") return &version;
    if (name == "res") return &res;
    if (name == "et") return &et;
    if (name == "method") return &method;
    if (name == "sign") return &sign;
    return nullptr;
  }
};

// Pairs are split at '&', a pair at its first '=': base64 that nobody encoded survives. A pair that
// comes twice makes the header ambiguous.
bool read_pairs(std::string_view header, RawPairs& pairs) {
  while (!header.empty()) {
    const size_t end = header.find('&');
    const std::string_view pair = base::trim(header.substr(0, end));
    header = end == std::string_view::npos ? std::string_view{} : header.substr(end + 1);
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    auto* slot = pairs.find(pair.substr(0, equals));
    if (slot == nullptr) continue;
    if (slot->has_value()) return false;
    *slot = pair.substr(equals + 1);
  }
  return pairs.version && pairs.res && pairs.et && pairs.method && pairs.sign;
}

}  // namespace

std::string_view method_word(base::HashKind method) {
  switch (method) {
    case base::HashKind::md5:
      return "md5";
    case base::HashKind::sha1:
      return "sha1";
    case base::HashKind::sha256:
      return "sha256";
  }
  return "sha1";
}

base::Result<Authorization> parse_authorization(std::string_view header) {
  RawPairs raw;
  if (header.size() > kAuthorizationBytesMax || !read_pairs(header, raw)) return refused();
  // A '+' is never a blank here: raw base64 has it.
  auto res = base::percent_decode(*raw.res, base::Plus::literal);
  auto et = base::percent_decode(*raw.et, base::Plus::literal);
  auto method = base::percent_decode(*raw.method, base::Plus::literal);
  const auto version = base::percent_decode(*raw.version, base::Plus::literal);
  const auto sign = base::percent_decode(*raw.sign, base::Plus::literal);
  if (!res || !et || !method || !version || !sign) return refused();
  const auto kind = method_of(*method);
  auto sign_bytes = base::unbase64(*sign);
  if (*version != kAuthorizationVersion || !kind || !sign_bytes || et->size() > kEtDigitsMax) {
    return refused();
  }
  const auto seconds = base::parse_int(*et);
  if (!seconds) return refused();
  Authorization out;
  out.method = *kind;
  out.method_text = std::move(*method);
  out.res = std::move(*res);
  out.et_text = std::move(*et);
  // The vendor's demo library prints et with a signed 32-bit format: times after January 2038 come
  // as negative numbers, in the header and in what is signed alike.
  out.et = *seconds < 0 && *seconds >= INT32_MIN ? *seconds + (1ll << 32) : *seconds;
  out.sign = std::move(*sign_bytes);
  return out;
}

std::optional<AuthorizedResource> parse_resource(std::string_view res) {
  constexpr std::string_view kProducts = "products/";
  constexpr std::string_view kDevices = "/devices/";
  if (res.substr(0, kProducts.size()) != kProducts) return std::nullopt;
  res.remove_prefix(kProducts.size());
  const size_t slash = res.find('/');
  AuthorizedResource out{res.substr(0, slash), {}};
  if (out.product_id.empty()) return std::nullopt;
  if (slash == std::string_view::npos) return out;
  const std::string_view rest = res.substr(slash);
  if (rest.substr(0, kDevices.size()) != kDevices) return std::nullopt;
  out.device_name = rest.substr(kDevices.size());
  if (out.device_name.empty() || out.device_name.find('/') != std::string_view::npos) {
    return std::nullopt;
  }
  return out;
}

bool signed_by(const Authorization& authorization, std::string_view key) {
  const std::string message =
      message_of(authorization.et_text, authorization.method_text, authorization.res);
  return base::constant_time_equal(base::hmac(authorization.method, key, message),
                                   authorization.sign);
}

bool is_expired(const Authorization& authorization, base::Time now) {
  return authorization.et < now.seconds();
}

std::string write_authorization(const AuthorizationWords& words) {
  const std::string et = std::to_string(words.et);
  const std::string_view method = method_word(words.method);
  const std::string sign =
      base::base64(base::hmac(words.method, words.key, message_of(et, method, words.res)));
  const auto value = [&](std::string_view text) {
    return words.encoded ? base::percent_encode(text) : std::string(text);
  };
  std::string out = "version=";
  out += kAuthorizationVersion;
  out += "&res=" + value(words.res);
  out += "&et=" + et;
  out += "&method=";
  out += method;
  out += "&sign=" + value(sign);
  return out;
}

}  // namespace otaru::dialect::onenet
