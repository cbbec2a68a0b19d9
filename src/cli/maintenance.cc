// SPDX-License-Identifier: Apache-2.0
#include "cli/maintenance.h"

#include "cli/cli.h"
#include "cli/cli11.h"

namespace otaru::cli {
namespace {

std::string with_examples(const std::string& lines) {
  return "EXAMPLES\n" + lines;
}

// Lives while the commands are added; what runs later refers to its callers' things.
class Adder {
 public:
  Adder(MaintainArgs& args, const bool& json, int& exit_code)
      : args_(args), json_(json), exit_code_(exit_code) {}

  CLI::App* add(CLI::App& to, const std::string& name, const std::string& summary,
                const std::function<int(const MaintainArgs&)>& run) {
    auto* sub = to.add_subcommand(name, summary);
    sub->callback([run, &args = args_, &json = json_, &exit_code = exit_code_] {
      args.json = json;
      exit_code = run(args);
    });
    return sub;
  }
  // --data and --config, for commands on the folder of a server.
  void takes_data(CLI::App& sub) {
    sub.add_option_function<std::string>(
           "--data",
           [&args = args_](const std::string& folder) {
             args.settings.settings.emplace_back("data", folder);
           },
           "the data folder (default: that of the settings, ./data)")
        ->type_name("DIR");
    sub.add_option("--config", args_.settings.config_file, "TOML file with the server's settings")
        ->type_name("FILE");
  }

 private:
  MaintainArgs& args_;
  const bool& json_;
  int& exit_code_;
};

void add_folder_commands(CLI::App& app, const Hooks& hooks, MaintainArgs& args, Adder& adder) {
  auto* backup =
      adder.add(app, "backup", "Copy a data folder, also while its server runs", hooks.backup);
  backup->group("Server");
  backup->add_option("FOLDER", args.folder, "where to; an earlier backup is brought up to date")
      ->required();
  adder.takes_data(*backup);
  backup->footer(
      with_examples("  otaru backup /srv/backup/otaru --data /var/lib/otaru\n\n"
                    "The folder holds the master key: keep it as safe as the server."));

  auto* restore = adder.add(app, "restore", "Make a data folder out of a backup", hooks.restore);
  restore->group("Server");
  restore->add_option("FOLDER", args.folder, "the backup")->required();
  adder.takes_data(*restore);
  restore->footer(
      with_examples("  otaru restore /srv/backup/otaru --data /var/lib/otaru\n\n"
                    "Every byte is checked; nothing that is there is overwritten."));

  auto* check =
      adder.add(app, "check", "Verify a data folder: rows, keys, every file's hash", hooks.check);
  check->group("Server");
  adder.takes_data(*check);
  check->add_flag("--repair", args.repair, "make right what loses nothing (with no server on it)");
  check->add_flag("--quick", args.quick, "do not read the files");
  check->footer(
      with_examples("  otaru check --data /var/lib/otaru\n"
                    "  otaru check --data /var/lib/otaru --repair\n\n"
                    "Exit code 1 when a problem is left."));

  auto* migrate =
      adder.add(app, "migrate", "Bring a database to this program's schema", hooks.migrate);
  migrate->group("Server");
  adder.takes_data(*migrate);
  migrate->add_flag("--dry-run", args.dry_run, "only say what would be done");
  migrate->footer(
      with_examples("  otaru migrate --data /var/lib/otaru --dry-run\n\n"
                    "A server does the same at its start. Back up first."));
}

void add_config_commands(CLI::App& app, const Hooks& hooks, MaintainArgs& args, Adder& adder) {
  auto* config = app.add_subcommand("config", "The server's settings: check, show, list");
  config->group("Server");
  config->require_subcommand(1);
  config->footer(
      with_examples("  otaru config check /etc/otaru.toml\n"
                    "  otaru config show --config /etc/otaru.toml"));
  const auto run = [&hooks](ConfigVerb verb) {
    return [&hooks, verb](const MaintainArgs& given) { return hooks.config(verb, given); };
  };
  auto* check =
      adder.add(*config, "check", "Say whether a settings file is right", run(ConfigVerb::check));
  check->add_option("FILE", args.settings.config_file, "TOML file")->required();
  check->footer(with_examples("  otaru config check /etc/otaru.toml"));
  auto* show = adder.add(*config, "show", "Show the settings in effect, and where each comes from",
                         run(ConfigVerb::show));
  show->add_option("--config", args.settings.config_file, "TOML file")->type_name("FILE");
  show->footer(with_examples("  otaru config show --config /etc/otaru.toml"));
  auto* list =
      adder.add(*config, "list", "List all settings with their meaning", run(ConfigVerb::list));
  list->footer(with_examples("  otaru config list"));
}

}  // namespace

void add_maintenance(CLI::App& app, const Hooks& hooks, MaintainArgs& args, const bool& json,
                     int& exit_code) {
  Adder adder(args, json, exit_code);
  add_folder_commands(app, hooks, args, adder);
  add_config_commands(app, hooks, args, adder);
}

}  // namespace otaru::cli
