// SPDX-License-Identifier: Apache-2.0
// login --user, logout and whoami: a person at the command line. The session's token works as a
// key does (docs/api.md, "People and sessions"), so the other commands know nothing of it.
#include <cstdio>

#include "base/limits.h"
#include "cli/process.h"
#include "cli/special.h"

namespace otaru::cli {
namespace {

using base::Code;

// What tokens of sessions begin with; keys begin otherwise and have no log-out.
constexpr std::string_view kSessionPrefix = "ots_";

// The session cookie's value; its name is another over TLS.
std::string token_of(const ApiReply& reply) {
  const auto found = reply.headers.find("set-cookie");
  if (found == reply.headers.end()) return "";
  const std::string_view pair = std::string_view(found->second).substr(0, found->second.find(';'));
  for (const std::string_view name : {"otaru=", "__Host-otaru="}) {
    if (pair.starts_with(name)) return std::string(pair.substr(name.size()));
  }
  return "";
}

base::Result<ApiReply> end_session(const Connection& kept) {
  Client client(kept.server, kept.key, kept.ca_file);
  ApiRequest request;
  request.method = "POST";
  request.path = "/api/v1/logout";
  return client.send(request);
}

base::Result<std::string> end_of_session(Client& client) {
  OTARU_TRY(sessions, call(client, "GET", "/api/v1/sessions"));
  const auto items = sessions.root().find("items");
  for (size_t i = 0; i < items.size(); ++i) {
    if (items.at(i).find("this").boolean() != true) continue;
    if (const auto end = items.at(i).find("expires_at").text()) return std::string(*end);
  }
  return base::fail(Code::internal, "the server does not know the session that it began");
}

// A variable that goes before what is kept would make the command look as if it did nothing.
void warn_of_variable(const Environment& environment) {
  if (environment("OTARU_KEY").value_or("").empty()) return;
  std::fputs("otaru: OTARU_KEY is set, and commands use it instead of what is kept\n", stderr);
}

void show_login(const Connection& kept, base::JsonView me, const std::string& until,
                const std::string& path, bool json) {
  const bool must_change = me.find("must_change_password").boolean() == true;
  if (json) {
    base::JsonWriter out;
    out.begin_object();
    out.member("server", kept.server);
    for (const char* member : {"name", "role", "tenant"}) {
      out.member(member, me.find(member).text().value_or(""));
    }
    out.member("expires_at", until);
    out.member("must_change_password", must_change);
    out.end_object();
    emit(out.take() + "\n");
    return;
  }
  constexpr int64_t kHourMs = 3600 * 1000;
  emit(kept.server + " answers " + value_text(me.find("name")) + " as " +
       value_text(me.find("role")) + "; good until " + printable(until) + ", or " +
       std::to_string(base::limits::kLoginIdleMs / kHourMs) +
       " hours after the last use; kept in " + path + "\n");
  if (must_change) {
    emit("The password has to be changed first: " + kept.server + "/api/v1/login\n");
  }
}

}  // namespace

int login_person(const Connection& connection, const std::string& user, const std::string& keep_as,
                 const Environment& environment, bool json) {
  const std::string password = read_secret("Password of " + printable(user) + ": ");
  if (interrupted()) return interrupt_exit_code();
  if (password.empty()) {
    std::fprintf(stderr, "otaru: no password was given; pipe it in or type it\n");
    return kExitUsage;
  }
  base::JsonWriter body;
  body.begin_object();
  body.member("name", user);
  body.member("password", password);
  body.end_object();
  ApiRequest request;
  request.method = "POST";
  request.path = "/api/v1/login";
  request.body = body.take();
  Client stranger(connection.server, "", connection.ca_file);
  const auto reply = stranger.send(request);
  if (!reply) return print_error(reply.error());
  if (!reply->good()) return print_refusal(*reply);
  Connection kept = connection;
  kept.name = keep_as;
  kept.key = token_of(*reply);
  const auto me = base::JsonDocument::parse(reply->body);
  if (!me || kept.key.empty()) {
    return print_error({Code::internal, "the server's answer begins no session", {}});
  }
  Client client(kept.server, kept.key, kept.ca_file);
  const auto until = end_of_session(client);
  const std::string path = config_path(environment);
  const auto saved = until ? save_connection(kept, path) : base::fail(until.error());
  if (!saved) {
    static_cast<void>(end_session(kept));  // nobody has its token
    return print_error(saved.error());
  }
  show_login(kept, me->root(), *until, path, json);
  warn_of_variable(environment);
  return kExitOk;
}

int logout(const Connection& connection, const Environment& environment, bool json) {
  const std::string path = config_path(environment);
  auto kept = read_kept(path);
  if (!kept) return print_error(kept.error());
  const auto name = kept_name(*kept, connection);
  if (!name) return print_error(name.error());
  Connection& row = kept->servers[*name];
  const bool session = row.key.starts_with(kSessionPrefix);
  if (session) {
    Connection with = connection;
    with.key = row.key;
    const auto reply = end_session(with);
    // Kept when nobody answered: a session that lives on can still be ended.
    if (!reply) return print_error(reply.error());
    constexpr int kEndedBefore = 401;
    if (!reply->good() && reply->status != kEndedBefore) return print_refusal(*reply);
  }
  row.key.clear();
  if (const auto written = write_kept(*kept, path); !written) return print_error(written.error());
  if (json) {
    base::JsonWriter out;
    out.begin_object();
    out.member("server", connection.server);
    out.member("session_ended", session);
    out.end_object();
    emit(out.take() + "\n");
  } else {
    emit((session ? "the session at " : "the key of ") + connection.server +
         (session ? " has ended; its token is forgotten\n" : " is forgotten; it stays valid\n"));
  }
  warn_of_variable(environment);
  return kExitOk;
}

int whoami(Session& session) {
  const auto me = call(session.client, "GET", "/api/v1/me");
  if (!me) return print_error(me.error());
  if (session.json) {
    emit(json_line(me->root()) + "\n");
    return kExitOk;
  }
  const std::vector<Column> columns = {{"KIND", "kind"}, {"ID", "id"},       {"NAME", "name"},
                                       {"ROLE", "role"}, {"SCOPE", "scope"}, {"TENANT", "tenant"}};
  std::vector<std::string> cells;
  for (const auto& column : columns) cells.push_back(value_text(me->root().find(column.member)));
  emit(format_table(columns, {cells}));
  return kExitOk;
}

}  // namespace otaru::cli
