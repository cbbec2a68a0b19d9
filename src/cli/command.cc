// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <cstdio>
#include <fstream>

#include "base/encoding.h"
#include "base/time.h"
#include "cli/process.h"

namespace otaru::cli {
namespace {

using base::Code;

// Long enough for every list a person reads; pages follow one another.
constexpr int64_t kPageSize = 500;
// Device keys of one request: the longest ones stay within what the server takes as a body.
constexpr size_t kKeysPerRequest = 20'000;
constexpr int64_t kWatchSecondsMax = 3'600;

std::vector<std::string> split_commas(const std::vector<std::string>& texts) {
  std::vector<std::string> out;
  for (const auto& text : texts) {
    size_t from = 0;
    while (from <= text.size()) {
      const size_t comma = std::min(text.find(',', from), text.size());
      if (comma > from) out.push_back(text.substr(from, comma - from));
      from = comma + 1;
    }
  }
  return out;
}

base::Result<std::vector<std::string>> read_lines(const std::string& path) {
  std::ifstream in(path);
  if (!in) return base::fail(Code::invalid, "cannot read " + path);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) {
    const auto text = base::trim(line);
    if (!text.empty() && text.front() != '#') out.emplace_back(text);
  }
  return out;
}

base::Status write_value(const Flag& flag, const std::vector<std::string>& texts, Client& client,
                         base::JsonWriter& json) {
  const auto number = [&](const std::string& text) -> base::Result<int64_t> {
    if (flag.names != Names::nothing) return resolve(flag.names, text, client);
    const auto value = base::parse_int(text);
    if (!value)
      return base::fail(Code::invalid, "--" + flag.name + ": '" + text + "' is no number");
    return *value;
  };
  switch (flag.type) {
    case FlagType::text:
      if (flag.names == Names::nothing) {
        json.value(texts.back());
        return {};
      }
      [[fallthrough]];
    case FlagType::integer: {
      OTARU_TRY(value, number(texts.back()));
      json.value(value);
      return {};
    }
    case FlagType::boolean:
      json.value(texts.back() != "false");
      return {};
    case FlagType::texts:
    case FlagType::integers: {
      json.begin_array();
      for (const auto& text : split_commas(texts)) {
        if (flag.type == FlagType::texts) {
          json.value(text);
          continue;
        }
        OTARU_TRY(value, number(text));
        json.value(value);
      }
      json.end_array();
      return {};
    }
    case FlagType::map:
    case FlagType::map_change: {
      json.begin_object();
      for (const auto& text : texts) {
        const size_t equals = text.find('=');
        if (equals == std::string::npos || equals == 0) {
          return base::fail(Code::invalid, "--" + flag.name + ": '" + text + "' is not KEY=VALUE");
        }
        if (flag.type == FlagType::map_change && equals + 1 == text.size()) {
          json.null_member(text.substr(0, equals));
        } else {
          json.member(text.substr(0, equals), text.substr(equals + 1));
        }
      }
      json.end_object();
      return {};
    }
    case FlagType::lines_file: {
      OTARU_TRY(lines, read_lines(texts.back()));
      json.begin_array();
      for (const auto& line : lines) json.value(line);
      json.end_array();
      return {};
    }
  }
  return {};
}

bool has_body(const Command& command) {
  return command.method == "POST" || command.method == "PATCH" || command.method == "PUT";
}

base::Result<std::string> query_of(const Command& command, const Values& values, Client& client) {
  std::string out;
  std::vector<Flag> flags = command.flags;
  for (auto& flag : list_flags(command)) flags.push_back(std::move(flag));
  for (const auto& flag : flags) {
    const auto found = values.find(flag.name);
    if (flag.member.empty()) continue;
    if (found == values.end() || (has_body(command) && !flag.in_query)) continue;
    std::string text = found->second.back();
    if (flag.names != Names::nothing) {
      OTARU_TRY(id, resolve(flag.names, text, client));
      text = std::to_string(id);
    }
    out += (out.empty() ? "?" : "&") + flag.member + "=" + base::percent_encode(text);
  }
  return out;
}

base::Result<std::string> path_of(const Command& command, const Values& values, Client& client) {
  std::string path = command.path;
  for (const auto& argument : command.arguments) {
    const size_t at = path.find(argument.member);
    if (argument.member.front() != '{' || at == std::string::npos) continue;
    std::string text = values.at(argument.name).back();
    if (argument.names != Names::nothing) {
      OTARU_TRY(id, resolve(argument.names, text, client));
      text = std::to_string(id);
    }
    path.replace(at, argument.member.size(), base::percent_encode(text));
  }
  return path;
}

// How many rows a list shows; 0: all, as without --limit.
base::Result<int64_t> limit_of(const Values& values) {
  const auto given = values.find("limit");
  if (given == values.end() || values.contains("all")) return 0;
  const auto limit = base::parse_int(given->second.back());
  if (!limit || *limit < 1) return base::fail(Code::invalid, "--limit must be a number from 1 on");
  return *limit;
}

// The columns of a table, or the members that --fields names.
class ListColumns {
 public:
  ListColumns(const Command& command, const Values& values) : columns_(command.columns) {
    const auto given = values.find("fields");
    if (given == values.end()) return;
    std::string_view rest = given->second.back();
    while (!rest.empty()) {
      const size_t end = std::min(rest.find(','), rest.size());
      names_.emplace_back(base::trim(rest.substr(0, end)));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    for (const auto& name : names_) {
      std::string title = name;
      for (char& c : title)
        c = c == '_' ? ' ' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      titles_.push_back(std::move(title));
    }
    columns_.clear();
    for (size_t i = 0; i < names_.size(); ++i) columns_.push_back({titles_[i], names_[i]});
  }
  const std::vector<Column>& get() const { return columns_; }

 private:
  std::vector<std::string> names_;
  std::vector<std::string> titles_;
  std::vector<Column> columns_;
};

// Shows where a filter is wrong: the server says "column N: ...".
void point_at_filter(const ApiReply& reply, const Values& values) {
  const auto given = values.find("filter");
  const auto document = base::JsonDocument::parse(reply.body);
  if (given == values.end() || !document) return;
  const auto root = document->root();
  const std::string_view detail = root.find("detail").text().value_or("");
  constexpr std::string_view kColumn = "column ";
  if (root.find("field").text().value_or("") != "filter" || !detail.starts_with(kColumn)) return;
  const auto number = detail.substr(kColumn.size(), detail.find(':') - kColumn.size());
  const auto column = base::parse_int(number);
  const std::string filter = printable(given->second.back());
  if (!column || *column < 1 || static_cast<size_t>(*column) > filter.size() + 1) return;
  std::fprintf(stderr, "  %s\n  %s^\n", filter.c_str(),
               std::string(static_cast<size_t>(*column - 1), ' ').c_str());
}

int run_list(const Command& command, const Values& values, const std::string& path, int64_t limit,
             Session& session) {
  const ListColumns columns(command, values);
  std::vector<std::vector<std::string>> rows;
  int64_t count = 0;
  const auto reply = for_each_item(session.client, path, [&](base::JsonView item) {
    ++count;
    if (session.json) return emit(json_line(item) + "\n") && count != limit;
    std::vector<std::string> row;
    for (const auto& column : columns.get()) {
      row.push_back(value_text(member_at(item, column.member)));
    }
    rows.push_back(std::move(row));
    return count != limit;
  });
  if (!reply) return print_error(reply.error());
  if (!reply->good()) {
    const int exit_code = print_refusal(*reply);
    if (!session.json) point_at_filter(*reply, values);
    return exit_code;
  }
  if (!session.json && rows.empty()) std::fprintf(stderr, "none\n");
  if (!session.json && !rows.empty()) emit(format_table(columns.get(), rows));
  return kExitOk;
}

}  // namespace

base::Result<std::string> body_of(const Command& command, const Values& values, Client& client) {
  Members members;
  if (const auto plan = values.find("plan"); plan != values.end()) {
    OTARU_TRY(whole, read_plan_file(plan->second, client));
    // A change names what it changes by itself.
    const bool change = command.method == "PATCH";
    for (auto& member : whole) {
      if (change && (member.first == "name" || member.first == "tenant")) continue;
      members.push_back(std::move(member));
    }
  }
  if (!command.fixed.empty()) {
    OTARU_TRY(fixed, base::JsonDocument::parse("{" + command.fixed + "}"));
    for (size_t i = 0; i < fixed.root().size(); ++i) {
      members.emplace_back(fixed.root().key_at(i), base::json_text(fixed.root().at(i)));
    }
  }
  for (const auto& argument : command.arguments) {
    if (argument.member.front() == '{') continue;
    const std::string& text = values.at(argument.name).back();
    base::JsonWriter json;
    if (argument.names == Names::nothing) {
      json.value(text);
    } else {
      OTARU_TRY(id, resolve(argument.names, text, client));
      json.value(id);
    }
    members.emplace_back(argument.member, json.take());
  }
  std::map<std::string, std::string> given;  // member -> the flag it came from
  for (const auto& flag : command.flags) {
    const auto found = values.find(flag.name);
    if (found == values.end() || flag.in_query || flag.name == "plan") continue;
    Members said;
    if (flag.read != nullptr) {
      auto read = flag.read(found->second, client);
      if (!read) {
        auto error = std::move(read).error();
        error.message = "--" + flag.name + ": " + error.message;
        return base::fail(std::move(error));
      }
      said = std::move(*read);
    } else {
      base::JsonWriter json;
      OTARU_CHECK(write_value(flag, found->second, client, json));
      said.emplace_back(flag.member, json.take());
    }
    for (auto& member : said) {
      const auto [earlier, first] = given.emplace(member.first, flag.name);
      if (!first && earlier->second != flag.name) {
        return base::fail(Code::invalid,
                          "give --" + earlier->second + " or --" + flag.name + ", not both");
      }
      members.push_back(std::move(member));
    }
  }
  return object_of(members);
}

base::Result<base::JsonDocument> call(Client& client, const std::string& method,
                                      const std::string& path, const std::string& body) {
  ApiRequest request;
  request.method = method;
  request.path = path;
  request.body = body;
  OTARU_TRY(reply, client.send(request));
  if (!reply.good()) return base::fail(refusal_error(reply));
  return base::JsonDocument::parse(reply.body.empty() ? "{}" : reply.body);
}

base::Result<ApiReply> for_each_item(Client& client, const std::string& path,
                                     const std::function<bool(base::JsonView item)>& each) {
  std::string cursor;
  while (true) {
    ApiRequest request;
    request.path = path;
    // Lists that are always whole take neither.
    if (!cursor.empty()) {
      request.path += (path.find('?') == std::string::npos ? "?" : "&") +
                      ("limit=" + std::to_string(kPageSize)) +
                      "&cursor=" + base::percent_encode(cursor);
    }
    OTARU_TRY(reply, client.send(request));
    if (!reply.good()) return std::move(reply);
    OTARU_TRY(page, base::JsonDocument::parse(reply.body));
    const auto items = page.root().find("items");
    for (size_t i = 0; i < items.size(); ++i) {
      if (!each(items.at(i))) return std::move(reply);
    }
    const auto next = page.root().find("next_cursor").text();
    if (!next) return std::move(reply);
    cursor = std::string(*next);
  }
}

base::Result<int64_t> resolve(Names what, const std::string& text, Client& client) {
  if (const auto number = base::parse_int(text)) return *number;
  std::string path;
  std::string noun;
  std::string name = text;
  std::string member = "name";
  std::string channel;  // of a kit; empty: any
  switch (what) {
    case Names::nothing:
      return base::fail(Code::invalid, "'" + text + "' is not a number");
    case Names::product: {
      noun = "product";
      path = "/api/v1/products";
      // "name/feature" when no product has that whole text as its name.
      break;
    }
    case Names::release: {
      noun = "release";
      const size_t at = text.rfind('@');
      if (at == std::string::npos) {
        return base::fail(Code::invalid,
                          "'" + text + "' is neither a release id nor PRODUCT@VERSION");
      }
      OTARU_TRY(product, resolve(Names::product, text.substr(0, at), client));
      name = text.substr(at + 1);
      member = "version";
      path = "/api/v1/releases?product=" + std::to_string(product);
      break;
    }
    case Names::kit: {
      noun = "kit";
      path = "/api/v1/kits";
      member = "version";
      const size_t at = text.rfind('@');
      if (at == std::string::npos) break;
      channel = text.substr(0, at);
      name = text.substr(at + 1);
      break;
    }
    case Names::group:
      noun = "group";
      path = "/api/v1/groups";
      break;
    case Names::deployment:
      noun = "deployment";
      path = "/api/v1/deployments";
      break;
  }
  std::vector<int64_t> ids;
  OTARU_TRY(reply, for_each_item(client, path, [&](base::JsonView item) {
              const auto value = item.find(member).text();
              std::string whole = value ? std::string(*value) : "";
              const auto feature = item.find("feature").text();
              if (!channel.empty() && item.find("channel").text() != channel) return true;
              const bool matches =
                  whole == name || (what == Names::product && feature && !feature->empty() &&
                                    whole + "/" + std::string(*feature) == name);
              if (matches) ids.push_back(item.find("id").integer().value_or(0));
              return true;
            }));
  if (!reply.good()) return base::fail(refusal_error(reply));
  if (ids.empty()) {
    return base::fail(Code::not_found, "there is no " + noun + " '" + text +
                                           "'; list them with: otaru " + noun + " list");
  }
  if (ids.size() > 1) {
    std::string list;
    for (const auto id : ids) list += (list.empty() ? "" : ", ") + std::to_string(id);
    return base::fail(Code::conflict,
                      "several are called '" + text + "': give one of the ids " + list);
  }
  return ids[0];
}

namespace {

// Long lists of devices travel in slices.
base::Result<std::vector<Values>> slices_of(const Command& command, const Values& values) {
  const auto file = values.find("devices-file");
  if (file == values.end() || values.count("device") > 0) return std::vector<Values>{values};
  OTARU_TRY(keys, read_lines(file->second.back()));
  if (keys.size() <= kKeysPerRequest) return std::vector<Values>{values};
  if (command.verb != "add-devices" && command.verb != "remove-devices") {
    return base::fail(Code::invalid, "more than " + std::to_string(kKeysPerRequest) +
                                         " devices: begin with one and give the file to `otaru "
                                         "deployment add-devices`");
  }
  std::vector<Values> out;
  for (size_t from = 0; from < keys.size(); from += kKeysPerRequest) {
    const size_t to = std::min(from + kKeysPerRequest, keys.size());
    Values slice = values;
    slice.erase("devices-file");
    slice["device"] = {keys.begin() + static_cast<ptrdiff_t>(from),
                       keys.begin() + static_cast<ptrdiff_t>(to)};
    out.push_back(std::move(slice));
  }
  return out;
}

// One request for each of what an argument names.
std::vector<Values> repetitions_of(const Command& command, const Values& values) {
  for (const auto& argument : command.arguments) {
    if (!argument.repeats) continue;
    std::vector<Values> out;
    for (const auto& text : values.at(argument.name)) {
      Values one = values;
      one[argument.name] = {text};
      out.push_back(std::move(one));
    }
    return out;
  }
  return {};
}

enum class Print { no, yes };

int run_request(const Command& command, const Values& values, Print print, Session& session) {
  auto path = path_of(command, values, session.client);
  if (!path) return print_error(path.error());
  const auto query = query_of(command, values, session.client);
  if (!query) return print_error(query.error());
  if (command.method == "GET" && !command.columns.empty()) {
    const auto limit = limit_of(values);
    if (!limit) return print_error(limit.error());
    return run_list(command, values, *path + *query, *limit, session);
  }
  ApiRequest request;
  request.method = command.method;
  request.path = *path + *query;
  if (has_body(command)) {
    auto body = body_of(command, values, session.client);
    if (!body) return print_error(body.error());
    const bool none = std::all_of(command.flags.begin(), command.flags.end(),
                                  [](const Flag& flag) { return flag.in_query; });
    const bool bodyless = none && *body == "{}";
    if (!bodyless) request.body = std::move(*body);
  }
  const auto reply = session.client.send(request);
  if (!reply) return print_error(reply.error());
  if (!reply->good()) return print_refusal(*reply);
  const auto document = base::JsonDocument::parse(reply->body.empty() ? "{}" : reply->body);
  if (!document) {
    return print_error({Code::internal, "the answer is not JSON: is that an Otaru server?", {}});
  }
  if (print == Print::no) return kExitOk;
  if (session.json) {
    emit(json_line(document->root()) + "\n");
  } else if (document->root().size() > 0) {
    emit(command.show != nullptr ? command.show(document->root())
                                 : format_details(document->root()));
  } else if (!command.done.empty()) {
    emit(command.done + "\n");
  }
  return kExitOk;
}

// The same question again and again. On a terminal the answer is written over the last one;
// elsewhere an answer that did not change is not repeated.
int watch_command(const Command& command, const Values& values, int64_t seconds, Session& session) {
  catch_interrupts();
  const bool over = session.screen && !session.json;
  std::string last;
  while (!interrupted()) {
    begin_capture();
    const int exit_code = run_request(command, values, Print::yes, session);
    const std::string now = end_capture();
    if (exit_code != kExitOk) return interrupted() ? interrupt_exit_code() : exit_code;
    if (over) {
      emit("\033[H\033[2J" + now);
    } else if (now != last && !emit(now)) {
      break;
    }
    if (finish_output(kExitOk) != kExitOk) return kExitRefused;
    last = now;
    wait_ms(seconds * base::kSecondMs);
  }
  return interrupt_exit_code();
}

}  // namespace

std::vector<Flag> list_flags(const Command& command) {
  std::vector<Flag> out;
  if (command.method != "GET" || command.columns.empty()) return out;
  constexpr std::string_view kRows[] = {
      "products", "releases", "packages",    "kits",    "deployments",        "devices",
      "groups",   "tasks",    "credentials", "tenants", "devices/{key}/tasks"};
  const bool rows = std::any_of(std::begin(kRows), std::end(kRows), [&](std::string_view path) {
    return command.path == "/api/v1/" + std::string(path);
  });
  if (rows) {
    out.push_back({"filter", "filter", FlagType::text, "only rows that match: docs/filter.md"});
    out.push_back({"sort", "sort", FlagType::text, "by this member; -MEMBER: descending"});
    out.push_back({"fields", "fields", FlagType::text, "these members, separated by commas"});
  }
  out.push_back({"limit", "", FlagType::integer, "so many rows at most"});
  out.push_back({"all", "", FlagType::boolean, "every row, as without --limit"});
  return out;
}

int run_command(const Command& command, const Values& values, Session& session) {
  if (const auto watch = values.find("watch"); watch != values.end()) {
    const auto seconds = base::parse_int(watch->second.back());
    if (!seconds || *seconds < 1 || *seconds > kWatchSecondsMax) {
      return print_error(
          {Code::invalid,
           "--watch: a number of seconds from 1 to " + std::to_string(kWatchSecondsMax),
           {}});
    }
    return watch_command(command, values, *seconds, session);
  }
  if (const auto each = repetitions_of(command, values); !each.empty()) {
    for (const auto& one : each) {
      const int exit_code = run_request(command, one, Print::yes, session);
      if (exit_code != kExitOk) return exit_code;
    }
    return kExitOk;
  }
  const auto slices = slices_of(command, values);
  if (!slices) return print_error(slices.error());
  for (size_t i = 0; i < slices->size(); ++i) {
    const Print print = i + 1 < slices->size() ? Print::no : Print::yes;
    const int exit_code = run_request(command, (*slices)[i], print, session);
    if (exit_code != kExitOk) return exit_code;
  }
  return kExitOk;
}

}  // namespace otaru::cli
