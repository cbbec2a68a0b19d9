// SPDX-License-Identifier: Apache-2.0
#include "server/config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "server/data_folder.h"

namespace otaru::server {
namespace {

class ConfigTest : public ::testing::Test {
 protected:
  std::string write(const std::string& text) {
    const std::string path = ::testing::TempDir() + "otaru_config_test.toml";
    std::ofstream(path) << text;
    return path;
  }
  base::Result<Config> load(const std::string& file, std::map<std::string, std::string> env = {},
                            std::vector<std::pair<std::string, std::string>> flags = {}) {
    ConfigSources sources;
    sources.file = file;
    sources.environment = [env](const std::string& name) -> std::optional<std::string> {
      const auto found = env.find(name);
      if (found == env.end()) return std::nullopt;
      return found->second;
    };
    sources.flags = std::move(flags);
    return load_config(sources);
  }
};

TEST_F(ConfigTest, DefaultsListenOnLoopbackOnly) {
  const auto config = load("");
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->listen, std::vector<std::string>{"127.0.0.1:8080"});
  EXPECT_EQ(config->data, "./data");
}

TEST_F(ConfigTest, FlagsBeatEnvironmentBeatsFile) {
  const std::string file = write("data = 'from-file'\npublic_url = 'http://file/'\nthreads = 3\n");
  const auto config = load(file, {{"OTARU_DATA", "from-env"}, {"OTARU_PUBLIC_URL", "http://env"}},
                           {{"data", "from-flag"}});
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->data, "from-flag");
  EXPECT_EQ(config->public_url, "http://env");
  EXPECT_EQ(config->threads, 3);
}

TEST_F(ConfigTest, TablesAndListsOfTheFileAreKeysWithDots) {
  const auto config =
      load(write("listen = ['0.0.0.0:1', '[::1]:2']\n[onenet]\nstrict = true\n"
                 "[ubtech]\nbase_paths = ['', '/upgrade', '/x']\n"));
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->listen.size(), 2u);
  EXPECT_TRUE(config->onenet_strict);
  EXPECT_EQ(config->ubtech_base_paths, (std::vector<std::string>{"", "/upgrade", "/x"}));
}

TEST_F(ConfigTest, FaultsNameTheSourceTheKeyAndWhatIsAccepted) {
  const auto wrong_word = load(write("\n[log]\nlevel = 'loud'\n"));
  ASSERT_FALSE(wrong_word.has_value());
  EXPECT_NE(wrong_word.error().message.find(":3: log.level"), std::string::npos)
      << wrong_word.error().message;
  EXPECT_NE(wrong_word.error().message.find("debug, info, warn, error, off"), std::string::npos);
  const auto unknown = load(write("colour = 'red'\n"));
  ASSERT_FALSE(unknown.has_value());
  EXPECT_NE(unknown.error().message.find("colour"), std::string::npos);
  EXPECT_FALSE(load(write("data = 3 4\n")).has_value());
  EXPECT_FALSE(load("", {{"OTARU_LISTEN", "nowhere"}}).has_value());
  EXPECT_FALSE(load("", {}, {{"workers", "0"}}).has_value());
  EXPECT_FALSE(load("/nonexistent/otaru.toml").has_value());
  EXPECT_FALSE(load("", {}, {{"listen", ""}}).has_value());
  EXPECT_FALSE(load("", {}, {{"listen_tls", ":8443"}}).has_value()) << "without a certificate";
}

// The packaged toml++ must never see them: undefined behaviour.
TEST_F(ConfigTest, LettersOutsideQuotesAreNamedByLine) {
  const auto stray =
      load(write("# \xD0\x84 is fine here\ndata = \"\xD0\x84\"\nlisten = \xD0\x84\n"));
  ASSERT_FALSE(stray.has_value());
  EXPECT_NE(stray.error().message.find(":3: a character that is not ASCII outside double quotes"),
            std::string::npos)
      << stray.error().message;
  for (const char* text : {"\xD0\x84 = 1\n", "data = '\xD0\x84'\n", "data = 05-\"\xD2\x91\n",
                           "data = \"\xFF\"\n", "data = \"\xD0\x84\n"}) {
    EXPECT_FALSE(load(write(text)).has_value()) << text;
  }
  const auto many =
      load(write("data = \"\"\"\na\xD0\x84\\\"b\"\"\" # \xE6\x95\xB0 '\npublic_url = ''\n"));
  ASSERT_TRUE(many.has_value()) << many.error().message;
  EXPECT_EQ(many->data, "a\xD0\x84\"b");
  const auto marked =
      load(write("\xEF\xBB\xBF"
                 "data = \"a # \xE6\x95\xB0\"\n"));
  ASSERT_TRUE(marked.has_value()) << marked.error().message;
  EXPECT_EQ(marked->data, "a # \xE6\x95\xB0");
}

TEST_F(ConfigTest, ListenTexts) {
  EXPECT_EQ(parse_listen(":8080")->host, "0.0.0.0");
  EXPECT_EQ(parse_listen("[::1]:0")->host, "::1");
  for (const char* bad : {"", "8080", "host:", "host:x", "host:65536", "host:-1"}) {
    EXPECT_FALSE(parse_listen(bad).has_value()) << bad;
  }
}

TEST(DataFolder, OneProcessAtATimeAndAStableKey) {
  const std::string path = ::testing::TempDir() + "otaru_data_folder_test";
  {
    const auto first = DataFolder::open(path);
    ASSERT_TRUE(first.has_value()) << first.error().message;
    const auto second = DataFolder::open(path);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, base::Code::conflict);
    EXPECT_NE(second.error().message.find("in use"), std::string::npos);
    const auto key = first->master_key();
    ASSERT_TRUE(key.has_value());
    EXPECT_EQ(key->size(), 32u);
    EXPECT_EQ(*first->master_key(), *key);
  }
  const auto again = DataFolder::open(path);
  EXPECT_TRUE(again.has_value());
}

}  // namespace
}  // namespace otaru::server
