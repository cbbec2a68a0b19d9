// SPDX-License-Identifier: Apache-2.0
// status and login.
#include <cstdio>

#include "base/encoding.h"
#include "cli/process.h"
#include "cli/special.h"

namespace otaru::cli {

int status(Session& session) {
  const auto server = call(session.client, "GET", "/api/v1");
  if (!server) return print_error(server.error());
  if (session.json) {
    emit(json_line(server->root()) + "\n");
  } else {
    emit(format_details(server->root()));
  }
  return kExitOk;
}

int ready(Session& session) {
  ApiRequest request;
  request.path = "/readyz";
  const auto reply = session.client.send(request);
  if (!reply) return print_error(reply.error());
  if (!reply->good()) return print_refusal(*reply);
  emit(session.json ? "{\"ready\":true}\n" : "ready\n");
  return kExitOk;
}

int login(const Connection& connection, const std::string& given_key, const std::string& keep_as,
          const Environment& environment, bool json) {
  Connection kept = connection;
  kept.name = keep_as;
  kept.key = given_key;
  if (kept.key.empty()) kept.key = std::string(base::trim(read_secret("API key: ")));
  if (interrupted()) return interrupt_exit_code();
  if (kept.key.empty()) {
    std::fprintf(stderr, "otaru: no key was given; pipe it in or type it\n");
    return kExitUsage;
  }
  Client client(kept.server, kept.key, kept.ca_file);
  const auto server = call(client, "GET", "/api/v1");
  if (!server) return print_error(server.error());
  const std::string path = config_path(environment);
  if (const auto saved = save_connection(kept, path); !saved) return print_error(saved.error());
  if (json) {
    emit(json_line(server->root()) + "\n");
  } else {
    emit(kept.server + " answers as " + value_text(server->root().find("role")) + "; kept in " +
         path + "\n");
  }
  return kExitOk;
}

int kept_servers(ServerVerb verb, const std::string& name, const std::string& path, bool json) {
  auto kept = read_kept(path);
  if (!kept) return print_error(kept.error());
  if (verb == ServerVerb::list) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& [known, row] : kept->servers) {
      const bool in_use = known == kept->in_use;
      rows.push_back({printable(known), printable(row.server), in_use ? "yes" : "no"});
      if (!json) continue;
      base::JsonWriter out;
      out.begin_object();
      out.member("name", known);
      out.member("server", row.server);
      out.member("in_use", in_use);
      out.end_object();
      emit(out.take() + "\n");
    }
    if (!json) emit(format_table({{"NAME", ""}, {"SERVER", ""}, {"IN USE", ""}}, rows));
    return kExitOk;
  }
  if (!kept->servers.contains(name)) {
    return print_error({base::Code::not_found,
                        "no server is kept as '" + name + "'; `otaru server list` lists them",
                        {}});
  }
  if (verb == ServerVerb::use) kept->in_use = name;
  if (verb == ServerVerb::forget) {
    kept->servers.erase(name);
    if (kept->in_use == name) kept->in_use.clear();
  }
  if (const auto written = write_kept(*kept, path); !written) return print_error(written.error());
  if (!json) emit(printable(name) + (verb == ServerVerb::use ? " is in use\n" : " is forgotten\n"));
  return kExitOk;
}

}  // namespace otaru::cli
