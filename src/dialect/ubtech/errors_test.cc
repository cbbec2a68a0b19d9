// SPDX-License-Identifier: Apache-2.0
#include "dialect/ubtech/errors.h"

#include <gtest/gtest.h>

#include <string>

namespace otaru::dialect::ubtech {
namespace {

ResultCode code_of(domain::Reason reason, std::string_view label = {}) {
  domain::Decision decision;
  decision.reason = reason;
  decision.label = label;
  return code_for(decision);
}

TEST(UbtechErrors, ReasonsBecomeTheVendorsCodes) {
  using domain::Reason;
  EXPECT_EQ(code_of(Reason::offer), ResultCode::success);
  EXPECT_EQ(code_of(Reason::continue_task), ResultCode::success);
  EXPECT_EQ(code_of(Reason::not_in_audience), ResultCode::not_entitled);
  EXPECT_EQ(code_of(Reason::device_blocked), ResultCode::not_entitled);
  EXPECT_EQ(code_of(Reason::label_mismatch, "language"), ResultCode::no_language);
  EXPECT_EQ(code_of(Reason::label_mismatch, "robot_version"), ResultCode::no_version);
  EXPECT_EQ(code_of(Reason::up_to_date), ResultCode::no_version);
  EXPECT_EQ(code_of(Reason::base_mismatch), ResultCode::no_version);
}

TEST(UbtechErrors, OnlyOurOwnFailuresAreHttpErrors) {
  EXPECT_EQ(status_for(base::Code::invalid), 200);
  EXPECT_EQ(status_for(base::Code::not_found), 200);
  EXPECT_EQ(status_for(base::Code::unavailable), 503);
  EXPECT_EQ(status_for(base::Code::exhausted), 503);
  EXPECT_EQ(status_for(base::Code::internal), 500);
}

TEST(UbtechErrors, DescriptionsEchoOnlyHarmlessText) {
  EXPECT_EQ(with_value("Unsupported grant type", "device"), "Unsupported grant type: device");
  for (const std::string& bad :
       {std::string(), std::string("a\"b"), std::string("a\r\nb"), std::string("<script>"),
        std::string(65, 'a'), std::string("\xe6\x9c\xba")}) {
    EXPECT_EQ(with_value("Unsupported grant type", bad), "Unsupported grant type") << bad;
  }
}

TEST(UbtechErrors, ChallengesHaveSpringsForms) {
  using Challenge = OauthError::Challenge;
  EXPECT_EQ(render_challenge(invalid_client(Challenge::form, "Bad client credentials")),
            "Form realm=\"oauth\", error=\"invalid_client\", "
            "error_description=\"Bad client credentials\"");
  EXPECT_EQ(render_challenge(unauthorized(Challenge::basic, "Bad credentials")),
            "Basic realm=\"oauth\", error=\"unauthorized\", error_description=\"Bad credentials\"");
  EXPECT_EQ(render_challenge(invalid_token(Challenge::realm, "Invalid access token")),
            "Bearer realm=\"oauth\", error=\"invalid_token\", "
            "error_description=\"Invalid access token\"");
  EXPECT_EQ(render_challenge(invalid_token(Challenge::bare, "x")),
            "Bearer error=\"invalid_token\", error_description=\"x\"");
  EXPECT_EQ(render_challenge(bad_request("invalid_grant", "x")), "");
}

TEST(UbtechErrors, BodiesHaveSpringsKeyOrder) {
  OauthError error = bad_request("invalid_scope", "Invalid scope: x");
  EXPECT_EQ(render_oauth_error(error),
            R"({"error":"invalid_scope","error_description":"Invalid scope: x"})");
  error.scope = "read write trust";
  EXPECT_EQ(render_oauth_error(error),
            R"({"error":"invalid_scope","error_description":"Invalid scope: x",)"
            R"("scope":"read write trust"})");
  EXPECT_EQ(render_oauth_error(method_not_allowed("PUT")),
            R"({"error":"method_not_allowed",)"
            R"("error_description":"Request method 'PUT' not supported"})");
}

}  // namespace
}  // namespace otaru::dialect::ubtech
