// SPDX-License-Identifier: Apache-2.0
// A credential that an operator makes opens the door it is for: the operators' services and the
// dialects must mean the same by what is stored.
#include <gtest/gtest.h>

#include "app/catalogue_service.h"
#include "app/upload_service.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "dialect/onenet/onenet.h"
#include "dialect/oomi/oomi.h"
#include "dialect/ubtech/ubtech.h"
#include "tests/support/world.h"

namespace otaru::server {
namespace {

using domain::CredentialKind;

class Credentials : public ::testing::Test {
 protected:
  Credentials()
      : uploads_(world_.engine(), random_),
        catalogue_(world_.engine(), uploads_, world_.secrets(), random_) {
    EXPECT_TRUE(uploads_.start().has_value());
    EXPECT_TRUE(catalogue_.start().has_value());
    EXPECT_TRUE(catalogue_.first_start().has_value());
    dialect::OomiConfig oomi;
    oomi.enforce_cookies = true;
    world_.add(dialect::make_oomi(oomi, world_.secrets()));
    world_.add(dialect::make_onenet({}, world_.secrets()));
    world_.add(dialect::make_ubtech({}, world_.secrets(), token_random_));
  }

  std::string make(CredentialKind kind, const std::string& name) {
    app::CredentialSpec spec;
    spec.tenant = domain::kDefaultTenant;
    spec.kind = kind;
    spec.name = name;
    const auto made = catalogue_.create_credential(app::system_actor("test"), spec);
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return made->secret;
  }

  static std::string post(const std::string& path, const std::string& headers,
                          const std::string& body) {
    return "POST " + path + " HTTP/1.1\r\nHost: h\r\n" + headers +
           "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }

  tests::World world_;
  base::SeededRandom random_{5};
  base::SeededRandom token_random_{6};
  app::UploadService uploads_;
  app::CatalogueService catalogue_;
};

TEST_F(Credentials, AnOomiAccountsTokenIsAGoodCookie) {
  const std::string aat = make(CredentialKind::oomi_account, "111");
  const std::string guid = "8C26D21152544D3DB8555055D9A949E9";
  domain::Device device;
  device.id = domain::DeviceId{domain::bucket_for(domain::kDefaultTenant, guid) + 256};
  device.tenant = domain::kDefaultTenant;
  device.key = guid;
  app::WriteBatch batch;
  batch.ops.emplace_back(app::PutDevice{device});
  ASSERT_TRUE(world_.engine().write_and_wait(std::move(batch)).has_value());
  const auto check = [&](const std::string& token) {
    return world_.exchange(post("/ota/integration/check",
                                "Cookie: guid=" + guid + "; aat=" + token + "\r\n",
                                R"({"guid":"","firmwares":[]})"));
  };
  EXPECT_NE(check(aat).find(R"("code":"1")"), std::string::npos) << check(aat);
  EXPECT_NE(check(std::string(32, '0')).find(R"("code":"2001")"), std::string::npos);
}

TEST_F(Credentials, AClientAndAUserGetAnAccessToken) {
  const std::string client = make(CredentialKind::oauth_client, "robots");
  const std::string user = make(CredentialKind::oauth_user, "shop");
  const auto ask = [&](const std::string& password) {
    return world_.exchange("GET /oauth/token?client_id=robots&client_secret=" + client +
                           "&grant_type=password&username=shop&password=" + password +
                           " HTTP/1.1\r\nHost: h\r\n\r\n");
  };
  EXPECT_NE(ask(user).find("access_token"), std::string::npos) << ask(user);
  EXPECT_EQ(ask("wrong").find("access_token"), std::string::npos);
}

TEST_F(Credentials, AProductsAccessKeySignsRequests) {
  const std::string key = make(CredentialKind::onenet_product, "123123");
  const auto ask = [&](const std::string& access_key) {
    const std::string raw = base::unbase64(access_key).value_or("");
    const std::string sign = base::base64(
        base::hmac(base::HashKind::sha1, raw, "4102444800\nsha1\nproducts/123123\n2018-10-31"));
    return world_.exchange(
        "POST /ota/device/version?dev_id=6523 HTTP/1.1\r\nHost: h\r\nAuthorization: "
        "version=2018-10-31&res=products%2F123123&et=4102444800&method=sha1&sign=" +
        base::percent_encode(sign) + "\r\nContent-Length: 19\r\n\r\n{\"f_version\":\"1.2\"}");
  };
  EXPECT_NE(ask(key).find(R"({"errno":0,"error":"succ"})"), std::string::npos) << ask(key);
  EXPECT_NE(ask(base::base64(std::string(32, 'x'))).find(R"("errno":1)"), std::string::npos);
}

}  // namespace
}  // namespace otaru::server
