// SPDX-License-Identifier: Apache-2.0
// `otaru explain`: why a device is, or is not, offered an update, in a sentence, and with --trace
// every deployment of its products with every rule and the values that were compared.
#include <cstdio>

#include "base/encoding.h"
#include "base/time.h"
#include "cli/moment.h"
#include "cli/special.h"

namespace otaru::cli {
namespace {

std::string_view word(base::JsonView row, std::string_view member) {
  return row.find(member).text().value_or("");
}

// What the standing of a deployment means to people.
std::string standing_text(std::string_view standing) {
  if (standing == "decided") return "decided this";
  if (standing == "looked_at") return "looked at";
  if (standing == "not_reached") return "not reached: another one decided before";
  if (standing == "not_running") return "does not run; as if it did";
  return "ended";
}

class TraceTable {
 public:
  explicit TraceTable(const Session& session) : session_(session) {}

  void add(base::JsonView step) {
    const bool passed = step.find("passed").boolean().value_or(false);
    rows_.push_back({"  " + value_text(step.find("rule")), passed ? "ok" : "no",
                     value_text(step.find("detail"))});
    failed_.push_back(!passed);
  }

  // Aligned; on a screen what says no is red.
  void print() {
    if (rows_.empty()) return;
    const std::string text = format_table({{"  RULE", ""}, {"", ""}, {"VALUES", ""}}, rows_);
    std::string out;
    size_t line = 0;
    for (size_t at = 0; at < text.size(); ++line) {
      const size_t end = std::min(text.find('\n', at), text.size());
      const bool red = session_.screen && line > 0 && line <= failed_.size() && failed_[line - 1];
      if (red) out += "\033[31m";
      out += text.substr(at, end - at);
      if (red) out += "\033[0m";
      out += '\n';
      at = end + 1;
    }
    emit(out);
    rows_.clear();
    failed_.clear();
  }

 private:
  const Session& session_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<bool> failed_;
};

void print_trace(base::JsonView item, const ExplainArgs& args, const Session& session) {
  TraceTable table(session);
  const auto trace = item.find("trace");
  emit("\nthe device and its task\n");
  for (size_t i = 0; i < trace.size(); ++i) {
    // The rules of deployments stand with each of them.
    const std::string_view rule = word(trace.at(i), "rule");
    const bool own =
        trace.at(i).find("deployment").is_null() || rule.starts_with("task_") || rule == "give_way";
    if (own) table.add(trace.at(i));
  }
  table.print();
  const auto deployments = item.find("deployments");
  for (size_t i = 0; i < deployments.size(); ++i) {
    const auto view = deployments.at(i);
    emit("\ndeployment " + value_text(view.find("id")) + " '" +
         printable(std::string(word(view, "name"))) + "' (" + value_text(view.find("state")) +
         ", priority " + value_text(view.find("priority")) +
         "): " + standing_text(word(view, "standing")) + "\n  " +
         printable(std::string(member_at(view, "sentence." + args.language).text().value_or(""))) +
         "\n");
    const auto rules = view.find("rules");
    for (size_t k = 0; k < rules.size(); ++k) table.add(rules.at(k));
    table.print();
  }
}

void print_explained(base::JsonView item, const ExplainArgs& args, const Session& session) {
  const auto sentence = member_at(item, "sentence." + args.language).text();
  emit(value_text(item.find("slot")) + ": " +
       (sentence ? printable(std::string(*sentence)) : std::string("-")) + "\n");
  if (args.trace) print_trace(item, args, session);
}

base::Result<std::string> explain_path(const ExplainArgs& args, Session& session) {
  std::string path = "/api/v1/devices/" + base::percent_encode(args.device) + "/explain";
  char joint = '?';
  const auto add = [&](const std::string& name, const std::string& value) {
    path += joint + name + "=" + base::percent_encode(value);
    joint = '&';
  };
  if (!args.product.empty()) {
    OTARU_TRY(product, resolve(Names::product, args.product, session.client));
    add("product", std::to_string(product));
  }
  if (!args.version.empty()) add("version", args.version);
  if (!args.tenant.empty()) add("tenant", args.tenant);
  if (!args.door.empty()) add("door", args.door);
  if (!args.at.empty()) {
    OTARU_TRY(at, parse_moment(args.at, base::SystemClock().now()));
    add("at", base::iso8601(at));
  }
  for (const auto& label : args.labels) add("label", label);
  for (const int64_t permission : args.permissions) add("permission", std::to_string(permission));
  return path;
}

}  // namespace

int explain(const ExplainArgs& args, Session& session) {
  const auto path = explain_path(args, session);
  if (!path) return print_error(path.error());
  const auto answer = call(session.client, "GET", *path);
  if (!answer) return print_error(answer.error());
  if (session.json) {
    emit(json_line(answer->root()) + "\n");
    return kExitOk;
  }
  const auto items = answer->root().find("items");
  if (items.size() == 0) {
    emit("This device has not said yet what it runs; --product says what to look at.\n");
  }
  for (size_t i = 0; i < items.size(); ++i) print_explained(items.at(i), args, session);
  if (!args.at.empty() && items.size() > 0) {
    emit("(as at " + value_text(answer->root().find("at")) + "; without rates and brakes)\n");
  }
  return kExitOk;
}

}  // namespace otaru::cli
