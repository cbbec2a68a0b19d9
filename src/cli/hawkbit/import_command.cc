// SPDX-License-Identifier: Apache-2.0
#include "cli/hawkbit/import_command.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/encoding.h"
#include "base/limits.h"
#include "cli/cli11.h"
#include "cli/hawkbit/importer.h"
#include "cli/process.h"

namespace otaru::cli {
namespace {

using base::Code;
namespace hb = hawkbit;

constexpr const char* kPasswordVariable = "OTARU_IMPORT_HAWKBIT_PASSWORD";
constexpr const char* kSkippable = "modules, sets, filters, targets, rollouts";

base::Result<std::string> password_for(const ImportHawkbitArgs& args,
                                       const Environment& environment) {
  std::string password;
  if (!args.password_file.empty()) {
    std::ifstream in(args.password_file);
    std::getline(in, password);
    if (password.ends_with('\r')) password.pop_back();
    if (!in && password.empty()) {
      return base::fail(Code::invalid, "cannot read a password from " + args.password_file);
    }
    return password;
  }
  if (const auto given = environment(kPasswordVariable); given && !given->empty()) return *given;
  password = read_secret("Password of " + printable(args.user) + " at hawkBit: ");
  if (interrupted()) return base::fail(Code::timeout, "interrupted");
  if (!password.empty()) return password;
  return base::fail(Code::invalid,
                    std::string("no password was given; pipe it in, type it, or give "
                                "--password-file FILE or ") +
                        kPasswordVariable);
}

base::Result<std::vector<hb::Phase>> skipped_phases(const ImportHawkbitArgs& args) {
  std::vector<hb::Phase> out;
  const std::pair<std::string_view, hb::Phase> kWords[] = {{"modules", hb::Phase::modules},
                                                           {"sets", hb::Phase::sets},
                                                           {"filters", hb::Phase::filters},
                                                           {"targets", hb::Phase::targets},
                                                           {"rollouts", hb::Phase::rollouts}};
  for (const auto& [word, phase] : kWords) {
    if (args.targets_only && phase != hb::Phase::targets) out.push_back(phase);
  }
  if (args.targets_only) out.push_back(hb::Phase::others);
  for (const auto& given : args.skip) {
    bool known = false;
    for (const auto& [word, phase] : kWords) {
      if (word != given) continue;
      out.push_back(phase);
      known = true;
    }
    if (known) continue;
    return base::fail(Code::invalid, "--skip '" + printable(given) + "': one of " + kSkippable);
  }
  return out;
}

// Which import a state is of: another one must not go on with it.
std::string identity_of(const ImportHawkbitArgs& args, const std::string& url,
                        const Session& session) {
  std::string out = url + " to " + session.client.server();
  if (!args.tenant.empty()) out += ", tenant " + args.tenant;
  out += ", channel " + args.channel;
  if (args.draft) out += ", drafts";
  if (args.targets_only) out += ", targets only";
  for (const auto& word : args.skip) out += ", without " + word;
  return out;
}

void print_summary(const hb::State& state, const hb::Report& report, const Session& session) {
  if (session.json) {
    base::JsonWriter out;
    out.begin_object();
    out.key("kinds");
    out.begin_array();
    for (size_t i = 0; i < hb::kKinds; ++i) {
      const auto& row = state.tally[i];
      out.begin_object();
      out.member("kind", hb::name_of(static_cast<hb::Kind>(i)));
      out.member("read", row.read);
      out.member("written", row.written);
      out.member("there", row.there);
      out.member("inside", row.inside);
      out.member("not_mapped", row.not_mapped);
      out.end_object();
    }
    out.end_array();
    out.member("report", report.path());
    out.end_object();
    emit(out.take() + "\n");
    return;
  }
  std::vector<std::vector<std::string>> rows;
  for (size_t i = 0; i < hb::kKinds; ++i) {
    const auto& row = state.tally[i];
    if (row.read == 0) continue;
    std::vector<std::string> cells = {std::string(hb::name_of(static_cast<hb::Kind>(i)))};
    for (const int64_t n : {row.read, row.written, row.there, row.inside, row.not_mapped}) {
      cells.push_back(std::to_string(n));
    }
    rows.push_back(std::move(cells));
  }
  emit(format_table({{"KIND", ""},
                     {"READ", ""},
                     {"WRITTEN", ""},
                     {"THERE", ""},
                     {"INSIDE OTHERS", ""},
                     {"NOT MAPPED", ""}},
                    rows));
  const int64_t lines =
      report.for_each_shown(base::limits::kHawkbitReportLinesShown, [](const std::string& line) {
        const auto row = base::JsonDocument::parse(line);
        if (!row) return;
        const auto word = [&](std::string_view member) {
          return printable(row->root().find(member).text().value_or(""));
        };
        const std::string result = word("result") == "not_mapped" ? "not mapped" : word("result");
        emit(result + ": " + word("kind") + " " + word("name") + ": " + word("reason") + "\n");
      });
  const auto shown = static_cast<int64_t>(base::limits::kHawkbitReportLinesShown);
  if (lines > shown) emit("... and " + std::to_string(lines - shown) + " more: ");
  if (lines > 0)
    emit((lines > shown ? "" : "(also in ") + printable(report.path()) +
         (lines > shown ? "\n" : ")\n"));
}

struct Run {
  const ImportHawkbitArgs& args;
  std::string url;
  std::string password;
  std::vector<hb::Phase> skipped;
};

base::Status go(const Run& run, hb::State& state, hb::Report& report, Session& session) {
  const auto& args = run.args;
  const std::string files = args.state_file + ".files";
  const std::string report_file =
      args.report_file.empty() ? args.state_file + ".report" : args.report_file;
  if (!args.dry_run) {
    OTARU_TRY(loaded, hb::load_state(args.state_file, identity_of(args, run.url, session)));
    state = std::move(loaded);
  }
  hb::Management management({run.url, args.user, run.password, args.ca_file});
  OTARU_CHECK(management.probe());
  hb::OtaruSide otaru(session, {args.tenant, args.channel, files, args.draft});
  OTARU_CHECK(otaru.probe());
  OTARU_CHECK(report.open(report_file, state.report_bytes));
  if (state.report_bytes > 0 || state.phase != hb::Phase::others) {
    std::fprintf(stderr, "otaru: going on where the last try stopped (%s)\n",
                 printable(args.state_file).c_str());
  }
  std::error_code error;
  if (!args.dry_run && !std::filesystem::create_directories(files, error) && error) {
    return base::fail(Code::internal, "cannot make " + files + ": " + error.message());
  }
  hb::ImportOptions options;
  options.dry_run = args.dry_run;
  options.draft = args.draft;
  options.state_file = args.dry_run ? "" : args.state_file;
  options.files = files;
  options.skipped = run.skipped;
  OTARU_CHECK(hb::Importer(management, otaru, state, report, options, session).run());
  if (!args.dry_run) {
    std::filesystem::remove_all(files, error);
    ::unlink(args.state_file.c_str());
  }
  return {};
}

}  // namespace

int import_hawkbit(const ImportHawkbitArgs& args, const Environment& environment,
                   Session& session) {
  catch_interrupts();
  const auto url = hb::clean_url(args.url);
  if (!url) return print_error(url.error());
  const auto skipped = skipped_phases(args);
  if (!skipped) return print_error(skipped.error());
  const auto password = password_for(args, environment);
  if (!password) return print_error(password.error());
  const Run run{args, *url, *password, *skipped};
  hb::State state;
  hb::Report report;
  const auto went = go(run, state, report, session);
  if (went) {
    print_summary(state, report, session);
    return kExitOk;
  }
  if (session.terminal) std::fprintf(stderr, "\r\033[K");
  base::Error failed = went.error();
  const bool begun = !args.dry_run && ::access(args.state_file.c_str(), F_OK) == 0;
  if (begun && hb::ends_import(failed)) {
    failed.message += "; the same command goes on where it stopped";
  }
  return print_error(failed);
}

void add_import_hawkbit(CLI::App& import, ImportHawkbitArgs& args,
                        const std::function<void()>& run) {
  auto* sub = import.add_subcommand("hawkbit", "Move an Eclipse hawkBit installation over");
  sub->footer(
      "EXAMPLES\n"
      "  otaru import hawkbit http://hawkbit.example.com:8080 --user admin --dry-run\n"
      "  otaru import hawkbit https://hawkbit.example.com --user 'plant1\\admin' \\\n"
      "      --tenant plant1 --report moved.ndjson\n"
      "  otaru import hawkbit https://hawkbit.example.com --user admin --targets-only\n\n"
      "Reads hawkBit's Management API and writes, through this server's API, products, releases\n"
      "with their files, kits, groups and devices with their tokens; nothing is changed in\n"
      "hawkBit. What cannot be mapped is told at the end, with the reason.\n"
      "It can be stopped at any time: the same command goes on where it stopped, and once it is\n"
      "through, the same command takes over what is new. docs/hawkbit-import.md has it in full.\n"
      "The password is typed without echo or piped in, or comes from --password-file or the\n"
      "variable OTARU_IMPORT_HAWKBIT_PASSWORD. The key of this server needs the role admin.\n"
      "--ca-file is for this server, --hawkbit-ca-file for hawkBit.");
  sub->add_option("URL", args.url, "where hawkBit is, as far as before /rest/v1")->required();
  sub->add_option("--user", args.user, "who reads there; TENANT\\USER where it has tenants")
      ->required();
  sub->add_option("--password-file", args.password_file, "a file with that user's password");
  sub->add_option("--hawkbit-ca-file", args.ca_file,
                  "PEM authorities for hawkBit, instead of the system's");
  sub->add_option("--tenant", args.tenant, "tenant of this server (default: the key's own)");
  sub->add_option("--channel", args.channel, "of the releases (default hawkbit)");
  sub->add_flag("--draft", args.draft, "do not publish releases and kits");
  sub->add_option("--skip", args.skip, std::string("leave out: ") + kSkippable + "; repeatable")
      ->delimiter(',');
  sub->add_flag("--targets-only", args.targets_only, "only targets");
  sub->add_flag("--dry-run", args.dry_run, "only say what would happen");
  sub->add_option("--state", args.state_file,
                  "how far it is (default ./otaru-import-hawkbit.state)");
  sub->add_option("--report", args.report_file,
                  "what was not mapped, as JSON lines (default: beside the state)");
  sub->callback(run);
}

}  // namespace otaru::cli
