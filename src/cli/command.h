// SPDX-License-Identifier: Apache-2.0
// Commands as data. Most verbs are one request of the API with some flags and some columns; they
// are rows of a table (commands/). What is more than that is a function of its own.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/output.h"
#include "cli/plan_text.h"

namespace otaru::cli {

enum class FlagType {
  text,
  integer,
  boolean,     // a switch: present is true
  texts,       // repeatable, or separated by commas
  integers,    // the same, numbers
  map,         // repeatable key=value
  map_change,  // the same; KEY= removes KEY
  lines_file   // a file with one text per line
};

// What a text on the command line names; names are turned into ids by asking the server.
enum class Names { nothing, product, release, kit, deployment, group };

struct Flag {
  std::string name;    // "version-scheme"
  std::string member;  // of the JSON body, or of the query for lists; "target.release" goes inside
  FlagType type = FlagType::text;
  std::string help;
  Names names = Names::nothing;
  bool required = false;
  bool in_query = false;      // also where the request has a body
  FlagReader read = nullptr;  // what has a short form of its own; `member` is not looked at
};

struct Argument {
  std::string name;    // "PRODUCT"
  std::string member;  // where it goes: "{id}" into the path, else into the body
  std::string help;
  Names names = Names::nothing;
  bool repeats = false;  // several, each a request of its own
};

struct Command {
  std::string noun;
  std::string verb;
  std::string summary;
  std::string method;
  std::string path;  // "/api/v1/products/{id}"
  std::vector<Argument> arguments;
  std::vector<Flag> flags;
  std::vector<Column> columns;  // lists: of the table
  std::string done;             // printed after success when there is nothing else to show
  std::string examples;         // lines of "otaru ..."
  std::string fixed{};          // members every body of this command has: "\"blocked\":true"
  std::string (*show)(base::JsonView) = nullptr;  // how people see the answer
};

const std::vector<Command>& commands();
// What every list has beside its own flags: --filter, --sort, --fields, --limit, --all.
std::vector<Flag> list_flags(const Command& command);
// What a noun is, for the overview.
const std::vector<std::pair<std::string, std::string>>& nouns();

// Everything a command needs while it runs.
struct Session {
  Client& client;
  bool json = false;
  bool terminal = false;  // standard error is one: progress and colours
  bool screen = false;    // standard output is one
};

using Values = std::map<std::string, std::vector<std::string>>;  // flag or argument name -> texts

// Runs a row of the table; prints; returns the exit code.
int run_command(const Command& command, const Values& values, Session& session);

// The JSON body of a command from its values (without arguments that are in the path).
// Code::invalid names the flag.
base::Result<std::string> body_of(const Command& command, const Values& values, Client& client);

// Ids by name: a number is an id; a product by name (or name/feature), a release as
// product@version, a kit by version or channel@version, a deployment by name. Code::not_found, or
// Code::conflict when several are meant.
base::Result<int64_t> resolve(Names what, const std::string& text, Client& client);

// GETs every page of a list path, calling `each` per item; stops when it says false.
base::Result<ApiReply> for_each_item(Client& client, const std::string& path,
                                     const std::function<bool(base::JsonView item)>& each);
// One request whose refusal is an error with the server's own sentence.
base::Result<base::JsonDocument> call(Client& client, const std::string& method,
                                      const std::string& path, const std::string& body = {});

}  // namespace otaru::cli
