// SPDX-License-Identifier: Apache-2.0
// What the transcripts cannot reach: the server's own failures in this dialect's words, credentials
// that change while tokens live, and limits.
#include "dialect/ubtech/ubtech.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "dialect/ubtech/seed_world.h"

namespace otaru::dialect::ubtech {
namespace {

const Route& route_named(Dialect& dialect, std::string_view pattern) {
  for (const auto& route : dialect.routes()) {
    if (route.pattern == pattern) return route;
  }
  ADD_FAILURE() << "no route " << pattern;
  return dialect.routes()[0];
}

std::string body_of(const http::Response& response) {
  return response.body.empty() ? "" : std::get<std::string>(response.body[0]);
}

class UbtechWords : public ::testing::Test {
 protected:
  UbtechWords()
      : secrets_(std::string(32, 'k')), random_(1), dialect_(make_ubtech({}, secrets_, random_)) {}

  http::Response failure(std::string_view pattern, base::Code code, std::string message) {
    return dialect_->failure(route_named(*dialect_, pattern), http::Request{},
                             base::Error{code, std::move(message), "inner detail", {}, {}});
  }
  http::Response refuse(std::string_view pattern, int status, std::string_view why) {
    return dialect_->refuse(route_named(*dialect_, pattern), status, why);
  }

  app::Secrets secrets_;
  base::SeededRandom random_;
  std::unique_ptr<Dialect> dialect_;
};

TEST_F(UbtechWords, FailuresOfTheServer) {
  const auto busy = failure("/oauth/token", base::Code::unavailable, "the disk is full");
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(body_of(busy),
            R"({"error":"temporarily_unavailable","error_description":"Service Unavailable"})");
  const auto broken = failure("/upgrade/oauth/token", base::Code::internal, "incident 12ab");
  EXPECT_EQ(broken.status, 500);
  EXPECT_EQ(body_of(broken),
            R"({"error":"server_error","error_description":"Internal Server Error"})");
  const auto full = failure("/file/callback", base::Code::unavailable, "the disk is full");
  EXPECT_EQ(full.status, 503);
  EXPECT_EQ(body_of(full), R"({"code": "500", "data": "the disk is full"})");
  const auto incident = failure("/file/download", base::Code::internal, "incident 12ab");
  EXPECT_EQ(incident.status, 500);
  EXPECT_EQ(body_of(incident), R"({"code": "500", "data": "incident 12ab"})");
}

TEST_F(UbtechWords, RefusalsOfHttp) {
  const auto token = refuse("/oauth/token", 413, "body too large");
  EXPECT_EQ(token.status, 413);
  EXPECT_EQ(body_of(token), R"({"error":"invalid_request","error_description":"body too large"})");
  const auto file = refuse("/file/download", 400, "missing Host");
  EXPECT_EQ(file.status, 400);
  EXPECT_EQ(body_of(file), R"({"code": "500", "data": "missing Host"})");
  const auto method = refuse("/file/callback", 405, "GET");
  ASSERT_NE(method.find("Allow"), nullptr);
  EXPECT_EQ(method.find("Allow")->value, "POST");
}

std::string value_of(const std::string& answer, std::string_view key) {
  const std::string start = "\"" + std::string(key) + "\":\"";
  const size_t at = answer.find(start);
  if (at == std::string::npos) return {};
  return answer.substr(at + start.size(), answer.find('"', at + start.size()) - at - start.size());
}

constexpr std::string_view kLogin =
    "GET /oauth/token?client_id=mobile_1&client_secret=secret_1&grant_type=password"
    "&username=aa&password=aa HTTP/1.1\r\nHost: h\r\n\r\n";

std::string ask(tests::World& world, const std::string& token) {
  return world.exchange(
      "GET /file/download?access_token=" + token +
      "&package_name=com.ubtechinc.alpha2services&version=18&file_name=service5mic&language=CN"
      "&robot_version=1&robot_id=r HTTP/1.1\r\nHost: h\r\n\r\n");
}

std::string refresh(tests::World& world, const std::string& token) {
  return world.exchange(
      "GET /oauth/token?client_id=mobile_1&client_secret=secret_1&grant_type=refresh_token"
      "&refresh_token=" +
      token + " HTTP/1.1\r\nHost: h\r\n\r\n");
}

// The same catalogue with one credential changed by `change`.
template <class Change>
void change_credential(tests::World& world, std::string_view name, Change change) {
  domain::CatalogueRows rows = world.engine().snapshot()->rows();
  for (auto& row : rows.credentials) {
    if (row.name == name) change(row);
  }
  world.load(rows);
}

TEST(UbtechCredentials, ADisabledUserOrClientTakesItsTokensAlong) {
  for (const std::string name : {"aa", "mobile_1"}) {
    auto world = make_seed_world();
    const std::string login = world->exchange(kLogin);
    const std::string token = value_of(login, "access_token");
    EXPECT_NE(ask(*world, token).find("\"102\""), std::string::npos);
    change_credential(*world, name, [](domain::Credential& row) { row.disabled = true; });
    EXPECT_NE(ask(*world, token).find("Invalid access token"), std::string::npos) << name;
    const std::string again = refresh(*world, value_of(login, "refresh_token"));
    EXPECT_EQ(value_of(again, "access_token"), "") << name;
  }
}

TEST(UbtechCredentials, ALockedUserTakesItsTokensAlong) {
  auto world = make_seed_world();
  const std::string token = value_of(world->exchange(kLogin), "access_token");
  change_credential(*world, "aa", [](domain::Credential& row) {
    row.attributes = {{"locked", "true"}};
  });
  EXPECT_NE(ask(*world, token).find("Invalid access token"), std::string::npos);
}

TEST(UbtechCredentials, AClientThatLosesRefreshingKeepsNoRefreshToken) {
  auto world = make_seed_world();
  EXPECT_NE(value_of(world->exchange(kLogin), "refresh_token"), "");
  change_credential(*world, "mobile_1", [](domain::Credential& row) {
    row.attributes = {{"grants", "password"}};
  });
  world->advance(12'001 * base::kSecondMs);
  const std::string later = world->exchange(kLogin);
  EXPECT_NE(value_of(later, "access_token"), "");
  EXPECT_EQ(value_of(later, "refresh_token"), "");
}

TEST(UbtechCredentials, OddLifetimesFallBackToTheDefault) {
  for (const std::string seconds : {"0", "-5", "soon", "99999999999999999999"}) {
    auto world = make_seed_world();
    change_credential(*world, "mobile_1", [&](domain::Credential& row) {
      row.attributes = {{"access_token_validity_s", seconds}, {"refresh_token_validity_s", "0"}};
    });
    const std::string login = world->exchange(kLogin);
    EXPECT_NE(login.find("\"expires_in\":11999"), std::string::npos) << seconds << login;
    // Never ends.
    world->advance(10'000ll * 24 * 3600 * base::kSecondMs);
    const std::string again = refresh(*world, value_of(login, "refresh_token"));
    EXPECT_NE(value_of(again, "access_token"), "") << seconds;
  }
}

TEST(UbtechCredentials, TooManyParametersAreRefused) {
  auto world = make_seed_world();
  std::string many = "a=1";
  for (size_t i = 1; i <= base::limits::kFormFieldsMax; ++i) many += "&a=1";
  const std::string token =
      world->exchange("GET /oauth/token?" + many + " HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(token.starts_with("HTTP/1.1 400 ")) << token;
  const std::string file =
      world->exchange("GET /file/download?" + many + " HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(file.find(R"({"code": "500", "data": "too many parameters"})"), std::string::npos);
}

TEST(UbtechFiles, ARevokedReleaseIsNoLongerServed) {
  auto world = make_seed_world();
  const std::string token = value_of(world->exchange(kLogin), "access_token");
  const std::string offer = world->exchange(
      "GET /file/download?access_token=" + token +
      "&package_name=com.ubtechinc.alpha2services&version=6&file_name=service5mic&language=CN"
      "&robot_version=1&robot_id=r HTTP/1.1\r\nHost: h\r\n\r\n");
  const size_t at = offer.find("/version/");
  ASSERT_NE(at, std::string::npos);
  const std::string path = offer.substr(at, offer.find(';', at) - at);
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n";
  EXPECT_TRUE(world->exchange(request).starts_with("HTTP/1.1 200 "));
  domain::CatalogueRows rows = world->engine().snapshot()->rows();
  rows.releases[0].state = domain::ReleaseState::revoked;
  world->load(rows);
  EXPECT_TRUE(world->exchange(request).starts_with("HTTP/1.1 404 "));
}

}  // namespace
}  // namespace otaru::dialect::ubtech
