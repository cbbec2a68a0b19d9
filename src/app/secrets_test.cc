// SPDX-License-Identifier: Apache-2.0
#include "app/secrets.h"

#include <gtest/gtest.h>

#include <set>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/random.h"

namespace otaru::app {
namespace {

Secrets make_secrets(char fill) {
  return Secrets(std::string(base::kSealKeyBytes, fill));
}

TEST(Secrets, TaskTokensCarryTheTask) {
  const Secrets secrets = make_secrets('k');
  base::SeededRandom random(7);
  for (int i = 0; i < 2000; ++i) {
    const domain::TaskId task{static_cast<int64_t>(random.below(1ull << 39)) + 1};
    const auto generation = static_cast<int64_t>(random.below(256));
    const std::string token = secrets.task_token(task, generation);
    ASSERT_EQ(token.size(), 20u);
    for (const char c : token) {
      ASSERT_NE(base::kAlphanumeric.find(c), std::string_view::npos) << token;
    }
    const auto read = secrets.read_task_token(token);
    ASSERT_TRUE(read.has_value()) << token;
    EXPECT_EQ(read->task, task);
    EXPECT_EQ(read->generation, generation);
    EXPECT_EQ(secrets.task_token(task, generation), token) << "stable";
  }
}

TEST(Secrets, EveryChangedCharacterIsRefused) {
  const Secrets secrets = make_secrets('k');
  const std::string token = secrets.task_token(domain::TaskId{513}, 1);
  for (size_t at = 0; at < token.size(); ++at) {
    for (const char c : base::kAlphanumeric) {
      if (c == token[at]) continue;
      std::string forged = token;
      forged[at] = c;
      ASSERT_FALSE(secrets.read_task_token(forged).has_value()) << forged;
    }
  }
  EXPECT_FALSE(secrets.read_task_token("").has_value());
  EXPECT_FALSE(secrets.read_task_token(token + "0").has_value());
  EXPECT_FALSE(secrets.read_task_token(std::string(20, 'z')).has_value());
  EXPECT_FALSE(secrets.read_task_token(std::string(20, '-')).has_value());
  EXPECT_FALSE(make_secrets('x').read_task_token(token).has_value()) << "another master key";
}

TEST(Secrets, GenerationsAndTasksGiveUnrelatedTokens) {
  const Secrets secrets = make_secrets('k');
  std::set<std::string> seen;
  for (int64_t task = 1; task < 200; ++task) {
    for (int64_t generation = 1; generation < 4; ++generation) {
      EXPECT_TRUE(seen.insert(secrets.task_token(domain::TaskId{task}, generation)).second);
    }
  }
}

TEST(Secrets, SealingRoundTripsAndHides) {
  const Secrets secrets = make_secrets('k');
  const std::string sealed = secrets.seal_text("access key");
  EXPECT_EQ(sealed.find("access"), std::string::npos);
  EXPECT_NE(sealed, secrets.seal_text("access key")) << "fresh nonce";
  const auto plain = secrets.unseal_text(sealed);
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(*plain, "access key");
  EXPECT_FALSE(make_secrets('x').unseal_text(sealed).has_value());
  EXPECT_FALSE(secrets.unseal_text("zz").has_value());
  EXPECT_FALSE(secrets.unseal_text(sealed.substr(2)).has_value());
}

TEST(Secrets, KeyedHashesDependOnPurposeAndKey) {
  const Secrets secrets = make_secrets('k');
  const std::string stored = secrets.keyed_hash("oauth", "aa");
  EXPECT_TRUE(secrets.matches("oauth", "aa", stored));
  EXPECT_FALSE(secrets.matches("oauth", "ab", stored));
  EXPECT_FALSE(secrets.matches("api", "aa", stored));
  EXPECT_FALSE(make_secrets('x').matches("oauth", "aa", stored));
  EXPECT_EQ(secrets.derive_hex("token", "in", 16).size(), 32u);
}

// Hashes are remembered: more texts than are kept, two keys, long texts, each asked for twice.
TEST(Secrets, KeyedHashesAreThoseOfTheirOwnKeyAndText) {
  const Secrets first = make_secrets('k');
  const Secrets second = make_secrets('x');
  const std::string mac_key =
      base::hmac(base::HashKind::sha256, std::string(base::kSealKeyBytes, 'k'), "otaru mac key 1");
  for (int round = 0; round < 2; ++round) {
    for (int n = 0; n < 3000; ++n) {
      const std::string text = std::string(n % 7 == 0 ? 200 : 3, 't') + std::to_string(n);
      const std::string expected =
          base::hex(base::hmac(base::HashKind::sha256, mac_key, "purpose\n" + text));
      ASSERT_EQ(first.keyed_hash("purpose", text), expected);
      ASSERT_NE(second.keyed_hash("purpose", text), expected);
      ASSERT_EQ(first.keyed_hash("purpose", text), expected);
    }
  }
}

// Demo libraries measure the decoded key with strlen: a zero byte would cut it.
TEST(Secrets, AccessKeysHaveNoZeroByte) {
  base::SeededRandom random(3);
  for (int i = 0; i < 3000; ++i) {
    const auto key = base::unbase64(generate_access_key(random));
    ASSERT_TRUE(key.has_value());
    ASSERT_EQ(key->size(), 32u);
    ASSERT_EQ(key->find('\0'), std::string::npos);
  }
}

}  // namespace
}  // namespace otaru::app
