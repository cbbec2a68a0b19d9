// SPDX-License-Identifier: Apache-2.0
// `otaru device import|export`: files of devices, with a progress bar and a summary.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/encoding.h"
#include "base/time.h"
#include "cli/process.h"
#include "cli/special.h"

namespace otaru::cli {
namespace {

using base::Code;

constexpr int64_t kPollMs = 250;
constexpr size_t kErrorsShown = 20;

int64_t number(base::JsonView row, std::string_view member) {
  return row.find(member).integer().value_or(0);
}

std::string_view word(base::JsonView row, std::string_view member) {
  return row.find(member).text().value_or("");
}

void show_progress(base::JsonView row, const Session& session) {
  if (!session.terminal || session.json) return;
  const int64_t bytes = number(row, "done_bytes");
  std::string line = progress_line("importing", bytes, number(row, "size_bytes"), 0);
  line += "  " + std::to_string(number(row, "lines")) + " lines";
  if (const int64_t rate = number(row, "lines_per_second"); rate > 0) {
    line += ", " + std::to_string(rate) + "/s";
  }
  std::fprintf(stderr, "\r\033[K%s", line.c_str());
  std::fflush(stderr);
}

// The wrong lines, as many as people read; all of them are `otaru import errors ID`.
void show_errors(const std::string& path, const Session& session) {
  ApiRequest request;
  request.path = path + "/errors";
  const auto reply = session.client.send(request);
  if (!reply || !reply->good()) return;
  std::string_view rest = reply->body;
  size_t shown = 0;
  for (; !rest.empty() && shown < kErrorsShown; ++shown) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const auto error = base::JsonDocument::parse(line);
    if (!error) return;
    const auto row = error->root();
    std::string text = "line " + std::to_string(number(row, "line"));
    if (!word(row, "key").empty()) text += " (" + std::string(word(row, "key")) + ")";
    if (!word(row, "field").empty()) text += " " + std::string(word(row, "field"));
    text += ": " + std::string(word(row, "reason"));
    std::fprintf(stderr, "%s\n", printable(text).c_str());
  }
  if (!rest.empty()) std::fprintf(stderr, "... more: otaru import errors ID\n");
}

int summary(base::JsonView row, const std::string& path, const Session& session) {
  if (session.terminal && !session.json) std::fprintf(stderr, "\r\033[K");
  const std::string_view state = word(row, "state");
  if (session.json) {
    emit(json_line(row) + "\n");
  } else {
    std::string out = "import " + std::to_string(number(row, "id")) + " " + std::string(state);
    if (row.find("dry_run").boolean().value_or(false)) out += " (nothing was written)";
    for (const auto* member : {"created", "updated", "unchanged", "failed"}) {
      out += std::string(out.find(',') == std::string::npos && member[0] == 'c' ? ": " : ", ") +
             std::to_string(number(row, member)) + " " + member;
    }
    emit(out + "\n");
    if (!word(row, "message").empty()) {
      std::fprintf(stderr, "otaru: %s\n", printable(word(row, "message")).c_str());
    }
    if (number(row, "failed") > 0) show_errors(path, session);
  }
  return state == "finished" && number(row, "failed") == 0 ? kExitOk : kExitRefused;
}

base::Result<int64_t> start_import(const DeviceImportArgs& args, Session& session) {
  UploadArgs upload;
  upload.file = args.file;
  upload.state_folder = args.state_folder;
  OTARU_TRY(id, upload_file(upload, session));
  base::JsonWriter body;
  body.begin_object();
  body.member("upload", id);
  body.member("kind", "devices");
  if (!args.format.empty()) body.member("format", args.format);
  body.member("mode", args.mode);
  if (args.dry_run) body.member("dry_run", true);
  if (!args.tenant.empty()) body.member("tenant", args.tenant);
  body.end_object();
  OTARU_TRY(made, call(session.client, "POST", "/api/v1/imports", body.take()));
  return number(made.root(), "id");
}

// An answer that is made while it is sent, into a file or to standard output.
struct Fetch {
  std::string path;
  std::string file;
  bool ndjson = false;
  std::string_view lines_are;  // "devices"
};
int fetch_file(const Fetch& what, Session& session);

std::string export_path(const DeviceExportArgs& args) {
  std::string path = "/api/v1/exports/devices?format=" + args.format;
  if (!args.filter.empty()) path += "&filter=" + base::percent_encode(args.filter);
  if (!args.tenant.empty()) path += "&tenant=" + base::percent_encode(args.tenant);
  return path;
}

}  // namespace

int device_import(const DeviceImportArgs& args, Session& session) {
  catch_interrupts();
  const auto id = start_import(args, session);
  if (!id) return print_error(id.error());
  const std::string path = "/api/v1/imports/" + std::to_string(*id);
  while (true) {
    const auto row = call(session.client, "GET", path);
    if (!row) return print_error(row.error());
    const std::string_view state = word(row->root(), "state");
    const bool over = state != "queued" && state != "running";
    if (over) return summary(row->root(), path, session);
    show_progress(row->root(), session);
    if (interrupted()) {
      std::fprintf(
          stderr, "\notaru: the import goes on; otaru import show %lld, otaru import cancel %lld\n",
          static_cast<long long>(*id), static_cast<long long>(*id));
      return interrupt_exit_code();
    }
    wait_ms(kPollMs);
  }
}

namespace {

int fetch_file(const Fetch& args, Session& session) {
  catch_interrupts();
  const bool to_file = !args.file.empty() && args.file != "-";
  const std::string part = args.file + ".part";
  std::ofstream out;
  if (to_file) out.open(part, std::ios::binary | std::ios::trunc);
  if (to_file && !out) {
    return print_error({Code::invalid, "cannot write " + part + ": " + std::strerror(errno), {}});
  }
  int64_t bytes = 0;
  int64_t lines = 0;
  std::string tail;
  ApiRequest request;
  request.path = args.path;
  request.write = [&](std::string_view piece) {
    bytes += static_cast<int64_t>(piece.size());
    lines += std::count(piece.begin(), piece.end(), '\n');
    tail += piece;
    if (tail.size() > 4096) tail.erase(0, tail.size() - 4096);
    if (session.terminal && !session.json && to_file) {
      std::fprintf(stderr, "\r\033[Kfetching  %lld lines, %s", static_cast<long long>(lines),
                   human_bytes(bytes).c_str());
    }
    if (interrupted()) return false;
    if (!to_file) return emit(piece);
    return static_cast<bool>(out.write(piece.data(), static_cast<std::streamsize>(piece.size())));
  };
  const auto reply = session.client.send(request);
  if (session.terminal && !session.json && to_file) std::fprintf(stderr, "\r\033[K");
  if (to_file) out.close();
  const auto give_up = [&](int code) {
    if (to_file) ::unlink(part.c_str());
    return code;
  };
  if (interrupted()) return give_up(interrupt_exit_code());
  if (!reply) return give_up(print_error(reply.error()));
  if (!reply->good()) return give_up(print_refusal(*reply));
  // The last line of NDJSON says that it is whole; CSV ends with its answer, which libcurl checks.
  const bool whole = !args.ndjson || tail.find("{\"complete\":true") != tail.npos;
  if (!whole) {
    return give_up(print_error({Code::unavailable, "the answer was cut short; try again", {}}));
  }
  if (!to_file) return kExitOk;
  std::error_code renamed;
  std::filesystem::rename(part, args.file, renamed);
  if (renamed) return print_error({Code::internal, args.file + ": " + renamed.message(), {}});
  const std::string count = std::to_string(lines - 1);  // without header, or without last line
  emit(session.json
           ? "{\"file\":\"" + printable(args.file) + "\",\"" + std::string(args.lines_are) +
                 "\":" + count + "}\n"
           : count + " " + std::string(args.lines_are) + " in " + printable(args.file) + "\n");
  return kExitOk;
}

}  // namespace

int device_export(const DeviceExportArgs& args, Session& session) {
  return fetch_file({export_path(args), args.file, args.format == "ndjson", "devices"}, session);
}

int deployment_dossier(const DossierArgs& args, Session& session) {
  const auto id = resolve(Names::deployment, args.deployment, session.client);
  if (!id) return print_error(id.error());
  const std::string path =
      "/api/v1/deployments/" + std::to_string(*id) + "/dossier?format=" + args.format;
  return fetch_file({path, args.file, args.format == "ndjson", "lines"}, session);
}

int import_errors(const std::string& id, Session& session) {
  ApiRequest request;
  request.path = "/api/v1/imports/" + base::percent_encode(id) + "/errors";
  request.write = [](std::string_view piece) { return emit(piece); };
  const auto reply = session.client.send(request);
  if (!reply) return print_error(reply.error());
  return reply->good() ? kExitOk : print_refusal(*reply);
}

}  // namespace otaru::cli
