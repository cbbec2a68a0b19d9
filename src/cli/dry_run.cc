// SPDX-License-Identifier: Apache-2.0
// `otaru deployment dry-run`: what a deployment would do, before it starts. Starts the job, shows
// how far it is, prints what it found; interrupted, it ends the job.
#include <cstdio>

#include "base/time.h"
#include "cli/moment.h"
#include "cli/process.h"
#include "cli/special.h"

namespace otaru::cli {
namespace {

constexpr int64_t kPollMs = 200;
constexpr size_t kVersionsShown = 20;

int64_t number(base::JsonView row, std::string_view member) {
  return row.find(member).integer().value_or(0);
}

std::string text(base::JsonView row, std::string_view path) {
  return printable(std::string(member_at(row, path).text().value_or("")));
}

void show_progress(base::JsonView row, const Session& session) {
  if (!session.terminal || session.json) return;
  constexpr int64_t kBar = 20;
  const int64_t total = std::max<int64_t>(1, number(row, "devices_total"));
  const int64_t done = std::min(total, number(row, "devices_done"));
  const auto filled = static_cast<size_t>(done * kBar / total);
  std::fprintf(stderr, "\r\033[K[%s%s] %lld %%  %lld of %lld devices, %lld/s",
               std::string(filled, '#').c_str(),
               std::string(static_cast<size_t>(kBar) - filled, '.').c_str(),
               static_cast<long long>(done * 100 / total), static_cast<long long>(done),
               static_cast<long long>(total),
               static_cast<long long>(number(row, "devices_per_second")));
  std::fflush(stderr);
}

// "2 d 3 h", "4 min": two units are enough.
std::string span_text(int64_t seconds) {
  constexpr std::pair<int64_t, const char*> kUnits[] = {
      {86'400, " d"}, {3'600, " h"}, {60, " min"}, {1, " s"}};
  std::string out;
  int parts = 0;
  for (const auto& unit : kUnits) {
    const int64_t count = seconds / unit.first;
    seconds %= unit.first;
    if (count == 0) continue;
    out += (out.empty() ? "" : " ") + std::to_string(count) + unit.second;
    if (++parts == 2) break;
  }
  return out.empty() ? "no time" : out;
}

std::string takes_text(base::JsonView estimate) {
  const auto total = estimate.find("total_s").integer();
  std::string out = total ? "at least " + span_text(*total) : "longer than ten years, or no end";
  out += ": " + span_text(number(estimate, "rate_s")) + " at its rate";
  if (const int64_t soak = number(estimate, "soak_s"); soak > 0) {
    out += ", " + span_text(soak) + " between waves";
  }
  if (const int64_t people = number(estimate, "approvals"); people > 0) {
    out += ", and " + std::to_string(people) + " approvals by people";
  }
  if (const int64_t open = number(estimate, "windows_open_percent"); open < 100) {
    out += "; its windows are open " + std::to_string(open) + " % of the week";
  }
  return out;
}

std::vector<std::string> total_cells(base::JsonView row) {
  std::vector<std::string> out;
  for (const auto* member : {"updates", "full", "delta", "chain"}) {
    out.push_back(std::to_string(number(row, member)));
  }
  out.push_back(human_bytes(number(row, "bytes")));
  return out;
}

void print_totals(base::JsonView rows, const char* title, const char* member, size_t limit) {
  std::vector<std::vector<std::string>> cells;
  for (size_t i = 0; i < rows.size() && i < limit; ++i) {
    auto row = total_cells(rows.at(i));
    std::string name = text(rows.at(i), member);
    if (name.empty()) name = "(none)";
    row.insert(row.begin(), std::move(name));
    cells.push_back(std::move(row));
  }
  if (cells.empty()) return;
  emit(
      "\n" +
      format_table(
          {{title, ""}, {"UPDATES", ""}, {"FULL", ""}, {"DELTA", ""}, {"CHAIN", ""}, {"BYTES", ""}},
          cells));
  if (rows.size() > limit) emit("... " + std::to_string(rows.size() - limit) + " more: --json\n");
}

void print_groups(base::JsonView groups, const DryRunArgs& args) {
  std::vector<std::vector<std::string>> cells;
  std::string sentences;
  for (size_t i = 0; i < groups.size(); ++i) {
    const auto group = groups.at(i);
    std::string devices;
    const auto keys = group.find("devices");
    for (size_t k = 0; k < keys.size(); ++k) {
      devices += (k > 0 ? ", " : "") + printable(std::string(keys.at(k).text().value_or("")));
    }
    cells.push_back({text(group, "fate"), text(group, "reason"),
                     std::to_string(number(group, "updates")), devices});
    const auto example = group.find("example");
    if (!example.is_object()) continue;
    sentences +=
        "\n" + text(example, "device") + ": " + text(example, "sentence." + args.language) + "\n";
    const auto trace = example.find("trace");
    std::vector<std::vector<std::string>> rules;
    for (size_t k = 0; args.trace && k < trace.size(); ++k) {
      rules.push_back({"  " + value_text(trace.at(k).find("rule")),
                       trace.at(k).find("passed").boolean().value_or(false) ? "ok" : "no",
                       value_text(trace.at(k).find("detail"))});
    }
    if (!rules.empty()) {
      sentences += format_table({{"  RULE", ""}, {"", ""}, {"VALUES", ""}}, rules);
    }
  }
  if (cells.empty()) return;
  emit("\n" +
       format_table({{"FATE", ""}, {"REASON", ""}, {"UPDATES", ""}, {"FOR EXAMPLE", ""}}, cells));
  emit(sentences);
}

int print_result(base::JsonView row, const DryRunArgs& args, const Session& session) {
  if (session.terminal && !session.json) std::fprintf(stderr, "\r\033[K");
  const bool finished = text(row, "state") == "finished";
  if (session.json) {
    emit(json_line(row) + "\n");
    return finished ? kExitOk : kExitRefused;
  }
  if (!finished) return print_error({base::Code::internal, text(row, "message"), {}});
  const auto count = [&](const char* member) { return std::to_string(number(row, member)); };
  emit("as at " + value_text(row.find("at")) + "; nothing was changed\n");
  emit("devices  " + count("devices_done") + " looked at, " + count("devices_concerned") +
       " with its products, " + count("devices_matching") + " would be updated\n");
  emit("updates  " + count("updates") + ": " + count("full") + " full, " + count("delta") +
       " delta, " + count("chain") + " in several steps; " + human_bytes(number(row, "bytes")) +
       "\n");
  emit("takes    " + takes_text(row.find("estimate")) + "\n");
  print_totals(row.find("waves"), "WAVE", "name", kVersionsShown);
  print_totals(row.find("from_versions"), "FROM", "version", kVersionsShown);
  print_groups(row.find("groups"), args);
  return kExitOk;
}

base::Result<std::string> start(const DryRunArgs& args, Session& session) {
  OTARU_TRY(id, resolve(Names::deployment, args.deployment, session.client));
  base::JsonWriter body;
  body.begin_object();
  if (!args.at.empty()) {
    OTARU_TRY(at, parse_moment(args.at, base::SystemClock().now()));
    body.member("at", base::iso8601(at));
  }
  body.end_object();
  const std::string path = "/api/v1/deployments/" + std::to_string(id) + "/dry-runs";
  OTARU_TRY(made, call(session.client, "POST", path, body.take()));
  return path + "/" + std::to_string(number(made.root(), "n"));
}

}  // namespace

int deployment_dry_run(const DryRunArgs& args, Session& session) {
  catch_interrupts();
  const auto path = start(args, session);
  if (!path) return print_error(path.error());
  while (true) {
    const auto row = call(session.client, "GET", *path);
    if (!row) return print_error(row.error());
    const std::string state = text(row->root(), "state");
    if (state != "queued" && state != "running") return print_result(row->root(), args, session);
    show_progress(row->root(), session);
    if (interrupted()) {
      ApiRequest request;
      request.method = "DELETE";
      request.path = *path;
      const auto ended = session.client.send(request);
      std::fprintf(stderr, "\notaru: the dry run %s\n",
                   ended && ended->good() ? "was ended" : "goes on: the server did not answer");
      return interrupt_exit_code();
    }
    wait_ms(kPollMs);
  }
}

}  // namespace otaru::cli
