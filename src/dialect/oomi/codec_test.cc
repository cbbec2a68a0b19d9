// SPDX-License-Identifier: Apache-2.0
#include "dialect/oomi/codec.h"

#include <gtest/gtest.h>

#include "dialect/oomi/links.h"

namespace otaru::dialect::oomi {
namespace {

template <class T>
std::string fault(const Decoded<T>& decoded) {
  return decoded ? "ok" : std::string(code_of(decoded.error()));
}

std::string check_body(const std::string& element, const std::string& rest = "") {
  return R"({"firmwares":[)" + element + "]" + rest + "}";
}
std::string check_fault(const std::string& element, const std::string& rest = "") {
  return fault(decode_integration_check(check_body(element, rest)));
}

TEST(OomiCodec, ReadsTheCheckOfTheSample) {
  const auto message = decode_integration_check(
      R"({"firmwares":[{"feature":"zwave_freq_29","hwVersion":"1.1.0.2","model":"1",)"
      R"("name":"OOMI_Cube_Zwave","swVersion":"V1.02.0.0"}],"guid":"","model":"1",)"
      R"("product":"OOMI_CUBE"})");
  ASSERT_TRUE(message);
  EXPECT_EQ(message->guid, "");
  EXPECT_EQ(message->product, "OOMI_CUBE");
  EXPECT_EQ(message->model, "1");
  ASSERT_EQ(message->firmwares.size(), 1u);
  EXPECT_EQ(message->firmwares[0].name, "OOMI_Cube_Zwave");
  EXPECT_EQ(message->firmwares[0].feature, "zwave_freq_29");
  EXPECT_EQ(message->firmwares[0].version, "V1.02.0.0");
}

TEST(OomiCodec, CheckNeedsFirmwaresWithNameAndVersion) {
  EXPECT_EQ(fault(decode_integration_check("")), "3");
  EXPECT_EQ(fault(decode_integration_check("  \r\n")), "3");
  EXPECT_EQ(fault(decode_integration_check("{}")), "3");
  EXPECT_EQ(fault(decode_integration_check("[]")), "3");
  EXPECT_EQ(fault(decode_integration_check(R"({"firmwares":null})")), "3");
  EXPECT_EQ(fault(decode_integration_check(R"({"firmwares":{}})")), "3");
  EXPECT_EQ(fault(decode_integration_check(R"({"firmwares":[]})")), "ok");
  EXPECT_EQ(check_fault("1"), "3");
  EXPECT_EQ(check_fault(R"({"name":"a"})"), "3");
  EXPECT_EQ(check_fault(R"({"swVersion":"1"})"), "3");
  EXPECT_EQ(check_fault(R"({"name":"","swVersion":"1"})"), "3");
  EXPECT_EQ(check_fault(R"({"name":"a","swVersion":""})"), "3");
  EXPECT_EQ(check_fault(R"({"name":7,"swVersion":"1"})"), "3");
  EXPECT_EQ(check_fault(R"({"name":"a","swVersion":null})"), "3");
  EXPECT_EQ(check_fault(R"({"name":"a","swVersion":"1"})"), "ok");
}

TEST(OomiCodec, CheckToleratesNullAndNumbersWhereTheVendorDoes) {
  EXPECT_EQ(check_fault(R"({"name":"a","swVersion":"1","feature":null,"hwVersion":null})"), "ok");
  EXPECT_EQ(check_fault(R"({"name":"a","swVersion":"1","model":1})"), "ok");
  EXPECT_EQ(check_fault(R"({"name":"a","swVersion":"1","model":true})"), "3");
  EXPECT_EQ(check_fault(R"({"name":"a","swVersion":"1","feature":1})"), "3");
  EXPECT_EQ(check_fault(R"({"name":"a","swVersion":"1","hwVersion":[]})"), "3");
  EXPECT_EQ(check_fault("", R"(,"guid":null,"model":1,"product":null)"), "ok");
  EXPECT_EQ(check_fault("", R"(,"guid":17)"), "3");
}

TEST(OomiCodec, MalformedAndOversizedIsCode4) {
  EXPECT_EQ(fault(decode_integration_check("{\"firmwares\":[")), "4");
  EXPECT_EQ(fault(decode_integration_check(R"({"firmwares":[],"firmwares":[]})")), "4");
  EXPECT_EQ(fault(decode_integration_check("{\"firmwares\":[],\"guid\":\"\xff\"}")), "4");
  EXPECT_EQ(fault(decode_integration_check(std::string(40, '[') + std::string(40, ']'))), "4");
  EXPECT_EQ(check_fault("", R"(,"guid":")" + std::string(33, 'A') + "\""), "4");
  EXPECT_EQ(check_fault("", R"(,"guid":"A B")"), "4");
  EXPECT_EQ(check_fault("", R"(,"guid":"\u0000")"), "4");
  EXPECT_EQ(check_fault("", R"(,"model":"123456789012")"), "4");
  const std::string long_name(256, 'n');
  EXPECT_EQ(check_fault(R"({"name":")" + long_name + R"(","swVersion":"1"})"), "4");
  EXPECT_EQ(check_fault(R"({"name":"a","swVersion":")" + long_name + "\"}"), "4");
  const std::string long_feature(51, 'f');
  EXPECT_EQ(check_fault(R"({"name":"a","swVersion":"1","feature":")" + long_feature + "\"}"), "4");
  std::string many;
  for (int i = 0; i < 65; ++i) {
    many += std::string(i > 0 ? "," : "") + R"({"name":"a","swVersion":"1"})";
  }
  EXPECT_EQ(check_fault(many), "4");
}

TEST(OomiCodec, LengthsAreCountedInCharacters) {
  std::string name;
  for (int i = 0; i < 255; ++i) name += "\xe7\x89\x88";
  EXPECT_EQ(check_fault(R"({"name":")" + name + R"(","swVersion":"1"})"), "ok");
  EXPECT_EQ(check_fault(R"({"name":")" + name + R"(x","swVersion":"1"})"), "4");
}

TEST(OomiCodec, AccountIsANumberOrItsText) {
  const auto account = [](const std::string& json) {
    return fault(decode_kit_check(R"({"accountId":)" + json + R"(,"version":"1"})"));
  };
  EXPECT_EQ(account("111"), "ok");
  EXPECT_EQ(account("\"111\""), "ok");
  EXPECT_EQ(account("-5"), "ok");
  EXPECT_EQ(account("\"\""), "3");
  EXPECT_EQ(account("null"), "3");
  EXPECT_EQ(account("\"abc\""), "3");
  EXPECT_EQ(account("1.5"), "3");
  EXPECT_EQ(account("[111]"), "3");
  EXPECT_EQ(account("2147483648"), "4");
  EXPECT_EQ(account("\"99999999999999999999999\""), "4");
  EXPECT_EQ(account("99999999999999999999999"), "4");
  EXPECT_EQ(fault(decode_kit_check(R"({"version":"1"})")), "3");
  EXPECT_EQ(fault(decode_kit_check(R"({"accountId":1})")), "3");
  EXPECT_EQ(fault(decode_kit_check(R"({"accountId":1,"version":""})")), "ok");
  EXPECT_EQ(fault(decode_kit_check(R"({"accountId":1,"version":2})")), "3");
}

TEST(OomiCodec, PeggingIsABareArray) {
  const auto one = [](const std::string& json) { return fault(decode_pegging("[" + json + "]")); };
  EXPECT_EQ(one(R"({"feature":"V1.0.0.0","hwVersion":"","model":1,"product":"p","sn":"",)"
                R"("swVersion":"V0.0.1.0"})"),
            "ok");
  EXPECT_EQ(one(R"({"product":"p","swVersion":"1","sn":17})"), "ok");
  EXPECT_EQ(one(R"({"product":"p","swVersion":"1","sn":{}})"), "3");
  EXPECT_EQ(one(R"({"product":"p","swVersion":"1","sn":")" + std::string(65, 's') + "\"}"), "4");
  EXPECT_EQ(one(R"({"product":"p"})"), "3");
  EXPECT_EQ(fault(decode_pegging("{}")), "3");
  EXPECT_EQ(fault(decode_pegging("[]")), "ok");
}

TEST(OomiCodec, KitDetailTakesAnIdOrTheBodyOfTheSample) {
  EXPECT_EQ(fault(decode_kit_detail(R"({"id":190})")), "ok");
  EXPECT_EQ(fault(decode_kit_detail(R"({"id":"190","accountId":"7"})")), "ok");
  EXPECT_EQ(fault(decode_kit_detail(R"({"accountId":111,"version":"V0.0.1"})")), "ok");
  EXPECT_EQ(fault(decode_kit_detail(R"({"version":"V0.0.1"})")), "3");
  EXPECT_EQ(fault(decode_kit_detail(R"({"accountId":111})")), "3");
  EXPECT_EQ(fault(decode_kit_detail(R"({"id":"x"})")), "3");
  EXPECT_EQ(fault(decode_kit_detail(R"({"id":5000000000})")), "4");
}

TEST(OomiCodec, QueriesAreReadByTheirOwnRules) {
  EXPECT_EQ(fault(decode_retrieve("")), "3");
  EXPECT_EQ(fault(decode_retrieve("product=")), "3");
  const auto old = decode_retrieve("sign=sign&product=prosyst&hwVersion=%zz&testMode=false");
  ASSERT_TRUE(old) << "fields that are not used may be broken";
  EXPECT_EQ(old->model, "1");
  EXPECT_EQ(old->version, "");
  EXPECT_EQ(fault(decode_retrieve("product=%zz")), "4");
  EXPECT_EQ(fault(decode_retrieve("product=%ff%fe")), "4");
  EXPECT_EQ(fault(decode_retrieve("product=a&accountId=x")), "3");
  EXPECT_EQ(fault(decode_retrieve("product=a&accountId=9999999999")), "4");
  EXPECT_EQ(fault(decode_retrieve("product=a&currentSwVersion=" + std::string(256, '1'))), "4");
  EXPECT_EQ(fault(decode_firmware_retrieve("product=a&model=1")), "3");
  EXPECT_EQ(fault(decode_firmware_retrieve("product=a&currentSwVersion=1")), "3");
  EXPECT_EQ(fault(decode_firmware_retrieve("product=a&model=1&currentSwVersion=")), "ok");
  EXPECT_EQ(fault(decode_migration("oomiCubeVersion=00.10&prosystVersion=1.0.0.4")), "ok");
  EXPECT_EQ(fault(decode_migration("oomiCubeVersion=00.10")), "3");
  EXPECT_EQ(fault(decode_migration("oomiCubeVersion=&prosystVersion=1")), "3");
}

TEST(OomiCodec, DetailAndBatchNeedTheirKeys) {
  EXPECT_EQ(fault(decode_package_detail(
                R"({"product":"a","oldSwVersion":"V0.0.0.0","currentSwVersion":""})")),
            "ok");
  EXPECT_EQ(fault(decode_package_detail(R"({"product":"a","currentSwVersion":""})")), "3");
  EXPECT_EQ(fault(decode_package_detail(R"({"product":"a","oldSwVersion":"V0.0.0.0"})")), "3");
  EXPECT_EQ(fault(decode_package_detail(R"({"accountId":111,"version":"V0.0.1"})")), "3");
  const auto batch = [](const std::string& element) {
    return fault(decode_batch_detail(R"({"firmwareCondForms":[)" + element + "]}"));
  };
  EXPECT_EQ(batch(R"({"accountId":1,"product":"a","model":1,"currentSwVersion":"1"})"), "ok");
  EXPECT_EQ(batch(R"({"product":"a","currentSwVersion":"1"})"), "3");
  EXPECT_EQ(batch(R"({"model":"1","currentSwVersion":"1"})"), "3");
  EXPECT_EQ(batch(R"({"product":"a","model":"1"})"), "3");
  EXPECT_EQ(batch(""), "ok");
  EXPECT_EQ(fault(decode_batch_detail("{}")), "3");
  EXPECT_EQ(fault(decode_batch_detail("[]")), "3");
}

TEST(OomiCodec, CookiesAreReadFromEveryCookieHeader) {
  http::Request request;
  request.headers = {{"Accept", "*/*"},
                     {"cookie", "x=1;  guid=ABC ;guid=second; broken"},
                     {"Cookie", "aat=\"token\""}};
  const Cookies cookies = read_cookies(request);
  EXPECT_EQ(cookies.guid, "ABC");
  EXPECT_EQ(cookies.aat, "token");
  request.headers = {{"Cookie", "GUID=1; guid=; =; ;"}};
  EXPECT_EQ(read_cookies(request).guid, "");
}

TEST(OomiLinks, NamesFollowTheVendorAndCarryTheId) {
  const app::Secrets secrets(std::string(32, 'k'));
  domain::Product product;
  product.name = "OOMI_Touch_APP";
  product.model = "1";
  product.hw_version = "V1.0.0.0";
  product.version_format.pattern = "V#N.#N.#N.#N";
  domain::Release release;
  release.version = "V2.0.6.5";
  domain::Package package;
  package.id = domain::PackageId{12};
  package.file_name = "whatever.apk";
  EXPECT_EQ(link_path(link_parts(product, release, package, secrets)),
            "/firmware/OOMI_Touch_APP/1/V1-0-0-0/OOMI_Touch_APP-V0.0.0.0-V2.0.6.5-12.apk");
  package.kind = domain::PackageKind::delta;
  package.base_version = "V2.0.6.4";
  package.file_name = "no_extension";
  EXPECT_EQ(link_parts(product, release, package, secrets).file,
            "OOMI_Touch_APP-V2.0.6.4-V2.0.6.5-12.zip");
  package.permissions = {1};
  const std::string sealed = link_parts(product, release, package, secrets).file;
  EXPECT_EQ(sealed.size(), std::string("OOMI_Touch_APP-V2.0.6.4-V2.0.6.5-12-.zip").size() + 16);
  EXPECT_EQ(package_of_file(sealed), domain::PackageId{12});
  product.name = "a/b c";
  product.model = "..";
  product.hw_version = "";
  package.permissions.clear();
  EXPECT_EQ(link_path(link_parts(product, release, package, secrets)),
            "/firmware/a%2Fb%20c/0/0/a%2Fb%20c-V2.0.6.4-V2.0.6.5-12.zip");
}

TEST(OomiLinks, OnlyAnIdIsTakenFromAFileName) {
  EXPECT_EQ(package_of_file("a-1-2-7.zip"), domain::PackageId{7});
  EXPECT_EQ(package_of_file("a-1-2-7"), domain::PackageId{7});
  EXPECT_EQ(package_of_file("7.zip"), std::nullopt);
  EXPECT_EQ(package_of_file("a-x.zip"), std::nullopt);
  EXPECT_EQ(package_of_file("a-0.zip"), std::nullopt);
  EXPECT_EQ(package_of_file("a-99999999999999999999.zip"), std::nullopt);
  EXPECT_EQ(package_of_file("0123456789abcdef"), std::nullopt);
  EXPECT_EQ(package_of_file("-0123456789abcdef"), std::nullopt);
  EXPECT_EQ(package_of_file(""), std::nullopt);
}

}  // namespace
}  // namespace otaru::dialect::oomi
