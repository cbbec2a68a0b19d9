// SPDX-License-Identifier: Apache-2.0
#include "cli/connection.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "sim/socket_transport.h"

namespace otaru::cli {
namespace {

class CliConnection : public ::testing::Test {
 protected:
  CliConnection() {
    std::string pattern = ::testing::TempDir() + "otaru-cli-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    variables_["HOME"] = folder_;
  }
  ~CliConnection() override { std::filesystem::remove_all(folder_); }

  Environment environment() {
    return [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      if (found == variables_.end()) return std::nullopt;
      return found->second;
    };
  }
  std::string path() { return config_path(environment()); }
  Connection find(const std::string& server = "", const std::string& key = "") {
    auto found = find_connection({server, key, "", ""}, environment());
    EXPECT_TRUE(found.has_value()) << found.error().message;
    return found ? *found : Connection();
  }

  std::string folder_;
  std::map<std::string, std::string> variables_;
};

TEST_F(CliConnection, WithoutAnythingItIsThisMachine) {
  EXPECT_EQ(find().server, "http://127.0.0.1:8080");
  EXPECT_EQ(find().key, "");
}

TEST_F(CliConnection, FlagsBeatVariablesBeatTheFile) {
  ASSERT_TRUE(save_connection({"http://kept:1", "kept-key", "", ""}, path()).has_value());
  EXPECT_EQ(find().server, "http://kept:1");
  EXPECT_EQ(find().key, "kept-key");
  variables_["OTARU_SERVER"] = "http://said:2";
  variables_["OTARU_KEY"] = "said-key";
  EXPECT_EQ(find().server, "http://said:2");
  EXPECT_EQ(find().key, "said-key");
  EXPECT_EQ(find("https://given:3/", "given-key").server, "https://given:3");
  EXPECT_EQ(find("https://given:3/", "given-key").key, "given-key");
}

TEST_F(CliConnection, AKeptKeyGoesToItsOwnServerOnly) {
  ASSERT_TRUE(save_connection({"http://kept:1", "kept-key", "", ""}, path()).has_value());
  EXPECT_EQ(find("http://other:1").key, "");
  EXPECT_EQ(find("http://kept:1/").key, "kept-key");
  variables_["OTARU_SERVER"] = "http://other:1";
  EXPECT_EQ(find().key, "");
}

TEST_F(CliConnection, TheFileIsForItsOwnerOnly) {
  ASSERT_TRUE(
      save_connection({"http://kept:1", "k\"ey\\", "ca \"x\".pem", ""}, path()).has_value());
  struct stat info {};
  ASSERT_EQ(::stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0600u);
  EXPECT_EQ(find().key, "k\"ey\\");
  EXPECT_EQ(find().ca_file, "ca \"x\".pem");
  variables_["OTARU_CA_FILE"] = "other.pem";
  EXPECT_EQ(find().ca_file, "other.pem");
  ::chmod(path().c_str(), 0640);
  const auto refused = find_connection({"", "", "", ""}, environment());
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("chmod 600"), std::string::npos);
}

TEST_F(CliConnection, RefusesWhatIsNoServerOrNoKey) {
  EXPECT_FALSE(find_connection({"127.0.0.1:8080", "", "", ""}, environment()).has_value());
  EXPECT_FALSE(find_connection({"file:///etc/passwd", "", "", ""}, environment()).has_value());
  EXPECT_FALSE(find_connection({"", "a\r\nX-Evil: 1", "", ""}, environment()).has_value());
  std::filesystem::create_directories(std::filesystem::path(path()).parent_path());
  std::ofstream(path()) << "server = [";
  ::chmod(path().c_str(), 0600);
  EXPECT_FALSE(find_connection({"", "", "", ""}, environment()).has_value());
}

TEST_F(CliConnection, SeveralServersHaveNames) {
  ASSERT_TRUE(save_connection({"http://plain:1", "plain-key", "", ""}, path()).has_value());
  ASSERT_TRUE(save_connection({"http://lab:2", "lab-key", "", "lab"}, path()).has_value());
  ASSERT_TRUE(save_connection({"https://prod:3", "prod-key", "ca.pem", "p \"q\""}, path()));
  EXPECT_EQ(find().key, "prod-key");  // the last one that was logged in to
  EXPECT_EQ(find().ca_file, "ca.pem");
  variables_["OTARU_ON"] = "lab";
  EXPECT_EQ(find().server, "http://lab:2");
  EXPECT_EQ(find().key, "lab-key");
  const auto flag = find_connection({"", "", "", "p \"q\""}, environment());
  ASSERT_TRUE(flag.has_value());
  EXPECT_EQ(flag->key, "prod-key");
  EXPECT_EQ(find("http://plain:1").key, "");  // the key of another one
  const auto unknown = find_connection({"", "", "", "nowhere"}, environment());
  ASSERT_FALSE(unknown.has_value());
  EXPECT_NE(unknown.error().message.find("lab, p \"q\""), std::string::npos)
      << unknown.error().message;
  auto kept = read_kept(path());
  ASSERT_TRUE(kept.has_value());
  kept->servers.erase("lab");
  kept->in_use.clear();
  ASSERT_TRUE(write_kept(*kept, path()).has_value());
  variables_.erase("OTARU_ON");
  EXPECT_EQ(find().key, "plain-key");
  EXPECT_EQ(read_kept(path())->servers.size(), 2u);
}

TEST_F(CliConnection, WhichKeyIsMeantByALogOut) {
  KeptServers kept;
  kept.servers["a"] = {"http://one:1", "key-a", "", "a"};
  kept.servers["b"] = {"http://two:2/", "key-b", "", "b"};
  const auto name_of = [&](const std::string& server, const std::string& name) {
    const auto found = kept_name(kept, {server, "", "", name});
    return found ? *found : "error: " + found.error().message;
  };
  EXPECT_EQ(name_of("http://one:1", "a"), "a");
  EXPECT_EQ(name_of("http://two:2", "a"), "b");  // --server says another one
  EXPECT_EQ(name_of("http://three:3", "a"), "error: no key of http://three:3 is kept");
  kept.servers["c"] = {"http://two:2", "key-c", "", "c"};
  EXPECT_EQ(name_of("http://two:2", "c"), "c");
  EXPECT_NE(name_of("http://two:2", "a").find("say which with --on"), std::string::npos);
  kept.servers["c"].key.clear();
  EXPECT_EQ(name_of("http://two:2", "a"), "b");
  EXPECT_EQ(name_of("http://two:2", "c"), "error: no key of http://two:2 is kept");
}

TEST_F(CliConnection, AFileThatCannotBeReadIsNotWrittenOver) {
  ASSERT_TRUE(save_connection({"http://kept:1", "kept-key", "", ""}, path()).has_value());
  std::ofstream(path(), std::ios::app) << "broken = [";
  EXPECT_FALSE(save_connection({"http://new:1", "new-key", "", ""}, path()).has_value());
  std::ifstream in(path());
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  EXPECT_NE(text.find("kept-key"), std::string::npos);
}

TEST_F(CliConnection, WithoutAHomeThereIsNothingToKeep) {
  variables_.clear();
  EXPECT_EQ(path(), "");
  EXPECT_EQ(state_folder(environment()), "");
  EXPECT_FALSE(save_connection({"http://a", "b", "", ""}, path()).has_value());
  variables_["XDG_CONFIG_HOME"] = folder_;
  EXPECT_EQ(path(), folder_ + "/otaru/cli.toml");
}

TEST(SimEndpoint, IsTakenApart) {
  const auto plain = sim::parse_endpoint("http://127.0.0.1:8080/upgrade");
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->host, "127.0.0.1");
  EXPECT_EQ(plain->port, "8080");
  const auto v6 = sim::parse_endpoint("http://[::1]:81");
  ASSERT_TRUE(v6.has_value());
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(v6->port, "81");
  const auto standard = sim::parse_endpoint("http://ota.example.com");
  ASSERT_TRUE(standard.has_value());
  EXPECT_EQ(standard->port, "80");
  for (const char* bad : {"", "https://a:1", "http://", "http://:80", "a:80"}) {
    EXPECT_FALSE(sim::parse_endpoint(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace otaru::cli
