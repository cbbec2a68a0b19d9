// SPDX-License-Identifier: Apache-2.0
// The dossier of a deployment: what it was, who changed it and why, and what became of each device,
// made while it is sent. docs/deployments.md tells operators what is in it.
#include <algorithm>

#include "api/conditions.h"
#include "api/handlers.h"
#include "base/csv.h"

namespace otaru::api {
namespace {

using base::Code;

constexpr size_t kDossierTasksPerPiece = 200;
constexpr size_t kDossierEntriesPerRead = 100;
// People and the server change a deployment some dozens of times; of a script gone wild the newest.
constexpr size_t kDossierEntriesMax = 10'000;

enum class DossierFormat { ndjson, csv };

base::Result<DossierFormat> parse_dossier_format(std::string_view text) {
  if (text == "ndjson") return DossierFormat::ndjson;
  if (text == "csv") return DossierFormat::csv;
  return base::fail(Code::invalid, "it is none of: ndjson, csv");
}

constexpr std::string_view kDossierColumns =
    "record,at,who,what,detail,task,device,slot,product,from_version,target_version,version_now,"
    "attempt,state,failure,result,wave,began,aftermath,updated_at\r\n";
constexpr size_t kDossierColumnCount = 20;

// A line of the table; columns that are not given stay empty.
std::string csv_line(const std::vector<std::string>& cells) {
  std::string out;
  for (size_t i = 0; i < kDossierColumnCount; ++i) {
    if (i > 0) out += ',';
    if (i < cells.size() && !cells[i].empty()) base::append_csv_field(cells[i], out);
  }
  return out + "\r\n";
}

class Dossier {
 public:
  Dossier(app::Engine& engine, domain::DeploymentId id, std::string plan, DossierFormat format)
      : engine_(engine), id_(id), plan_(std::move(plan)), format_(format) {}

  base::Result<bool> produce(std::string& out) {
    if (!begun_) {
      begun_ = true;
      head(out);
      OTARU_CHECK(changes(out));
      return true;
    }
    OTARU_TRY(more, updates(out));
    if (!more && format_ == DossierFormat::ndjson) {
      out += "{\"complete\":true,\"count\":" + std::to_string(count_) + "}\n";
    }
    return more;
  }

 private:
  void head(std::string& out) const {
    if (format_ == DossierFormat::csv) {
      out += kDossierColumns;
      out += csv_line({"deployment", "", "", "", plan_});
    } else {
      out += "{\"deployment\":" + plan_ + "}\n";
    }
  }

  base::Status changes(std::string& out) {
    app::JournalFilter filter;
    filter.subject_kind = "deployment";
    filter.subject_id = std::to_string(id_.value);
    filter.limit = kDossierEntriesPerRead;
    std::vector<std::string> lines;  // newest first
    bool more = true;
    while (more && lines.size() < kDossierEntriesMax) {
      OTARU_TRY(rows, engine_.store().list_journal(filter));
      more = rows.size() == filter.limit;
      for (const auto& row : rows) {
        filter.before = row.sequence;
        lines.push_back(change_line(row));
      }
    }
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) out += *line;
    return {};
  }

  std::string change_line(const app::JournalEntry& row) const {
    if (format_ == DossierFormat::csv) {
      return csv_line({"change", base::iso8601(row.at), row.actor_name, row.action, row.changes});
    }
    base::JsonWriter line;
    line.begin_object();
    time_member(line, "at", row.at);
    line.member("action", row.action);
    line.member("who", row.actor_name);
    line.member("kind", row.actor_kind);
    line.member("request", row.request);
    line.key("changes");
    line.raw(row.changes.empty() ? "[]" : row.changes);
    line.end_object();
    return line.take() + "\n";
  }

  base::Result<bool> updates(std::string& out) {
    app::TaskFilter filter;
    filter.deployment = id_;
    filter.before_id = before_;
    filter.limit = kDossierTasksPerPiece;
    OTARU_TRY(rows, engine_.store().list_tasks(filter));
    for (const auto& task : rows) {
      before_ = task.id.value;
      OTARU_TRY(device, engine_.store().find_device(task.device));
      if (!device) continue;  // deleted meanwhile, with its tasks
      const auto* component = device->component(task.slot);
      append(task, device->key, component == nullptr ? "" : component->version, out);
      ++count_;
    }
    return rows.size() == kDossierTasksPerPiece;
  }

  void append(const domain::Task& task, const std::string& key, const std::string& now,
              std::string& out) const {
    const auto text = [](std::string_view word) { return std::string(word); };
    if (format_ == DossierFormat::csv) {
      out += csv_line({"update",
                       base::iso8601(task.created_at),
                       "",
                       "",
                       "",
                       std::to_string(task.id.value),
                       key,
                       task.slot,
                       std::to_string(task.product.value),
                       task.from_version,
                       task.target_version,
                       now,
                       std::to_string(task.attempt),
                       text(domain::name_of(task.state)),
                       text(domain::name_of(task.failure)),
                       task.result,
                       std::to_string(task.wave),
                       task.began ? "true" : "false",
                       text(domain::name_of(task.aftermath)),
                       base::iso8601(task.updated_at)});
      return;
    }
    base::JsonWriter line;
    line.begin_object();
    line.member("task", task.id.value);
    line.member("device", key);
    line.member("slot", task.slot);
    line.member("product", task.product.value);
    line.member("from_version", task.from_version);
    line.member("target_version", task.target_version);
    line.member("version_now", now);
    line.member("attempt", task.attempt);
    line.member("state", domain::name_of(task.state));
    line.member("failure", domain::name_of(task.failure));
    line.member("result", task.result);
    line.member("wave", task.wave);
    line.member("began", task.began);
    line.member("aftermath", domain::name_of(task.aftermath));
    time_member(line, "created_at", task.created_at);
    time_member(line, "updated_at", task.updated_at);
    line.end_object();
    out += line.text();
    out += '\n';
  }

  app::Engine& engine_;
  domain::DeploymentId id_;
  std::string plan_;  // JSON
  DossierFormat format_;
  bool begun_ = false;
  int64_t before_ = 0;
  int64_t count_ = 0;
};

}  // namespace

Answer get_dossier(Call& call) {
  OTARU_TRY(query, Query::of(call.request));
  const auto format = query.word("format", parse_dossier_format).value_or(DossierFormat::ndjson);
  OTARU_CHECK(query.done());
  OTARU_TRY(id, call.id());
  OTARU_TRY(plan, get_deployment(call));
  const auto work = std::make_shared<Dossier>(*call.parts.engine, domain::DeploymentId{id},
                                              std::string(json_of(plan)), format);
  return streamed(call,
                  format == DossierFormat::csv ? "text/csv; charset=utf-8; header=present"
                                               : "application/x-ndjson",
                  [work](std::string& out) { return work->produce(out); });
}

}  // namespace otaru::api
