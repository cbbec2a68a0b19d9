// SPDX-License-Identifier: Apache-2.0
// Every rule about an ID token, with tokens signed by keys made here; and the flow against a
// provider that can be made to misbehave. The real one is in tests/e2e/oidc.py.
#include "app/oidc.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <functional>
#include <map>
#include <memory>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"

namespace otaru::app {
namespace {

using base::Code;

std::string number_bytes(EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key, name, &number);
  std::string out(static_cast<size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, reinterpret_cast<unsigned char*>(out.data()));
  BN_free(number);
  return out;
}

class SigningKey {
 public:
  explicit SigningKey(std::string kid) : kid_(std::move(kid)), key_(EVP_RSA_gen(2048)) {}
  ~SigningKey() { EVP_PKEY_free(key_); }
  SigningKey(const SigningKey&) = delete;
  SigningKey& operator=(const SigningKey&) = delete;

  std::string jwk() const {
    return "{\"kty\":\"RSA\",\"use\":\"sig\",\"alg\":\"RS256\",\"kid\":\"" + kid_ + "\",\"n\":\"" +
           base::base64url(number_bytes(key_, OSSL_PKEY_PARAM_RSA_N)) + "\",\"e\":\"AQAB\"}";
  }
  std::string sign(const std::string& claims, const std::string& algorithm = "RS256") const {
    const std::string head = "{\"alg\":\"" + algorithm + "\",\"kid\":\"" + kid_ + "\"}";
    const std::string text = base::base64url(head) + "." + base::base64url(claims);
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key_);
    size_t size = 0;
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    EVP_DigestSign(context, nullptr, &size, bytes, text.size());
    std::string signature(size, '\0');
    EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                   text.size());
    EVP_MD_CTX_free(context);
    return text + "." + base::base64url(signature.substr(0, size));
  }

 private:
  std::string kid_;
  EVP_PKEY* key_;
};

const SigningKey& first_key() {
  static const SigningKey kKey("one");
  return kKey;
}
const SigningKey& second_key() {
  static const SigningKey kKey("two");
  return kKey;
}

constexpr int64_t kNowS = 1'800'000'000;

std::map<std::string, std::string> good_claims() {
  return {{"iss", "\"https://id\""},
          {"aud", "\"otaru\""},
          {"sub", "\"4711\""},
          {"exp", std::to_string(kNowS + 300)},
          {"iat", std::to_string(kNowS)},
          {"nonce", "\"n1\""},
          {"name", "\"A Person\""},
          {"email", "\"a@example.com\""},
          {"email_verified", "true"},
          {"groups", "[\"ops\",\"all\"]"}};
}

std::string text_of(const std::map<std::string, std::string>& claims) {
  std::string out = "{";
  for (const auto& [name, value] : claims) {
    if (value.empty()) continue;
    out += (out.size() > 1 ? ",\"" : "\"") + name + "\":" + value;
  }
  return out + "}";
}

std::string jwks_of(const SigningKey& key) {
  return "{\"keys\":[{\"kty\":\"oct\",\"kid\":\""
         "one\",\"k\":\"AAAA\"}," +
         key.jwk() + "]}";
}

IdTokenRules rules() {
  return {"https://id", "otaru", "n1", base::Time{kNowS * 1000}};
}

base::Result<OidcIdentity> read(const std::map<std::string, std::string>& claims) {
  return read_id_token(first_key().sign(text_of(claims)), jwks_of(first_key()), rules());
}

TEST(IdToken, AGoodOneSaysWhoItIs) {
  const auto who = read(good_claims());
  ASSERT_TRUE(who.has_value()) << who.error().detail;
  EXPECT_EQ(who->subject, "4711");
  EXPECT_EQ(who->name, "a@example.com");
  EXPECT_EQ(who->display_name, "A Person");
  EXPECT_TRUE(who->has_claim("groups", "ops"));
  EXPECT_FALSE(who->has_claim("groups", "op"));
  EXPECT_FALSE(who->has_claim("nothing", "ops"));
}

TEST(IdToken, EveryClaimCounts) {
  const std::string late = std::to_string(kNowS - 61);
  const std::string future = std::to_string(kNowS + 61);
  const std::vector<std::pair<std::string, std::string>> faults = {
      {"iss", "\"https://other\""},
      {"iss", ""},
      {"aud", "\"other\""},
      {"aud", "[\"other\"]"},
      {"aud", ""},
      {"aud", "[\"otaru\",\"other\"]"},  // without azp
      {"azp", "\"other\""},
      {"exp", late},
      {"exp", ""},
      {"exp", "\"9999999999\""},
      {"iat", future},
      {"iat", ""},
      {"nbf", future},
      {"nonce", "\"n2\""},
      {"nonce", ""},
      {"sub", ""},
      {"sub", "\"\""},
      {"sub", "\"" + std::string(256, 'x') + "\""}};
  for (const auto& [name, value] : faults) {
    auto claims = good_claims();
    claims[name] = value;
    const auto who = read(claims);
    ASSERT_FALSE(who.has_value()) << name << " = " << value;
    EXPECT_EQ(who.error().code, Code::unauthenticated) << name << " = " << value;
  }
  auto claims = good_claims();
  claims["aud"] = "[\"otaru\",\"other\"]";
  claims["azp"] = "\"otaru\"";
  EXPECT_TRUE(read(claims).has_value());
  claims["exp"] = std::to_string(kNowS - 30);  // within the slack of two clocks
  EXPECT_TRUE(read(claims).has_value());
  claims["email_verified"] = "false";
  EXPECT_EQ(read(claims)->email, "");
}

TEST(IdToken, OnlyTheProvidersKeyAndAlgorithmsCount) {
  const std::string claims = text_of(good_claims());
  const auto code_of = [](const std::string& token, const std::string& jwks) {
    const auto who = read_id_token(token, jwks, rules());
    return who ? Code::internal : who.error().code;
  };
  const std::string jwks = jwks_of(first_key());
  EXPECT_EQ(code_of(second_key().sign(claims), jwks), Code::not_found);
  EXPECT_EQ(code_of(first_key().sign(claims, "none"), jwks), Code::unauthenticated);
  EXPECT_EQ(code_of(first_key().sign(claims, "HS256"), jwks), Code::unauthenticated);
  EXPECT_EQ(code_of(first_key().sign(claims, "ES256"), jwks), Code::not_found);
  const std::string good = first_key().sign(claims);
  EXPECT_EQ(code_of(good.substr(0, good.rfind('.') + 1), jwks), Code::unauthenticated);
  EXPECT_EQ(code_of(good.substr(0, good.rfind('.')), jwks), Code::unauthenticated);
  EXPECT_EQ(code_of("", jwks), Code::unauthenticated);
  EXPECT_EQ(code_of(good, "{}"), Code::not_found);
  EXPECT_EQ(code_of(good, "<html>"), Code::unauthenticated);
  // The HMAC forgery: signed with the public key's bytes as a secret.
  const std::string head = base::base64url(R"({"alg":"HS256","kid":"one"})");
  const std::string text = head + "." + base::base64url(claims);
  EXPECT_EQ(
      code_of(text + "." + base::base64url(base::hmac(base::HashKind::sha256, jwks, text)), jwks),
      Code::unauthenticated);
  for (size_t at = 0; at < good.size(); at += 7) {
    std::string changed = good;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    EXPECT_NE(code_of(changed, jwks), Code::internal) << at;
  }
}

// A provider in memory that answers as told.
class Provider final : public HttpClient {
 public:
  base::Result<HttpReply> send(const HttpRequest& request) override {
    ++requests[request.url];
    HttpReply reply;
    reply.status = 200;
    if (down) return base::fail(Code::unavailable, "nobody answers");
    if (request.url == "https://id/.well-known/openid-configuration") {
      reply.body = "{\"issuer\":\"" + issuer +
                   "\",\"authorization_endpoint\":\"https://id/auth\",\"token_endpoint\":"
                   "\"https://id/token\",\"jwks_uri\":\"https://id/keys\"}";
    } else if (request.url == "https://id/keys") {
      reply.body = jwks_of(*key);
    } else if (request.url == "https://id/token") {
      last_body = request.body;
      last_headers = request.headers;
      if (used) {
        reply.status = 400;
        reply.body = R"({"error":"invalid_grant"})";
        return reply;
      }
      used = true;
      auto claims = good_claims();
      claims["nonce"] = "\"" + nonce + "\"";
      reply.body = "{\"id_token\":\"" + key->sign(text_of(claims)) + "\"}";
    }
    return reply;
  }
  void stop() override {}

  std::string issuer = "https://id";
  std::string nonce;
  const SigningKey* key = &first_key();
  bool down = false;
  bool used = false;
  std::string last_body;
  std::vector<std::pair<std::string, std::string>> last_headers;
  std::map<std::string, int> requests;
};

std::string member_of(const std::string& url, const std::string& name) {
  const size_t at = url.find(name + "=");
  if (at == std::string::npos) return "";
  const size_t from = at + name.size() + 1;
  return url.substr(from, url.find('&', from) - from);
}

class OidcFlow : public ::testing::Test {
 protected:
  OidcFlow() { oidc_ = make("secret&word"); }
  std::unique_ptr<Oidc> make(const std::string& secret) {
    OidcConfig config;
    config.issuer = "https://id";
    config.client_id = "otaru";
    config.client_secret = secret;
    config.redirect_uri = "https://ota/api/v1/oidc/callback";
    return std::make_unique<Oidc>(config, provider_, secrets_, clock_, random_);
  }
  // The browser goes to the provider and comes back.
  OidcBegin begin() {
    auto begun = oidc_->begin();
    EXPECT_TRUE(begun.has_value()) << begun.error().detail;
    provider_.nonce = member_of(begun->url, "nonce");
    provider_.used = false;
    return *begun;
  }
  base::Result<OidcIdentity> finish(const OidcBegin& begun) {
    return oidc_->finish("the-code", member_of(begun.url, "state"), begun.cookie);
  }

  Provider provider_;
  Secrets secrets_{std::string(32, 'k')};
  base::ManualClock clock_{base::Time{kNowS * 1000}};
  base::SeededRandom random_{7};
  std::unique_ptr<Oidc> oidc_;
};

TEST_F(OidcFlow, TheBrowserBringsBackWhatItWasGiven) {
  const auto begun = begin();
  EXPECT_TRUE(begun.url.starts_with("https://id/auth?response_type=code&client_id=otaru&"));
  EXPECT_EQ(member_of(begun.url, "code_challenge_method"), "S256");
  EXPECT_EQ(begun.cookie.find(member_of(begun.url, "state")), std::string::npos);
  const auto who = finish(begun);
  ASSERT_TRUE(who.has_value()) << who.error().detail;
  EXPECT_EQ(who->subject, "4711");
  // PKCE: what was sent at the end hashes to what was announced at the beginning.
  const std::string verifier = member_of(provider_.last_body, "code_verifier");
  EXPECT_EQ(base::base64url(base::digest(base::HashKind::sha256, verifier)),
            member_of(begun.url, "code_challenge"));
  EXPECT_GE(verifier.size(), 43u);
  EXPECT_EQ(provider_.last_body.find("secret"), std::string::npos);
  EXPECT_EQ(provider_.last_headers.back().second, "Basic " + base::base64("otaru:secret%26word"));
  EXPECT_EQ(provider_.requests["https://id/keys"], 1);
}

TEST_F(OidcFlow, WhatDoesNotBelongTogetherIsRefused) {
  const auto first = begin();
  const auto second = begin();
  const auto refused = [&](std::string_view code, const std::string& state,
                           const std::string& cookie) {
    const auto who = oidc_->finish(code, state, cookie);
    return !who.has_value() && who.error().code == Code::unauthenticated;
  };
  const std::string state = member_of(second.url, "state");
  EXPECT_TRUE(refused("c", state, first.cookie));
  EXPECT_TRUE(refused("c", "", second.cookie));
  EXPECT_TRUE(refused("c", state, ""));
  EXPECT_TRUE(refused("c", state, second.cookie.substr(2)));
  EXPECT_TRUE(refused("c", state, Secrets(std::string(32, 'x')).seal_text("a.b.c.1")));
  EXPECT_TRUE(refused("", state, second.cookie));
  EXPECT_TRUE(refused(std::string(5000, 'c'), state, second.cookie));
  EXPECT_EQ(provider_.requests["https://id/token"], 0);
  EXPECT_TRUE(finish(second).has_value());
  EXPECT_TRUE(refused("c", state, second.cookie));  // the code is used up: the provider says so
  const auto third = begin();
  provider_.nonce = member_of(first.url, "nonce");  // the token of another log-in
  EXPECT_FALSE(finish(third).has_value());
}

TEST_F(OidcFlow, ALogInEndsAfterAWhile) {
  const auto begun = begin();
  clock_.advance(base::limits::kOidcLoginMs + 1);
  EXPECT_EQ(finish(begun).error().code, Code::unauthenticated);
  EXPECT_EQ(provider_.requests["https://id/token"], 0);
}

TEST_F(OidcFlow, ChangedKeysAreReadAgainButNotWithoutEnd) {
  EXPECT_TRUE(finish(begin()).has_value());
  provider_.key = &second_key();
  clock_.advance(base::limits::kOidcKeysMs);
  EXPECT_TRUE(finish(begin()).has_value());
  EXPECT_EQ(provider_.requests["https://id/keys"], 2);
  provider_.key = &first_key();
  EXPECT_EQ(finish(begin()).error().code, Code::unauthenticated);  // too soon
  EXPECT_EQ(provider_.requests["https://id/keys"], 2);
  clock_.advance(base::limits::kOidcKeysMs);
  EXPECT_TRUE(finish(begin()).has_value());
}

TEST_F(OidcFlow, AProviderThatIsAnotherOrDownIsSaid) {
  provider_.issuer = "https://evil";
  EXPECT_EQ(oidc_->begin().error().code, Code::unavailable);
  provider_.issuer = "https://id";
  provider_.down = true;
  EXPECT_EQ(oidc_->begin().error().code, Code::unavailable);
  provider_.down = false;
  const auto begun = begin();
  provider_.down = true;
  EXPECT_EQ(finish(begun).error().code, Code::unavailable);
}

TEST_F(OidcFlow, APublicClientSendsItsIdOnly) {
  oidc_ = make("");
  EXPECT_TRUE(finish(begin()).has_value());
  EXPECT_EQ(member_of(provider_.last_body, "client_id"), "otaru");
  for (const auto& [name, value] : provider_.last_headers) EXPECT_NE(name, "Authorization");
}

}  // namespace
}  // namespace otaru::app
