// SPDX-License-Identifier: Apache-2.0
// The ID token: taken apart, its signature verified, and its claims held against what was asked
// for (OpenID Connect Core 1.0, 3.1.3.7).
#include "app/oidc.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/signature.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;

base::Error bad_token(const std::string& what) {
  return {Code::unauthenticated, "the log-in did not work; begin again", "ID token: " + what};
}

struct Parts {
  std::string_view header;
  std::string_view payload;
  std::string_view signature;
  std::string_view signed_text;
};

std::optional<Parts> parts_of(std::string_view token) {
  const size_t first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1),
               token.substr(second + 1), token.substr(0, second)};
}

base::Result<base::JsonDocument> json_of(std::string_view encoded, const char* what) {
  const auto text = base::unbase64url(encoded);
  if (!text) return base::fail(bad_token(std::string("its ") + what + " is not base64url"));
  auto document = base::JsonDocument::parse(*text);
  if (!document || !document->root().is_object()) {
    return base::fail(bad_token(std::string("its ") + what + " is no JSON object"));
  }
  return std::move(*document);
}

std::string bytes_of(base::JsonView key, std::string_view name) {
  return base::unbase64url(key.find(name).text().value_or("")).value_or("");
}

bool fits(base::JsonView key, std::string_view algorithm, std::string_view kid) {
  if (!kid.empty() && key.find("kid").text() != kid) return false;
  const auto use = key.find("use").text();
  if (use && *use != "sig") return false;
  const auto own = key.find("alg").text();
  if (own && *own != algorithm) return false;
  const auto type = key.find("kty").text();
  if (algorithm == "RS256") return type == "RSA";
  return type == "EC" && key.find("crv").text() == "P-256";
}

// The algorithm is one of two that are asked for, never what the token would like: "none" and a
// symmetric one with a public key as its secret are the classical forgeries.
base::Status check_signature(const Parts& parts, std::string_view jwks) {
  OTARU_TRY(header, json_of(parts.header, "header"));
  const std::string algorithm(header.root().find("alg").text().value_or(""));
  if (algorithm != "RS256" && algorithm != "ES256") {
    return base::fail(bad_token("the algorithm '" + algorithm + "' is not taken"));
  }
  if (header.root().find("crit").exists()) {
    return base::fail(bad_token("it wants an extension that is not known"));
  }
  const auto signature = base::unbase64url(parts.signature);
  if (!signature) return base::fail(bad_token("its signature is not base64url"));
  const auto keys = base::JsonDocument::parse(jwks);
  if (!keys) return base::fail(bad_token("the provider's keys are no JSON"));
  const std::string kid(header.root().find("kid").text().value_or(""));
  const auto list = keys->root().find("keys");
  bool found = false;
  for (size_t i = 0; i < list.size() && i < limits::kOidcKeysMax; ++i) {
    const auto key = list.at(i);
    if (!fits(key, algorithm, kid)) continue;
    found = true;
    const bool right = algorithm == "RS256"
                           ? base::verify_rs256(bytes_of(key, "n"), bytes_of(key, "e"),
                                                parts.signed_text, *signature)
                           : base::verify_es256(bytes_of(key, "x"), bytes_of(key, "y"),
                                                parts.signed_text, *signature);
    if (right) return {};
  }
  if (!found) {
    return base::fail(Code::not_found, "the log-in did not work; begin again",
                      "ID token: no key '" + kid + "' for " + algorithm);
  }
  return base::fail(bad_token("its signature is wrong"));
}

std::vector<std::string> texts_of(base::JsonView value) {
  std::vector<std::string> out;
  if (const auto text = value.text()) out.emplace_back(*text);
  for (size_t i = 0; value.is_array() && i < value.size(); ++i) {
    if (const auto text = value.at(i).text()) out.emplace_back(*text);
  }
  return out;
}

base::Status check_claims(base::JsonView claims, const IdTokenRules& rules) {
  if (claims.find("iss").text() != rules.issuer) return base::fail(bad_token("another issuer"));
  const auto audience = texts_of(claims.find("aud"));
  bool ours = false;
  for (const auto& one : audience) ours = ours || one == rules.client_id;
  if (!ours) return base::fail(bad_token("it is for another client"));
  const auto party = claims.find("azp").text();
  if ((audience.size() > 1 && !party) || (party && *party != rules.client_id)) {
    return base::fail(bad_token("it was given to another client"));
  }
  const auto expires = claims.find("exp").number();
  const auto issued = claims.find("iat").number();
  if (!expires || !issued) return base::fail(bad_token("exp or iat is missing"));
  const double now = static_cast<double>(rules.now.ms) / 1000.0;
  const double slack = static_cast<double>(limits::kOidcClockSlackMs) / 1000.0;
  if (*expires + slack <= now) return base::fail(bad_token("it has expired"));
  if (*issued - slack > now) return base::fail(bad_token("it is from the future"));
  if (const auto begins = claims.find("nbf").number(); begins && *begins - slack > now) {
    return base::fail(bad_token("it is not valid yet"));
  }
  // A token of another log-in, put in place of this one's.
  if (claims.find("nonce").text() != rules.nonce) return base::fail(bad_token("another nonce"));
  const auto subject = claims.find("sub").text();
  if (!subject || subject->empty() || subject->size() > limits::kOidcSubjectBytesMax) {
    return base::fail(bad_token("it names nobody"));
  }
  return {};
}

OidcIdentity identity_of(base::JsonView claims) {
  const auto member = [&](std::string_view name) {
    return std::string(claims.find(name).text().value_or(""));
  };
  OidcIdentity out;
  out.issuer = member("iss");
  out.subject = member("sub");
  out.display_name = member("name");
  if (claims.find("email_verified").boolean().value_or(false)) out.email = member("email");
  out.name = member("preferred_username");
  if (out.name.empty()) out.name = out.email;
  if (out.name.empty()) out.name = out.subject;
  for (size_t i = 0; i < claims.size(); ++i) {
    auto texts = texts_of(claims.at(i));
    if (!texts.empty()) out.claims.emplace_back(std::string(claims.key_at(i)), std::move(texts));
  }
  return out;
}

}  // namespace

base::Result<OidcIdentity> read_id_token(std::string_view token, std::string_view jwks,
                                         const IdTokenRules& rules) {
  if (token.size() > limits::kOidcTokenBytesMax) return base::fail(bad_token("it is too long"));
  const auto parts = parts_of(token);
  if (!parts) return base::fail(bad_token("it has not three parts"));
  OTARU_CHECK(check_signature(*parts, jwks));
  OTARU_TRY(payload, json_of(parts->payload, "payload"));
  OTARU_CHECK(check_claims(payload.root(), rules));
  return identity_of(payload.root());
}

}  // namespace otaru::app
