// SPDX-License-Identifier: Apache-2.0
#include "dialect/ubtech/codec.h"

#include <gtest/gtest.h>

#include <string>

namespace otaru::dialect::ubtech {
namespace {

// A query made of literals only; views into it stay good.
Params params_of(std::string_view query) {
  http::Request request;
  request.query = query;
  auto params = Params::read(request);
  EXPECT_TRUE(params);
  return std::move(*params);
}

std::string download_error(std::string_view query) {
  const auto params = params_of(query);
  const auto result = read_download(params);
  return result ? "" : result.error().message;
}

std::string callback_error(std::string_view query) {
  const auto params = params_of(query);
  const auto result = read_callback(params);
  return result ? "" : result.error().message;
}

constexpr std::string_view kSeedDownload =
    "access_token=10bb2da80c1a442e99a4d914451e5fbe&package_name=com.ubtechinc.alpha2services"
    "&version=6&file_name=service5mic&language=CN&robot_version=1"
    "&robot_id=15ae48ecs171faef35fafa5feafew";

TEST(UbtechCodec, ReadsTheVendorsDownloadSample) {
  const auto params = params_of(kSeedDownload);
  const auto query = read_download(params);
  ASSERT_TRUE(query) << query.error().message;
  EXPECT_EQ(query->package_name, "com.ubtechinc.alpha2services");
  EXPECT_EQ(query->version, "6");
  EXPECT_EQ(query->file_name, "service5mic");
  EXPECT_EQ(query->language, "CN");
  EXPECT_EQ(query->robot_version, "1");
  EXPECT_EQ(query->robot_id, "15ae48ecs171faef35fafa5feafew");
}

TEST(UbtechCodec, NamesTheFirstMissingDownloadParameter) {
  EXPECT_EQ(download_error(""), "missing parameter: package_name");
  EXPECT_EQ(download_error("package_name=p"), "missing parameter: version");
  EXPECT_EQ(download_error("package_name=p&version=1"), "missing parameter: file_name");
  EXPECT_EQ(download_error("package_name=p&version=1&file_name=f"), "missing parameter: language");
  EXPECT_EQ(download_error("package_name=p&version=1&file_name=f&language=CN"),
            "missing parameter: robot_version");
  EXPECT_EQ(download_error("package_name=p&version=1&file_name=f&language=CN&robot_version=1"),
            "missing parameter: robot_id");
  EXPECT_EQ(download_error("package_name=%20&version=1"), "missing parameter: package_name");
}

TEST(UbtechCodec, RefusesHostileDownloadParameters) {
  const auto with_robot = [](const std::string& id) {
    return "package_name=p&version=1&file_name=f&language=CN&robot_version=1&robot_id=" + id;
  };
  EXPECT_EQ(download_error(with_robot(std::string(128, 'a'))), "");
  EXPECT_EQ(download_error(with_robot(std::string(129, 'a'))), "invalid parameter: robot_id");
  EXPECT_EQ(download_error(with_robot("a%0Ab")), "invalid parameter: robot_id");
  EXPECT_EQ(download_error(with_robot("a%00b")), "invalid parameter: robot_id");
  EXPECT_EQ(download_error(with_robot("a%zz")), "invalid parameter: robot_id");
  EXPECT_EQ(download_error(with_robot("%ff%fe")), "invalid parameter: robot_id");
  EXPECT_EQ(download_error(with_robot("%e6%9c%ba")), "");
}

TEST(UbtechCodec, TheQueryComesBeforeTheForm) {
  http::Request request;
  request.query = "a=1&a=2";
  request.headers.push_back({"content-type", "Application/X-WWW-Form-Urlencoded ; charset=utf-8"});
  request.body = "a=3&b=4+5";
  const auto params = Params::read(request);
  ASSERT_TRUE(params);
  EXPECT_EQ(params->text("a"), "1");
  EXPECT_EQ(params->text("b"), "4 5");
  EXPECT_EQ(params->text("c"), std::nullopt);
}

TEST(UbtechCodec, ABodyThatIsNoFormIsNotRead) {
  http::Request request;
  request.body = "a=3";
  EXPECT_EQ(Params::read(request)->text("a"), std::nullopt);
  request.headers.push_back({"Content-Type", "text/plain"});
  EXPECT_EQ(Params::read(request)->text("a"), std::nullopt);
}

TEST(UbtechCodec, CallbackIdsComeAloneOrJoined) {
  const auto params = params_of("id=23%20;25%0A&robot_id=r&code=1");
  const auto query = read_callback(params);
  ASSERT_TRUE(query) << query.error().message;
  EXPECT_EQ(query->ids, (std::vector<std::string>{"23", "25"}));
  EXPECT_EQ(query->code, CallbackCode::success);
  const auto one = params_of("id=%0A2%203%0D%0A&robot_id=r&code=3");
  EXPECT_EQ(read_callback(one)->ids, (std::vector<std::string>{"23"}));
  const auto empty_parts = params_of("id=;23;;&robot_id=r&code=0");
  EXPECT_EQ(read_callback(empty_parts)->ids, (std::vector<std::string>{"23"}));
}

TEST(UbtechCodec, RefusesBadCallbacks) {
  EXPECT_EQ(callback_error(""), "missing parameter: id");
  EXPECT_EQ(callback_error("id=%20;"), "missing parameter: id");
  EXPECT_EQ(callback_error("id=%"), "invalid parameter: id");
  EXPECT_EQ(callback_error("id=1"), "missing parameter: robot_id");
  EXPECT_EQ(callback_error("id=1&robot_id=r"), "missing parameter: code");
  EXPECT_EQ(callback_error("id=1&robot_id=r&code=4"), "invalid parameter: code");
  EXPECT_EQ(callback_error("id=1&robot_id=r&code=-1"), "invalid parameter: code");
  EXPECT_EQ(callback_error("id=1&robot_id=r&code=01"), "invalid parameter: code");
  EXPECT_EQ(callback_error("id=1&robot_id=r&code=%201"), "");
  std::string many = "robot_id=r&code=1&id=";
  for (int i = 1; i <= 16; ++i) many += std::to_string(i) + ";";
  EXPECT_EQ(callback_error(many), "");
  EXPECT_EQ(callback_error(many + "17"), "invalid parameter: id");
}

TEST(UbtechCodec, DownloadIdsHoldTaskAndStep) {
  for (const int64_t task : {1ll, 257ll, 0x7fffffffll}) {
    for (size_t step = 0; step < base::limits::kPatchChainMax; ++step) {
      const auto back = unpack_download_id(pack_download_id({domain::TaskId{task}, step}));
      EXPECT_EQ(back.task.value, task);
      EXPECT_EQ(back.step, step);
    }
  }
}

TEST(UbtechCodec, ReadsAuthorizationHeaders) {
  const auto pair = read_basic("basic bW9iaWxlXzE6c2VjcmV0XzE=");
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->id, "mobile_1");
  EXPECT_EQ(pair->secret, "secret_1");
  EXPECT_EQ(read_basic("Bearer x"), std::nullopt);
  EXPECT_EQ(read_basic("Basic !!!")->id, "");
  EXPECT_EQ(read_basic("Basic bW9iaWxlXzE=")->id, "");
  EXPECT_EQ(read_bearer("bearer  abc , Basic x"), "abc");
  EXPECT_EQ(read_bearer("BEARER abc"), "abc");
  EXPECT_EQ(read_bearer("Bearerabc"), std::nullopt);
  EXPECT_EQ(read_bearer("Bearer"), std::nullopt);
}

TEST(UbtechCodec, WordsAreSeparatedByBlanksAndPlus) {
  EXPECT_EQ(split_words(" read  write+trust "),
            (std::vector<std::string_view>{"read", "write", "trust"}));
  EXPECT_TRUE(split_words("").empty());
  EXPECT_TRUE(split_words(" + ").empty());
}

TEST(UbtechCodec, AnswersHaveTheSamplesShape) {
  EXPECT_EQ(render_result("100", "regisiter information"),
            R"({"code": "100", "data": "regisiter information"})");
  EXPECT_EQ(render_offer("100", "http://a/b;http://a/c", "23;25"),
            R"({"code": "100", "data": "http://a/b;http://a/c", "id": "23;25"})");
  EXPECT_EQ(render_result("500", "a\"b\n"), R"({"code": "500", "data": "a\"b\n"})");
  TokenAnswer token;
  token.access_token = "10bb2da80c1a442e99a4d914451e5fbe";
  token.refresh_token = "8acf9cd2dbfe4bf88283bcf2a3f6735f";
  token.expires_in_s = 11999;
  token.scope = "read write trust";
  EXPECT_EQ(render_token(token),
            R"({"access_token":"10bb2da80c1a442e99a4d914451e5fbe","token_type":"bearer",)"
            R"("refresh_token":"8acf9cd2dbfe4bf88283bcf2a3f6735f","expires_in":11999,)"
            R"("scope":"read write trust"})");
  token.refresh_token.clear();
  EXPECT_EQ(render_token(token),
            R"({"access_token":"10bb2da80c1a442e99a4d914451e5fbe","token_type":"bearer",)"
            R"("expires_in":11999,"scope":"read write trust"})");
}

}  // namespace
}  // namespace otaru::dialect::ubtech
