// SPDX-License-Identifier: Apache-2.0
#include "dialect/onenet/authorization.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "app/secrets.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "dialect/onenet/keyring.h"

namespace otaru::dialect::onenet {
namespace {

constexpr std::string_view kAccessKey = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
const std::string& raw_key() {
  static const std::string kKey = *base::unbase64(kAccessKey);
  return kKey;
}

struct Vector {
  std::string_view method, res, sign;
};
constexpr Vector kVectors[] = {
    {"md5", "products/123123", "m1ql66dgNg/BrxTupG2UWg=="},
    {"sha1", "products/123123", "veyAzQLZ0vt7N2OUMd7kJamCLmk="},
    {"sha256", "products/123123", "JcHzZubygtIXJ0w7UYMBZQ1mpntWgLXvJmRaTxKy0Uk="},
    {"md5", "products/123123/devices/mydev", "YvUbn4smqZFuTbZtzw6rAQ=="},
    {"sha1", "products/123123/devices/mydev", "PmqZqSnaKWSGVssOW9PIE2Bbr/c="},
    {"sha256", "products/123123/devices/mydev", "fGE7t7eEY1h5d1/5vwCLctMot7wJetyAnp+X+AHLvcY="},
};

std::string header_of(std::string_view version, std::string_view res, std::string_view et,
                      std::string_view method, std::string_view sign) {
  std::string out = "version=" + std::string(version);
  out += "&res=" + std::string(res);
  out += "&et=" + std::string(et);
  out += "&method=" + std::string(method);
  out += "&sign=" + std::string(sign);
  return out;
}

bool accepted(std::string_view header) {
  const auto authorization = parse_authorization(header);
  return authorization && signed_by(*authorization, raw_key());
}

TEST(OnenetAuthorization, TestVectorsEncodedAndRaw) {
  for (const auto& v : kVectors) {
    EXPECT_TRUE(accepted(header_of("2018-10-31", base::percent_encode(v.res), "2524608000",
                                   v.method, base::percent_encode(v.sign))))
        << v.method << ' ' << v.res;
    // Raw '/', '+' and '=' (a '+' is never a blank).
    EXPECT_TRUE(accepted(header_of("2018-10-31", v.res, "2524608000", v.method, v.sign)));
    // Raw resource, encoded signature.
    EXPECT_TRUE(accepted(
        header_of("2018-10-31", v.res, "2524608000", v.method, base::percent_encode(v.sign))));
  }
}

TEST(OnenetAuthorization, WriterMakesTheVectors) {
  for (const auto& v : kVectors) {
    const auto method = v.method == "md5"    ? base::HashKind::md5
                        : v.method == "sha1" ? base::HashKind::sha1
                                             : base::HashKind::sha256;
    EXPECT_EQ(write_authorization({method, v.res, 2524608000, raw_key(), false}),
              header_of("2018-10-31", v.res, "2524608000", v.method, v.sign));
    EXPECT_TRUE(accepted(write_authorization({method, v.res, 2524608000, raw_key(), true})));
  }
}

TEST(OnenetAuthorization, OrderDoesNotMatterAndUnknownPairsAreIgnored) {
  const std::string sign = "veyAzQLZ0vt7N2OUMd7kJamCLmk%3D";
  EXPECT_TRUE(accepted("sign=" + sign +
                       "&method=sha1&x=y&et=2524608000&res=products%2F123123&version=2018-10-31"));
}

TEST(OnenetAuthorization, WhatIsWrongIsRefused) {
  const std::string sign = "veyAzQLZ0vt7N2OUMd7kJamCLmk=";
  const std::string res = "products/123123";
  ASSERT_TRUE(accepted(header_of("2018-10-31", res, "2524608000", "sha1", sign)));
  EXPECT_FALSE(accepted(""));
  EXPECT_FALSE(accepted("Bearer abc"));
  EXPECT_FALSE(accepted(header_of("2022-05-01", res, "2524608000", "sha1", sign)));
  EXPECT_FALSE(accepted(header_of("2018-10-31", res, "2524608001", "sha1", sign)));
  EXPECT_FALSE(accepted(header_of("2018-10-31", res, "2524608000", "SHA1", sign)));
  EXPECT_FALSE(accepted(header_of("2018-10-31", res, "2524608000", "sha512", sign)));
  EXPECT_FALSE(accepted(header_of("2018-10-31", "products/123124", "2524608000", "sha1", sign)));
  EXPECT_FALSE(accepted(header_of("2018-10-31", res, "2524608000", "sha1", "!!")));
  EXPECT_FALSE(accepted(header_of("2018-10-31", res, "2524608000", "sha1", "")));
  EXPECT_FALSE(accepted(header_of("2018-10-31", res, "2524608000", "md5", sign)));
  EXPECT_FALSE(accepted(header_of("2018-10-31", "products%2", "2524608000", "sha1", sign)));
  EXPECT_FALSE(accepted(header_of("2018-10-31", res, "", "sha1", sign)));
  EXPECT_FALSE(accepted(header_of("2018-10-31", res, "2524608000x", "sha1", sign)));
  EXPECT_FALSE(accepted(header_of("2018-10-31", res, "99999999999999999999", "sha1", sign)));
  // A pair that comes twice.
  EXPECT_FALSE(accepted(header_of("2018-10-31", res, "2524608000", "sha1", sign) + "&et=1"));
  EXPECT_FALSE(accepted(std::string(kAuthorizationBytesMax, 'a') +
                        header_of("2018-10-31", res, "2524608000", "sha1", sign)));
  // A signature that was cut at a zero byte.
  EXPECT_FALSE(accepted(header_of("2018-10-31", res, "2524608000", "sha1", "veyAzQLZ0vs=")));
}

TEST(OnenetAuthorization, ErrorsNeverSayWhichPartWasWrong) {
  for (const std::string_view header : {"", "version=1", "version=2018-10-31&res=a&et=1"}) {
    const auto result = parse_authorization(header);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, base::Code::unauthenticated);
    EXPECT_EQ(result.error().message, "auth failed");
  }
}

TEST(OnenetAuthorization, Expiry) {
  const auto at = [](int64_t et, int64_t now_s) {
    const auto parsed = parse_authorization(
        write_authorization({base::HashKind::sha1, "products/1", et, raw_key(), true}));
    EXPECT_TRUE(parsed);
    return parsed && is_expired(*parsed, base::Time{now_s * 1000});
  };
  EXPECT_FALSE(at(2524608000, 1777636800));
  EXPECT_FALSE(at(1777636800, 1777636800));
  EXPECT_TRUE(at(1777636799, 1777636800));
  EXPECT_FALSE(at(231817255824, 1777636800));  // a shipped client
  EXPECT_TRUE(at(0, 1777636800));
  // 2524608000 through a signed 32-bit format.
  EXPECT_FALSE(at(-1770359296, 1777636800));
  EXPECT_TRUE(at(-4000000000, 1777636800));
}

TEST(OnenetAuthorization, Resources) {
  EXPECT_EQ(parse_resource("products/123")->product_id, "123");
  EXPECT_EQ(parse_resource("products/123")->device_name, "");
  EXPECT_EQ(parse_resource("products/123/devices/a.b")->product_id, "123");
  EXPECT_EQ(parse_resource("products/123/devices/a.b")->device_name, "a.b");
  for (const std::string_view bad :
       {"", "products/", "products", "product/1", "products/1/", "products/1/devices/",
        "products/1/devices", "mqs/1", "products/1/device/x", "products/1/devices/x/y"}) {
    EXPECT_FALSE(parse_resource(bad)) << bad;
  }
}

TEST(OnenetKeyring, OpensSealedKeysAndKeepsThem) {
  const app::Secrets secrets(std::string(32, 'k'));
  Keyring keyring(secrets);
  const std::string sealed = secrets.seal_text(kAccessKey);
  const auto first = keyring.open(7, sealed);
  EXPECT_EQ(*first, raw_key());
  EXPECT_EQ(keyring.open(7, sealed).get(), first.get());
  EXPECT_EQ(keyring.count(), 1u);
  // Changing the key is another sealed text.
  const auto other = keyring.open(7, secrets.seal_text(base::base64("another")));
  EXPECT_EQ(*other, "another");
}

TEST(OnenetKeyring, WhatCannotBeOpenedGivesNoKey) {
  const app::Secrets secrets(std::string(32, 'k'));
  Keyring keyring(secrets);
  EXPECT_TRUE(keyring.open(1, "")->empty());
  EXPECT_TRUE(keyring.open(1, "00ff")->empty());
  EXPECT_TRUE(keyring.open(1, "nonsense")->empty());
  EXPECT_TRUE(keyring.open(1, secrets.seal_text("not base64 !"))->empty());
  EXPECT_TRUE(keyring.open(1, secrets.seal_text(""))->empty());
}

TEST(OnenetKeyring, IsBounded) {
  const app::Secrets secrets(std::string(32, 'k'));
  Keyring keyring(secrets);
  const std::string sealed = secrets.seal_text(kAccessKey);
  // Texts that cannot be opened are remembered, too: a flood of them must not grow memory.
  for (int i = 0; i < 100'000; ++i) (void)keyring.open(i, "x" + std::to_string(i));
  EXPECT_LE(keyring.count(), base::limits::kOnenetKeysCachedMax);
  EXPECT_EQ(*keyring.open(1, sealed), raw_key());
}

TEST(OnenetKeyring, RemembersGoodHeadersForTheirKeyOnly) {
  const app::Secrets secrets(std::string(32, 'k'));
  Keyring keyring(secrets);
  const std::string sealed = secrets.seal_text(kAccessKey);
  const std::string other = secrets.seal_text(base::base64("another key"));
  const std::string header =
      write_authorization({base::HashKind::sha1, "products/1", 2524608000, raw_key(), true});
  for (int i = 0; i < 2; ++i) {
    const auto read = keyring.read(header);
    ASSERT_NE(read.authorization, nullptr);
    EXPECT_EQ(read.good_with != nullptr, i > 0);
    EXPECT_EQ(read.authorization->res, "products/1");
    EXPECT_FALSE(keyring.is_signed(read, 7, other));
    EXPECT_TRUE(keyring.is_signed(read, 7, sealed));
    EXPECT_FALSE(keyring.is_signed(read, 7, ""));
  }
  // One character more is another header.
  const std::string longer = header + "A";
  const auto read = keyring.read(longer);
  EXPECT_TRUE(read.authorization == nullptr || !keyring.is_signed(read, 7, sealed));
  EXPECT_EQ(keyring.read("nonsense").authorization, nullptr);
}

TEST(OnenetKeyring, TokensAreThoseOfTheSecrets) {
  const app::Secrets secrets(std::string(32, 'k'));
  Keyring keyring(secrets);
  for (int i = 0; i < 2; ++i) {
    const std::string token = keyring.token_of(domain::TaskId{4711}, 2);
    EXPECT_EQ(token, secrets.task_token(domain::TaskId{4711}, 2));
    EXPECT_NE(token, keyring.token_of(domain::TaskId{4711}, 3));
    const auto read = keyring.read_token(token);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->task, domain::TaskId{4711});
    EXPECT_EQ(read->generation, 2);
    EXPECT_FALSE(keyring.read_token("5hc95SFeo5xJEnaNrste"));
  }
}

TEST(OnenetKeyring, ManyThreads) {
  const app::Secrets secrets(std::string(32, 'k'));
  Keyring keyring(secrets);
  const std::string sealed = secrets.seal_text(kAccessKey);
  std::atomic<int> wrong{0};
  const auto work = [&](int64_t from) {
    for (int64_t i = from; i < from + 500; ++i) {
      const std::string header = write_authorization(
          {base::HashKind::sha1, "products/1", 2524608000 + i % 50, raw_key(), true});
      const auto read = keyring.read(header);
      if (!read.authorization || !keyring.is_signed(read, 1, sealed)) ++wrong;
      const auto token = keyring.read_token(keyring.token_of(domain::TaskId{i % 70 + 1}, 1));
      if (!token || token->task.value != i % 70 + 1) ++wrong;
    }
  };
  std::vector<std::thread> threads;
  for (int64_t i = 0; i < 4; ++i) threads.emplace_back(work, i * 37);
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
}

TEST(OnenetKeys, GeneratedKeysHaveNoZeroByte) {
  base::SeededRandom bytes(3);
  for (int i = 0; i < 2000; ++i) {
    const auto key = base::unbase64(app::generate_access_key(bytes));
    ASSERT_TRUE(key);
    ASSERT_EQ(key->size(), 32u);
    ASSERT_EQ(key->find('\0'), std::string::npos);
  }
}

}  // namespace
}  // namespace otaru::dialect::onenet
