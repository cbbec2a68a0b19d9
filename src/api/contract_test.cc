// SPDX-License-Identifier: Apache-2.0
// openapi.yaml against what is there: operations both ways, and the members of every kind of
// answer. The file keeps to a layout (see its head) that a few lines can read.
#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "api/handlers.h"
#include "api/problem.h"
#include "tests/support/api_world.h"

namespace otaru::api {
namespace {

using Members = std::vector<std::string>;

struct Contract {
  std::set<std::string> operations;  // "GET /api/v1/tenants"
  std::set<std::string> operation_ids;
  std::map<std::string, std::string> permissions;  // of an operation
  std::map<std::string, Members> schemas;          // members written one per line
};

size_t indent_of(const std::string& line) {
  const size_t at = line.find_first_not_of(' ');
  return at == std::string::npos ? 0 : at;
}

std::string name_of_line(const std::string& line) {
  const size_t at = indent_of(line);
  return line.substr(at, line.find(':', at) - at);
}

Contract read_contract() {
  std::ifstream file(std::string(OTARU_SOURCE_DIR) + "/src/api/openapi.yaml");
  EXPECT_TRUE(file.good());
  static const std::set<std::string> kMethods{"get",   "head",   "post",   "put",
                                              "patch", "delete", "options"};
  Contract out;
  std::string section;
  std::string part;
  std::string path;
  std::string operation;
  std::string schema;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.find(':') == std::string::npos) continue;
    const size_t indent = indent_of(line);
    const std::string name = name_of_line(line);
    if (indent == 0) section = name;
    if (section == "paths") {
      if (indent == 2) path = name;
      if (indent == 4 && kMethods.contains(name)) {
        std::string method = name;
        std::transform(method.begin(), method.end(), method.begin(), ::toupper);
        operation = method + " " + path;
        EXPECT_TRUE(out.operations.insert(operation).second) << line;
      }
      if (name == "x-otaru-permission") {
        out.permissions[operation] = line.substr(line.find(':') + 2);
      }
      if (name == "operationId") {
        EXPECT_TRUE(out.operation_ids.insert(line.substr(line.find(':') + 2)).second) << line;
      }
    }
    if (section == "components") {
      if (indent == 2) part = name;
      if (part == "schemas" && indent == 4) schema = name;
      if (part == "schemas" && indent == 8) out.schemas[schema].push_back(name);
    }
  }
  return out;
}

Members members_of(const std::string& json, std::string_view inside = "") {
  const auto document = base::JsonDocument::parse(json);
  EXPECT_TRUE(document.has_value());
  auto view = document->root();
  if (!inside.empty()) view = view.find(inside);
  if (view.is_array()) view = view.at(0);
  Members out;
  for (size_t i = 0; i < view.size(); ++i) out.emplace_back(view.key_at(i));
  return out;
}

class ContractTest : public ApiTest {
 protected:
  Members schema(const std::string& name) {
    EXPECT_TRUE(contract.schemas.contains(name)) << name;
    return contract.schemas[name];
  }
  Contract contract = read_contract();
};

TEST_F(ContractTest, OperationsBothWays) {
  std::set<std::string> routes;
  for (const auto& route : api->routes()) {
    routes.insert(std::string(http::method_name(route.method)) + " " + std::string(route.pattern));
  }
  EXPECT_EQ(routes.size(), api->routes().size());
  EXPECT_EQ(contract.operations, routes);
  EXPECT_EQ(contract.operation_ids.size(), routes.size());
}

TEST_F(ContractTest, PermissionsAreTheDescribedOnes) {
  std::map<std::string, std::string> permissions;
  for (const auto& route : api->routes()) {
    permissions[std::string(http::method_name(route.method)) + " " + std::string(route.pattern)] =
        name_of(route.needs);
  }
  EXPECT_EQ(contract.permissions, permissions);
}

// The table of docs/api.md: a row for every permission, a column for every role, the last one for
// an admin of every tenant.
TEST_F(ContractTest, TheMatrixOfThePageIsTheOneThatIsHeld) {
  std::ifstream file(std::string(OTARU_SOURCE_DIR) + "/docs/api.md");
  std::map<std::string, std::string> rows;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `")) continue;
    const size_t end = line.find('`', 3);
    std::string marks;
    std::stringstream cells(line);
    for (std::string cell; std::getline(cells, cell, '|');) {
      if (cell == " yes " || cell == " - ") marks += cell == " yes " ? 'y' : '-';
    }
    rows[line.substr(3, end - 3)] = marks;
  }
  std::map<std::string, std::string> expected;
  for (const auto permission : domain::all_permissions()) {
    auto& marks = expected[std::string(name_of(permission))];
    for (const auto role : domain::all_roles()) {
      marks += allows(role, domain::Reach::tenant, permission) ? 'y' : '-';
    }
    marks += allows(domain::Role::admin, domain::Reach::server, permission) ? 'y' : '-';
  }
  EXPECT_EQ(rows, expected);
}

TEST_F(ContractTest, AnswersHaveTheMembersInTheirOrder) {
  EXPECT_EQ(members_of(ask("GET", "/api/v1").body), schema("Server"));
  EXPECT_EQ(members_of(ask("GET", "/api/v1/nothing").body), schema("Problem"));
  EXPECT_EQ(members_of(ask("GET", "/api/v1/tenants").body, "items"), schema("Tenant"));
  const auto lamp = product("lamp");
  const auto one = published(lamp, "1.0");
  const auto id = [](auto row) { return "/" + std::to_string(row.value); };
  EXPECT_EQ(members_of(ask("GET", "/api/v1/products" + id(lamp)).body), schema("Product"));
  EXPECT_EQ(members_of(ask("GET", "/api/v1/releases" + id(one)).body), schema("Release"));
  EXPECT_EQ(members_of(ask("GET", "/api/v1/packages/1").body), schema("Package"));
  const auto kit = ask("POST", "/api/v1/kits", R"({"version":"1","releases":[1]})");
  EXPECT_EQ(members_of(kit.body), schema("Kit"));
  EXPECT_EQ(members_of(kit.body, "items"), schema("KitItem"));
  ask("POST", "/api/v1/deployments", R"({"name":"all","target":{"newest_in_channel":"stable"}})");
  const auto deployment = ask("GET", "/api/v1/deployments/1");
  EXPECT_EQ(members_of(deployment.body), schema("Deployment"));
  EXPECT_EQ(members_of(deployment.body, "target"), schema("TargetShown"));
  EXPECT_EQ(members_of(deployment.body, "counts"), schema("TaskCounts"));
  auto without_counts = schema("Deployment");
  without_counts.pop_back();
  EXPECT_EQ(members_of(ask("GET", "/api/v1/deployments").body, "items"), without_counts);
  const auto user = ask("POST", "/api/v1/users", R"({"name":"bo"})");
  EXPECT_EQ(members_of(user.body), schema("UserWithLink"));
  EXPECT_EQ(members_of(ask("GET", "/api/v1/users").body, "items"), schema("User"));
  const auto bo = ask_as("", "POST", "/api/v1/setup",
                         R"({"token":")" + user.at("token") + R"(","password":"long enough 1"})");
  EXPECT_EQ(members_of(bo.body), schema("Me"));
  const auto cookie = bo.header("Set-Cookie");
  const auto token = cookie.substr(6, cookie.find(';') - 6);
  EXPECT_EQ(members_of(ask_as(token, "GET", "/api/v1/sessions").body, "items"), schema("Session"));
  EXPECT_EQ(members_of(ask("GET", "/api/v1/me").body), schema("Me"));
  const auto key = ask("POST", "/api/v1/credentials", R"({"kind":"oauth_user","name":"aa"})");
  EXPECT_EQ(members_of(key.body), schema("CredentialWithSecret"));
  EXPECT_EQ(members_of(ask("GET", "/api/v1/credentials").body, "items"), schema("Credential"));
  EXPECT_EQ(members_of(ask("POST", "/api/v1/uploads", R"({"size":1,"file_name":"a"})").body),
            schema("Upload"));
}

TEST_F(ContractTest, AnswersAboutTheFleetHaveTheMembersInTheirOrder) {
  const auto lamp = product("lamp");
  published(lamp, "2.0");
  ask("POST", "/api/v1/deployments", R"({"name":"all","target":{"newest_in_channel":"stable"}})");
  ask("POST", "/api/v1/deployments/1/start");
  ASSERT_TRUE(engine
                  ->run_blocking("test",
                                 [&](app::DeviceGateway& gateway) -> base::Status {
                                   OTARU_TRY(device,
                                             gateway.identify(domain::kDefaultTenant, "d1",
                                                              app::Identify::find_or_register));
                                   domain::CheckIn in;
                                   in.product = lamp;
                                   in.slot = "lamp";
                                   in.version = "1.0";
                                   OTARU_CHECK(gateway.check(device, in, app::TaskBirth::record));
                                   gateway.log(device, "hello");
                                   return {};
                                 })
                  .has_value());
  const auto device = ask("GET", "/api/v1/devices/d1");
  EXPECT_EQ(members_of(device.body), schema("Device"));
  EXPECT_EQ(members_of(device.body, "components"), schema("Component"));
  const auto tasks = ask("GET", "/api/v1/devices/d1/tasks");
  EXPECT_EQ(members_of(tasks.body, "items"), schema("Task"));
  const auto history = ask("GET", "/api/v1/tasks/" + tasks.at("items.0.id") + "/history");
  EXPECT_EQ(members_of(history.body, "items"), schema("HistoryEntry"));
  EXPECT_EQ(members_of(ask("GET", "/api/v1/devices/d1/log").body, "items"), schema("LogLine"));
  const auto why = ask("GET", "/api/v1/devices/d1/explain");
  EXPECT_EQ(members_of(why.body), schema("Explanation"));
  EXPECT_EQ(members_of(why.body, "items"), schema("ExplainedComponent"));
}

TEST_F(ContractTest, EveryCodeIsOnThePage) {
  std::ifstream file(std::string(OTARU_SOURCE_DIR) + "/docs/problems.md");
  std::stringstream page;
  page << file.rdbuf();
  std::ifstream described(std::string(OTARU_SOURCE_DIR) + "/src/api/openapi.yaml");
  std::string codes;
  for (std::string line; std::getline(described, line);) {
    if (line.find("    ProblemCode: {enum: [") == 0) codes = line;
  }
  const auto listed = [&](std::string_view code) {
    EXPECT_NE(page.str().find("| `" + std::string(code) + "` | "), std::string::npos) << code;
    EXPECT_TRUE(codes.find("[" + std::string(code) + ",") != std::string::npos ||
                codes.find(" " + std::string(code) + ",") != std::string::npos ||
                codes.find(" " + std::string(code) + "]") != std::string::npos)
        << code;
    EXPECT_NE(problem_kind(code), nullptr) << code;
    EXPECT_EQ(ask_as("", "GET", "/problems/" + std::string(code)).at("code"), code);
  };
  for (const auto& kind : problem_kinds()) listed(kind.code);
  for (int code = 0; code <= static_cast<int>(base::Code::internal); ++code) {
    listed(base::code_name(static_cast<base::Code>(code)));
  }
  EXPECT_EQ(ask_as("", "GET", "/problems/none").outcome(), "404 not_found code");
  // Where each problem's type leads.
  EXPECT_EQ(ask("GET", "/api/v1/products/x").at("type"), "/problems/not_found");
}

TEST_F(ContractTest, EverythingWrongIsNamedAtOnce) {
  const auto reply =
      ask("POST", "/api/v1/credentials", R"({"nmae":"a","kind":"letter","secret":7})");
  EXPECT_EQ(reply.outcome(), "400 invalid kind");
  EXPECT_EQ(reply.at("rule"), "enum");
  EXPECT_EQ(reply.at("errors"), "[4]");
  EXPECT_EQ(reply.at("errors.1.field"), "name");
  EXPECT_EQ(reply.at("errors.1.rule"), "required");
  EXPECT_EQ(reply.at("errors.2.rule"), "type");
  EXPECT_EQ(reply.at("errors.3.field"), "nmae");
  EXPECT_EQ(reply.at("errors.3.rule"), "known");
}

TEST_F(ContractTest, TheDescriptionComesWithTheServer) {
  const auto yaml = ask_as("", "GET", "/api/v1/openapi.yaml");
  std::ifstream file(std::string(OTARU_SOURCE_DIR) + "/src/api/openapi.yaml");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(yaml.body, text.str());
  const auto json = ask_as("", "GET", "/api/v1/openapi.json");
  EXPECT_NE(json.body.find("\"operationId\":\"create_product\""), std::string::npos);
  const auto page = ask_as("", "GET", "/api/docs");
  EXPECT_EQ(page.body.find("://"), std::string::npos) << "nothing from elsewhere";
  EXPECT_NE(page.header("Content-Security-Policy").find("script-src 'self';"), std::string::npos);
  EXPECT_EQ(ask_as("", "GET", "/api/docs/page.js").status, 200);
  EXPECT_EQ(ask_as("", "GET", "/api/docs/other.js").status, 404);
}

}  // namespace
}  // namespace otaru::api
