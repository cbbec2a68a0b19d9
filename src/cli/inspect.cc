// SPDX-License-Identifier: Apache-2.0
// status, login and explain.
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "base/encoding.h"
#include "cli/special.h"

namespace otaru::cli {
namespace {

// A key is typed without echo; from a pipe it is simply read.
std::string read_key() {
  const bool terminal = ::isatty(STDIN_FILENO) == 1;
  termios before{};
  if (terminal) {
    std::fprintf(stderr, "API key: ");
    ::tcgetattr(STDIN_FILENO, &before);
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &silent);
  }
  std::string key;
  std::getline(std::cin, key);
  if (terminal) {
    ::tcsetattr(STDIN_FILENO, TCSANOW, &before);
    std::fprintf(stderr, "\n");
  }
  return std::string(base::trim(key));
}

void print_explained(base::JsonView item, const ExplainArgs& args) {
  const auto sentence = member_at(item, "sentence." + args.language).text();
  std::printf("%s: %s\n", value_text(item.find("slot")).c_str(),
              sentence ? printable(*sentence).c_str() : "-");
  if (!args.trace) return;
  const auto trace = item.find("trace");
  std::vector<std::vector<std::string>> rows;
  const std::vector<Column> columns = {
      {"DEPLOYMENT", "deployment"}, {"RULE", "rule"}, {"PASSED", "passed"}, {"VALUES", "detail"}};
  for (size_t i = 0; i < trace.size(); ++i) {
    std::vector<std::string> row;
    for (const auto& column : columns) row.push_back(value_text(trace.at(i).find(column.member)));
    rows.push_back(std::move(row));
  }
  if (!rows.empty()) std::fputs(format_table(columns, rows).c_str(), stdout);
}

}  // namespace

int status(Session& session) {
  const auto server = call(session.client, "GET", "/api/v1");
  if (!server) return print_error(server.error());
  if (session.json) {
    std::printf("%s\n", base::json_text(server->root()).c_str());
  } else {
    std::fputs(format_details(server->root()).c_str(), stdout);
  }
  return kExitOk;
}

int login(const Connection& connection, const Environment& environment) {
  Connection kept = connection;
  kept.key = read_key();
  if (kept.key.empty()) {
    std::fprintf(stderr, "otaru: no key was given; pipe it in or type it\n");
    return kExitUsage;
  }
  Client client(kept.server, kept.key);
  const auto server = call(client, "GET", "/api/v1");
  if (!server) return print_error(server.error());
  const std::string path = config_path(environment);
  if (const auto saved = save_connection(kept, path); !saved) return print_error(saved.error());
  std::printf("%s answers as %s; kept in %s\n", kept.server.c_str(),
              value_text(server->root().find("role")).c_str(), path.c_str());
  return kExitOk;
}

int explain(const ExplainArgs& args, Session& session) {
  std::string path = "/api/v1/devices/" + base::percent_encode(args.device) + "/explain";
  char joint = '?';
  const auto add = [&](const std::string& name, const std::string& value) {
    path += joint + name + "=" + base::percent_encode(value);
    joint = '&';
  };
  if (!args.product.empty()) {
    const auto product = resolve(Names::product, args.product, session.client);
    if (!product) return print_error(product.error());
    add("product", std::to_string(*product));
  }
  if (!args.version.empty()) add("version", args.version);
  const auto answer = call(session.client, "GET", path);
  if (!answer) return print_error(answer.error());
  if (session.json) {
    std::printf("%s\n", base::json_text(answer->root()).c_str());
    return kExitOk;
  }
  const auto items = answer->root().find("items");
  if (items.size() == 0) {
    std::printf("This device has not said yet what it runs; --product says what to look at.\n");
  }
  for (size_t i = 0; i < items.size(); ++i) print_explained(items.at(i), args);
  return kExitOk;
}

}  // namespace otaru::cli
