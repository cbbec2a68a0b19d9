// SPDX-License-Identifier: Apache-2.0
#include "http/router.h"

#include <gtest/gtest.h>

namespace otaru::http {
namespace {

using Outcome = RouteMatch::Outcome;

Router sample() {
  Router router;
  const auto add = [&router](MethodSet methods, std::string_view pattern, size_t route) {
    ASSERT_TRUE(router.add(methods, pattern, route)) << pattern;
  };
  add({Method::post}, "/ota/check", 1);
  add({Method::get, Method::head}, "/ota/download/{token}", 2);
  add({Method::get}, "/ota/download/{token}/check", 3);
  add({Method::get}, "/ota/download/latest", 4);
  add({Method::post}, "/ota/download/{other}", 5);
  add({Method::get}, "/t/{tenant}/d/{device}", 6);
  add({Method::get}, "/console/{file...}", 7);
  add({Method::get}, "/", 8);
  add({Method::put}, "/t/special/d/{device}", 9);
  return router;
}

TEST(Router, FixedPathsAndMethods) {
  const Router router = sample();
  EXPECT_EQ(router.match(Method::post, "/ota/check").route, 1u);
  EXPECT_EQ(router.match(Method::get, "/").route, 8u);
  const RouteMatch wrong = router.match(Method::get, "/ota/check");
  EXPECT_EQ(wrong.outcome, Outcome::method_not_allowed);
  EXPECT_EQ(wrong.allowed.allow(), "POST");
  for (const char* path :
       {"/ota/check/", "/ota", "/nothing", "", "*", "/ota//check", "ota/check"}) {
    EXPECT_EQ(router.match(Method::post, path).outcome, Outcome::not_found) << path;
  }
  EXPECT_EQ(router.match(Method::other, "/ota/check").outcome, Outcome::method_not_allowed);
}

TEST(Router, Parameters) {
  const Router router = sample();
  const RouteMatch token = router.match(Method::get, "/ota/download/ota_x%2By");
  EXPECT_EQ(token.outcome, Outcome::found);
  EXPECT_EQ(token.route, 2u);
  EXPECT_EQ(token.param("token"), "ota_x%2By");
  EXPECT_EQ(token.decoded("token"), "ota_x+y");
  EXPECT_EQ(token.decoded("none"), std::nullopt);
  EXPECT_EQ(router.match(Method::get, "/ota/download/abc/check").route, 3u);
  EXPECT_EQ(router.match(Method::post, "/ota/download/abc").param("other"), "abc");
  EXPECT_EQ(router.match(Method::get, "/ota/download/").outcome, Outcome::not_found);
  const RouteMatch two = router.match(Method::get, "/t/acme/d/42");
  EXPECT_EQ(two.param("tenant"), "acme");
  EXPECT_EQ(two.param("device"), "42");
}

TEST(Router, LiteralsWinAndFallBack) {
  const Router router = sample();
  EXPECT_EQ(router.match(Method::get, "/ota/download/latest").route, 4u);
  // The literal has no POST: the parameter pattern has.
  const RouteMatch post = router.match(Method::post, "/ota/download/latest");
  EXPECT_EQ(post.route, 5u);
  EXPECT_EQ(post.param("other"), "latest");
  EXPECT_EQ(router.match(Method::get, "/t/special/d/1").route, 6u);
  EXPECT_EQ(router.match(Method::get, "/t/special/d/1").param("tenant"), "special");
  EXPECT_EQ(router.match(Method::put, "/t/special/d/1").route, 9u);
  EXPECT_EQ(router.match(Method::del, "/ota/download/latest").allowed.allow(), "GET, HEAD, POST");
}

TEST(Router, RestParameter) {
  const Router router = sample();
  EXPECT_EQ(router.match(Method::get, "/console/a/b.js").param("file"), "a/b.js");
  EXPECT_EQ(router.match(Method::get, "/console/").param("file"), "");
  EXPECT_EQ(router.match(Method::get, "/console/").outcome, Outcome::found);
  EXPECT_EQ(router.match(Method::get, "/console").outcome, Outcome::not_found);
}

TEST(Router, RefusesBadPatterns) {
  Router router = sample();
  for (const char* pattern : {"", "x", "/a{b}", "/{}", "/{a", "/{a}/{a}", "/{a...}/b", "/a?b",
                              "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}"}) {
    EXPECT_FALSE(router.add({Method::get}, pattern, 1)) << pattern;
  }
  const auto twice = router.add({Method::head}, "/ota/download/{again}", 1);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, base::Code::conflict);
}

TEST(Router, LongPathsAreOnlyNotFound) {
  const Router router = sample();
  std::string path;
  for (int i = 0; i < 4000; ++i) path += "/t";
  EXPECT_EQ(router.match(Method::get, path).outcome, Outcome::not_found);
}

}  // namespace
}  // namespace otaru::http
