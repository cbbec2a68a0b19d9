// SPDX-License-Identifier: Apache-2.0
#include "server/maintenance.h"

#include <unistd.h>

#include <cstdio>

#include "base/json.h"
#include "base/random.h"
#include "base/time.h"
#include "cli/connection.h"
#include "cli/output.h"
#include "cli/process.h"
#include "maintain/maintain.h"
#include "server/config.h"

namespace otaru::server {
namespace {

using cli::kExitOk;
using cli::kExitRefused;
using cli::kExitUsage;
using cli::MaintainArgs;

constexpr int64_t kProgressEveryMs = 100;

int print(const base::Error& error) {
  const int code = cli::print_error(error);
  return cli::interrupted() ? cli::interrupt_exit_code() : code;
}

base::Result<Config> config_of(const MaintainArgs& args) {
  ConfigSources sources;
  sources.file = args.settings.config_file;
  sources.environment = cli::process_environment();
  sources.flags = args.settings.settings;
  return load_config(sources);
}

// One line on a terminal that is written over; nothing elsewhere. Ends the work on Ctrl-C.
class Bar {
 public:
  explicit Bar(const base::Clock& clock) : clock_(clock), terminal_(::isatty(STDERR_FILENO) == 1) {
    cli::catch_interrupts();
  }
  ~Bar() {
    if (shown_) std::fprintf(stderr, "\r\033[K");
  }
  Bar(const Bar&) = delete;
  Bar& operator=(const Bar&) = delete;

  bool operator()(std::string_view what, int64_t done, int64_t total) {
    if (cli::interrupted()) return false;
    if (!terminal_ || total <= 0) return true;
    const base::Time now = clock_.now();
    if (what != what_) {
      what_ = what;
      began_ = now;
    } else if (now - last_ < kProgressEveryMs) {
      return true;
    }
    last_ = now;
    shown_ = true;
    const double seconds = static_cast<double>(now - began_) / 1000.0;
    std::fprintf(stderr, "\r\033[K%s", cli::progress_line(what, done, total, seconds).c_str());
    return true;
  }

 private:
  const base::Clock& clock_;
  bool terminal_;
  bool shown_ = false;
  std::string what_;
  base::Time began_;
  base::Time last_;
};

// What the work needs, for as long as it runs.
struct Work {
  base::SystemClock clock;
  base::SecureRandom random;
  Bar bar{clock};
  maintain::Context context;
  explicit Work(const std::string& version) {
    context.version = version;
    context.clock = &clock;
    context.random = &random;
    context.progress = [this](std::string_view what, int64_t done, int64_t total) {
      return bar(what, done, total);
    };
  }
};

int backup(const std::string& version, const MaintainArgs& args) {
  const auto config = config_of(args);
  if (!config) return print(config.error());
  base::Result<maintain::BackupResult> done = maintain::BackupResult{};
  {
    Work work(version);
    done = maintain::backup(config->data, args.folder, work.context);
  }
  if (!done) return print(done.error());
  if (args.json) {
    base::JsonWriter out;
    out.begin_object();
    out.member("folder", args.folder);
    out.member("schema", done->schema);
    out.member("database_bytes", done->database_bytes);
    out.member("files", done->files);
    out.member("files_bytes", done->files_bytes);
    out.member("files_copied", done->files_copied);
    out.key("missing");
    out.begin_array();
    for (const auto& line : done->missing) out.value(line);
    out.end_array();
    out.end_object();
    cli::emit(out.take() + "\n");
  } else {
    cli::emit("backed up to " + args.folder + ": database " +
              cli::human_bytes(done->database_bytes) + ", " + std::to_string(done->files) +
              " files of " + cli::human_bytes(done->files_bytes) + " (" +
              std::to_string(done->files_copied) + " new)\n");
  }
  for (const auto& line : done->missing) std::fprintf(stderr, "otaru: missing: %s\n", line.c_str());
  return done->missing.empty() ? kExitOk : kExitRefused;
}

int restore(const std::string& version, const MaintainArgs& args) {
  const auto config = config_of(args);
  if (!config) return print(config.error());
  base::Result<maintain::RestoreResult> done = maintain::RestoreResult{};
  {
    Work work(version);
    done = maintain::restore(args.folder, config->data, work.context);
  }
  if (!done) return print(done.error());
  if (args.json) {
    base::JsonWriter out;
    out.begin_object();
    out.member("data", config->data);
    out.member("made_at", base::iso8601(done->made_at));
    out.member("made_by", done->made_by);
    out.member("schema", done->schema);
    out.member("files", done->files);
    out.member("files_bytes", done->files_bytes);
    out.end_object();
    cli::emit(out.take() + "\n");
  } else {
    cli::emit("restored the backup of " + base::iso8601(done->made_at) + " to " + config->data +
              ": " + std::to_string(done->files) + " files of " +
              cli::human_bytes(done->files_bytes) + "; every hash was right\n");
  }
  return kExitOk;
}

void print_check(const maintain::CheckResult& result) {
  for (const auto& finding : result.findings) {
    const bool problem = finding.severity == maintain::Severity::problem;
    std::string line = finding.repaired ? "repaired: " : problem ? "problem: " : "note: ";
    line += cli::printable(finding.message) + "\n";
    if (!finding.repaired) line += "  " + cli::printable(finding.remedy) + "\n";
    cli::emit(line);
  }
  const int64_t problems = result.problems();
  cli::emit(std::to_string(result.files) + " files of " + cli::human_bytes(result.files_bytes) +
            ", " + (problems == 0 ? "no problem" : std::to_string(problems) + " problems") +
            (result.server_running ? " (a server is running)" : "") + "\n");
}

void print_check_json(const maintain::CheckResult& result) {
  base::JsonWriter out;
  out.begin_object();
  out.member("problems", result.problems());
  out.member("files", result.files);
  out.member("files_bytes", result.files_bytes);
  out.member("server_running", result.server_running);
  out.key("findings");
  out.begin_array();
  for (const auto& finding : result.findings) {
    out.begin_object();
    out.member("severity", finding.severity == maintain::Severity::problem ? "problem" : "note");
    out.member("what", finding.what);
    out.member("message", finding.message);
    out.member("remedy", finding.remedy);
    out.member("repaired", finding.repaired);
    out.end_object();
  }
  out.end_array();
  out.end_object();
  cli::emit(out.take() + "\n");
}

int check(const std::string& version, const MaintainArgs& args) {
  const auto config = config_of(args);
  if (!config) return print(config.error());
  maintain::CheckOptions options;
  options.repair = args.repair;
  options.quick = args.quick;
  base::Result<maintain::CheckResult> done = maintain::CheckResult{};
  {
    Work work(version);
    done = maintain::check(config->data, options, work.context);
  }
  if (!done) return print(done.error());
  if (args.json) {
    print_check_json(*done);
  } else {
    print_check(*done);
  }
  return done->problems() == 0 ? kExitOk : kExitRefused;
}

int migrate(const MaintainArgs& args) {
  const auto config = config_of(args);
  if (!config) return print(config.error());
  const auto done = maintain::migrate(config->data, args.dry_run);
  if (!done) return print(done.error());
  if (args.json) {
    base::JsonWriter out;
    out.begin_object();
    out.member("from", done->from);
    out.member("to", done->to);
    out.key("steps");
    out.begin_array();
    for (const auto& step : done->steps) out.value(step);
    out.end_array();
    out.end_object();
    cli::emit(out.take() + "\n");
    return kExitOk;
  }
  if (done->steps.empty()) {
    cli::emit("the database has schema " + std::to_string(done->from) + ": nothing to do\n");
    return kExitOk;
  }
  for (const auto& step : done->steps) {
    cli::emit((args.dry_run ? "would apply " : "applied ") + step + "\n");
  }
  return kExitOk;
}

// What must not stand on a screen.
bool is_secret(std::string_view name) {
  return name.find("secret") != std::string_view::npos ||
         name.find("password") != std::string_view::npos;
}

int show_config(const Config& config, bool json) {
  std::vector<std::vector<std::string>> rows;
  base::JsonWriter out;
  out.begin_object();
  for (const auto& key : config_keys()) {
    std::string value;
    std::string source = "default";
    for (const auto& applied : config.applied) {
      if (applied.name != key.name) continue;
      value = is_secret(key.name) && !applied.value.empty() ? "***" : applied.value;
      source = applied.source;
    }
    rows.push_back({std::string(key.name), value, source});
    out.key(key.name);
    out.begin_object();
    if (source != "default") out.member("value", value);
    out.member("source", source);
    out.end_object();
  }
  out.end_object();
  cli::emit(json ? out.take() + "\n"
                 : cli::format_table({{"NAME", ""}, {"VALUE", ""}, {"FROM", ""}}, rows));
  return kExitOk;
}

int list_config(bool json) {
  std::vector<std::vector<std::string>> rows;
  base::JsonWriter out;
  out.begin_object();
  for (const auto& key : config_keys()) {
    rows.push_back({std::string(key.name), std::string(key.value_name), std::string(key.help)});
    out.key(key.name);
    out.begin_object();
    out.member("value", key.value_name);
    out.member("help", key.help);
    out.end_object();
  }
  out.end_object();
  cli::emit(json ? out.take() + "\n"
                 : cli::format_table({{"NAME", ""}, {"VALUE", ""}, {"MEANING", ""}}, rows));
  return kExitOk;
}

int config(cli::ConfigVerb verb, const MaintainArgs& args) {
  if (verb == cli::ConfigVerb::list) return list_config(args.json);
  const auto read = config_of(args);
  if (!read) {
    cli::print_error(read.error());
    return kExitUsage;
  }
  if (verb == cli::ConfigVerb::show) return show_config(*read, args.json);
  cli::emit(args.json ? "{\"right\":true}\n" : "the settings are right\n");
  return kExitOk;
}

}  // namespace

void add_maintenance_hooks(cli::Hooks& hooks) {
  const std::string version = hooks.version;
  hooks.backup = [version](const MaintainArgs& args) { return backup(version, args); };
  hooks.restore = [version](const MaintainArgs& args) { return restore(version, args); };
  hooks.check = [version](const MaintainArgs& args) { return check(version, args); };
  hooks.migrate = migrate;
  hooks.config = config;
}

}  // namespace otaru::server
