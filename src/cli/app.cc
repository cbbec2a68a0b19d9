// SPDX-License-Identifier: Apache-2.0
// The command line as CLI11 sees it: built from the table of commands and from the few special
// ones.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "cli/audit.h"
#include "cli/cli.h"
#include "cli/cli11.h"
#include "cli/command.h"
#include "cli/connection.h"
#include "cli/hawkbit/import_command.h"
#include "cli/inspect_file.h"
#include "cli/maintenance.h"
#include "cli/output.h"
#include "cli/special.h"
#include "cli/suggest.h"
#include "cli/tree.h"

namespace otaru::cli {
namespace {

constexpr const char* kOverview =
    "EXAMPLES\n"
    "  otaru demo                                    see it work, with nothing prepared\n"
    "  otaru serve --data /var/lib/otaru             run a server\n"
    "  otaru login < key.txt                         keep its key for the commands below\n"
    "  otaru publish lamp.bin --product lamp --version 1.2.0 --create\n"
    "  otaru deployment add everyone --newest stable\n"
    "  otaru explain 6523                            why is this device (not) updated?\n\n"
    "--on, --server, --key and --json go with every command. With --json results are JSON on "
    "standard\n"
    "output (lists one object a line), errors one JSON object on standard error.\n"
    "Exit codes: 0 done, 1 refused, 2 wrong command line, 3 no server answered, 130 interrupted.\n"
    "Environment: OTARU_ON, OTARU_SERVER, OTARU_KEY, OTARU_CA_FILE, OTARU_JSON; for serve OTARU_\n"
    "and the setting's name; every other option as OTARU_NOUN_VERB_OPTION: "
    "OTARU_RELEASE_ADD_CHANNEL.";
constexpr const char* kEverywhere = "\n\nEverywhere: --server URL, --key KEY, --json";

std::string examples_text(const std::string& lines) {
  std::string out = "EXAMPLES\n  ";
  for (const char c : lines) out += c == '\n' ? std::string("\n  ") : std::string(1, c);
  return out + kEverywhere;
}

bool is_given(int argc, char** argv, std::string_view word) {
  return std::any_of(argv + 1, argv + argc, [&](const char* text) { return text == word; });
}

// The subcommand of that name, or null (the packaged CLI11 only has a throwing look-up).
const CLI::App* find_sub(const CLI::App& app, const std::string& name) {
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (sub->get_name() == name) return sub;
  }
  return nullptr;
}

// What the parser filled in; the callbacks of the subcommands run on it.
struct Parsed {
  Connection flags{"", "", "", ""};
  std::string keep_as;
  std::string user;
  std::string kept_name;
  bool json = false;
  int exit_code = kExitOk;
  std::map<const Command*, Values> values;
  ServeArgs serve;
  MaintainArgs maintain;
  std::map<std::string, std::string> settings;
  PackageAddArgs package;
  UploadArgs upload;
  PublishArgs publish;
  ExplainArgs explain;
  DryRunArgs dry_run;
  SimulateArgs simulate;
  DemoArgs demo;
  DeviceImportArgs device_import;
  DeviceExportArgs device_export;
  DossierArgs dossier;
  DeviceListArgs device_list;
  std::string import_id;
  ImportHawkbitArgs import_hawkbit;
  WatchEventsArgs watch_events;
  std::string download_id;
  std::string download_to;
  std::string shell;
  std::string man_folder;
  std::string inspected_file;
  std::string audit_file;
  AuditVerifyArgs audit_verify;
};

class App {
 public:
  explicit App(const Hooks& hooks) : hooks_(hooks), environment_(process_environment()) {
    app_.description("Otaru: one firmware-update server for devices of many protocols.");
    app_.name("otaru");
    app_.footer(kOverview);
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.set_version_flag("--version", "otaru " + hooks.version);
    app_.add_option("--on", parsed_.flags.name, "the name of a server that `otaru login` kept");
    app_.add_option("--server", parsed_.flags.server,
                    "the server's URL (default http://127.0.0.1:8080)");
    app_.add_option("--key", parsed_.flags.key, "an API key; better: OTARU_KEY or `otaru login`");
    app_.add_option("--ca-file", parsed_.flags.ca_file,
                    "PEM authorities for https, instead of the system's");
    app_.add_flag("--json", parsed_.json, "print JSON: the API's own answers")
        ->envname("OTARU_JSON");
    add_serve();
    add_maintenance(app_, hooks_, parsed_.maintain, parsed_.json, parsed_.exit_code);
    add_demo();
    add_publish();
    add_table();
    add_specials();
    add_watch_events();
    add_audit();
    add_texts();
    name_environment(app_);
  }

  int run(int argc, char** argv) {
    if (argc < 2) {
      emit(app_.help());
      return finish_output(kExitOk);
    }
    const bool json = environment_("OTARU_JSON").value_or("false") == "true";
    if (json || is_given(argc, argv, "--json")) print_errors_as_json();
    try {
      app_.parse(argc, argv);
    } catch (const CLI::Success& success) {
      return finish_output(app_.exit(success));
    } catch (const CLI::ParseError& error) {
      return wrong_usage(error, argc, argv);
    }
    return finish_output(parsed_.exit_code);
  }

 private:
  int wrong_usage(const CLI::ParseError& error, int argc, char** argv) const {
    const CLI::App* at = &app_;
    int i = first_word(argc, argv);
    const int begin = i;
    for (; i < argc && argv[i][0] != '-'; ++i) {
      const CLI::App* next = find_sub(*at, argv[i]);
      if (next == nullptr) break;
      at = next;
    }
    std::string message = error.what();
    if (i == argc && dynamic_cast<const CLI::RequiredError*>(&error) != nullptr &&
        !subcommands_of(*at).empty() && !parsed_.json) {
      std::fputs(at->help("otaru").c_str(), stderr);  // a noun alone
      return kExitUsage;
    }
    const std::string meant = i < argc ? suggestion(*at, argc, argv, i) : "";
    if (!meant.empty()) message += "; did you mean " + meant + "?";
    if (!subcommands_of(*at).empty() && i < argc && argv[i][0] != '-') {
      message = "there is no command '" + std::string(argv[i]) + "'" +
                (at == &app_ ? "" : " of '" + at->get_name() + "'") +
                (meant.empty() ? "" : "; did you mean " + meant + "?");
    }
    std::string help = "otaru";
    for (int word = begin; word < i; ++word) help += std::string(" ") + argv[word];
    return print_error({base::Code::invalid, message + "; help: " + help + " --help", {}});
  }

  // Behind the flags that go with every command.
  static int first_word(int argc, char** argv) {
    int i = 1;
    while (i < argc && argv[i][0] == '-') {
      const std::string_view flag = argv[i];
      const bool with_value =
          flag == "--server" || flag == "--key" || flag == "--ca-file" || flag == "--on";
      const bool whole = flag == "--json" || flag.starts_with("--server=") ||
                         flag.starts_with("--key=") || flag.starts_with("--ca-file=") ||
                         flag.starts_with("--on=");
      if (!with_value && !whole) break;
      i += with_value ? 2 : 1;
    }
    return std::min(i, argc);
  }

  static std::vector<std::string> subcommands_of(const CLI::App& app) {
    std::vector<std::string> names;
    for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
      names.push_back(sub->get_name());
    }
    return names;
  }

  // What may have been meant by the first word, or the first flag, that `at` does not know.
  std::string suggestion(const CLI::App& at, int argc, char** argv, int from) const {
    const auto names = subcommands_of(at);
    if (!names.empty() && argv[from][0] != '-') return nearest(argv[from], names);
    for (int i = from; i < argc; ++i) {
      const std::string_view text = argv[i];
      const std::string flag(text.substr(0, text.find('=')));
      if (!flag.starts_with("--") || flag.size() == 2) continue;
      if (at.get_option_no_throw(flag) != nullptr || app_.get_option_no_throw(flag) != nullptr) {
        continue;
      }
      std::vector<std::string> flags;
      for (const auto* option : at.get_options()) {
        for (const auto& name : option->get_lnames()) flags.push_back(name);
      }
      const std::string meant = nearest(flag.substr(2), flags);
      return meant.empty() ? "" : "--" + meant;
    }
    return "";
  }

  template <class Work>
  void with_session(const Work& work) {
    const auto connection = find_connection(parsed_.flags, environment_);
    if (!connection) {
      parsed_.exit_code = print_error(connection.error());
      return;
    }
    Client client(connection->server, connection->key, connection->ca_file);
    Session session{client, parsed_.json, ::isatty(STDERR_FILENO) == 1,
                    ::isatty(STDOUT_FILENO) == 1};
    parsed_.exit_code = work(session);
  }

  CLI::App* noun(const std::string& name) {
    if (find_sub(app_, name) != nullptr) return app_.get_subcommand(name);
    std::string help;
    for (const auto& [word, text] : nouns()) {
      if (word == name) help = text;
    }
    std::string examples;
    for (const auto& command : commands()) {
      if (command.noun != name) continue;
      examples +=
          (examples.empty() ? "" : "\n") + command.examples.substr(0, command.examples.find('\n'));
    }
    auto* out = app_.add_subcommand(name, help);
    out->footer(examples_text(examples));
    out->require_subcommand(1);
    out->group("Commands");
    return out;
  }

  void add_table() {
    for (const auto& command : commands()) {
      auto* sub = noun(command.noun)->add_subcommand(command.verb, command.summary);
      sub->footer(examples_text(command.examples));
      Values& values = parsed_.values[&command];
      for (const auto& argument : command.arguments) {
        if (argument.repeats) {
          sub->add_option_function<std::vector<std::string>>(
                 argument.name,
                 [&values, name = argument.name](const std::vector<std::string>& texts) {
                   values[name] = texts;
                 },
                 argument.help)
              ->required();
          continue;
        }
        sub->add_option_function<std::string>(
               argument.name,
               [&values, name = argument.name](const std::string& text) { values[name] = {text}; },
               argument.help)
            ->required();
      }
      for (const auto& flag : command.flags) add_flag(*sub, flag, values);
      const bool list = command.method == "GET" && !command.columns.empty();
      if (list) {
        for (const auto& flag : list_flags(command)) add_flag(*sub, flag, values);
      }
      if (command.method == "GET") {
        add_flag(*sub, {"watch", "", FlagType::integer, "ask again every so many seconds"}, values);
      }
      sub->callback([this, &command, &values] {
        with_session([&](Session& session) { return run_command(command, values, session); });
      });
    }
  }

  static void add_flag(CLI::App& sub, const Flag& flag, Values& values) {
    if (flag.type == FlagType::boolean) {
      sub.add_flag_function(
          "--" + flag.name,
          [&values, name = flag.name](int64_t count) {
            values[name] = {count > 0 ? "true" : "false"};
          },
          flag.help);
      return;
    }
    auto* option = sub.add_option_function<std::vector<std::string>>(
        "--" + flag.name,
        [&values, name = flag.name](const std::vector<std::string>& texts) {
          values[name] = texts;
        },
        flag.help);
    option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    if (flag.required) option->required();
  }

  void add_serve() {
    auto* sub = app_.add_subcommand("serve", "Run the server");
    sub->group("Server");
    sub->footer(
        examples_text("otaru serve --data /var/lib/otaru --listen 0.0.0.0:8080\n"
                      "otaru serve --config /etc/otaru.toml --check-config"));
    sub->add_option("--config", parsed_.serve.config_file, "TOML file with the settings below");
    sub->add_flag("--check-config", parsed_.serve.check_only, "only say whether they are right");
    for (const auto& setting : hooks_.settings) {
      std::string flag = "--" + std::string(setting.name);
      std::replace(flag.begin(), flag.end(), '.', '-');
      std::replace(flag.begin(), flag.end(), '_', '-');
      sub->add_option_function<std::string>(
             flag,
             [this, name = std::string(setting.name)](const std::string& value) {
               parsed_.serve.settings.emplace_back(name, value);
             },
             std::string(setting.help))
          ->type_name(std::string(setting.value_name));
    }
    sub->callback([this] { parsed_.exit_code = hooks_.serve(parsed_.serve); });
  }

  void add_demo() {
    auto* sub = app_.add_subcommand(
        "demo", "Publish real firmware and watch a device of each protocol update");
    sub->group("Server");
    sub->footer(
        examples_text("otaru demo\n"
                      "otaru demo --dir ~/firmware --keep\n"
                      "otaru demo --server http://127.0.0.1:8080 --key $(cat key.txt)"));
    sub->add_option("--dir", parsed_.demo.folder, "use the files of this folder");
    sub->add_flag("--keep", parsed_.demo.keep, "leave the demonstration's server data there");
    sub->callback([this] {
      parsed_.demo.server = parsed_.flags.server;
      parsed_.demo.key = parsed_.flags.key;
      parsed_.exit_code = demo(parsed_.demo, hooks_, parsed_.json);
    });
  }

  void add_package_options(CLI::App& sub, PackageAddArgs& args) {
    sub.add_option("FILE", args.file, "the file")->required()->check(CLI::ExistingFile);
    sub.add_option("--file-name", args.file_name, "what devices see (default: the file's own)");
    sub.add_option("--base-version", args.base_version, "it is a delta from this version");
    sub.add_option("--format", args.format, "raw (default), swu, bsdiff ...");
    sub.add_option("--permission", args.permissions, "ids of which one is needed to see it")
        ->delimiter(',');
    sub.add_flag("--hidden", args.hidden, "never offered");
    args.state_folder = state_folder(environment_);
  }

  void add_publish() {
    auto* sub = app_.add_subcommand("publish", "Release, package and publish a file in one go");
    sub->group("Commands");
    sub->footer(examples_text(
        "otaru publish bundle.raucb                    (asks whether what the file says is right)\n"
        "otaru publish bundle.raucb --create --yes\n"
        "otaru publish lamp-1.2.0.bin --product lamp --version 1.2.0\n"
        "otaru publish m5310-1.3.bin --create --product M5310 --set manufacturer=001 \\\n"
        "      --set module=00107 --version 1.3"));
    PublishArgs& args = parsed_.publish;
    add_package_options(*sub, args.package);
    sub->add_option("--product", args.product, "id or name (default: what the file says)");
    sub->add_option("--version", args.version, "the version it is (default: what the file says)");
    sub->add_flag("--yes", args.yes, "what the file says is right: do not ask");
    sub->add_option("--channel", args.channel, "default stable");
    sub->add_option("--label", args.labels, "KEY=VALUE a device must match; repeatable");
    sub->add_option("--note", args.notes, "LANGUAGE=TEXT; repeatable");
    sub->add_flag("--create", args.create, "add the product if there is none of that name");
    sub->add_option("--set", args.product_settings,
                    "MEMBER=VALUE of the product that --create makes; repeatable");
    sub->callback([this] {
      with_session([&](Session& session) { return publish(parsed_.publish, session); });
    });
  }

  void add_bulk() {
    auto* in = noun("device")->add_subcommand("import", "Read a file of devices (CSV or NDJSON)");
    in->footer(
        examples_text("otaru device import fleet.csv --dry-run\n"
                      "otaru device import fleet.ndjson --mode create"));
    auto& args = parsed_.device_import;
    args.state_folder = state_folder(environment_);
    in->add_option("FILE", args.file, "one device a line; see docs/api.md")->required();
    in->add_option("--format", args.format, "csv or ndjson (default: by the file's name)")
        ->check(CLI::IsMember({"csv", "ndjson"}));
    in->add_option("--mode", args.mode, "create, upsert (default) or update")
        ->check(CLI::IsMember({"create", "upsert", "update"}));
    in->add_option("--tenant", args.tenant, "theirs (default: the key's own)");
    in->add_flag("--dry-run", args.dry_run, "only say what would happen");
    in->callback([this] {
      with_session([&](Session& s) { return device_import(parsed_.device_import, s); });
    });

    auto* out = noun("device")->add_subcommand("export", "Write every device into a file");
    out->footer(
        examples_text("otaru device export fleet.csv\n"
                      "otaru device export --format ndjson --filter 'tag == \"lab\"'"));
    auto& to = parsed_.device_export;
    out->add_option("FILE", to.file, "(default: standard output)");
    out->add_option("--format", to.format, "csv or ndjson (default: by the file's name)")
        ->check(CLI::IsMember({"csv", "ndjson"}));
    out->add_option("--filter", to.filter, "only devices that match, see docs/filter.md");
    out->add_option("--tenant", to.tenant, "of this tenant (default: the key's own)");
    out->callback([this] {
      auto& wanted = parsed_.device_export;
      if (wanted.format.empty()) wanted.format = wanted.file.ends_with(".csv") ? "csv" : "ndjson";
      with_session([&](Session& s) { return device_export(wanted, s); });
    });

    auto* dossier =
        noun("deployment")->add_subcommand("dossier", "Write down all there is to know of one");
    dossier->footer(
        examples_text("otaru deployment dossier spring spring.ndjson\n"
                      "otaru deployment dossier spring --format csv"));
    auto& page = parsed_.dossier;
    dossier->add_option("DEPLOYMENT", page.deployment, "id or name")->required();
    dossier->add_option("FILE", page.file, "(default: standard output)");
    dossier->add_option("--format", page.format, "csv or ndjson (default: by the file's name)")
        ->check(CLI::IsMember({"csv", "ndjson"}));
    dossier->callback([this] {
      auto& wanted = parsed_.dossier;
      if (wanted.format.empty()) wanted.format = wanted.file.ends_with(".csv") ? "csv" : "ndjson";
      with_session([&](Session& s) { return deployment_dossier(wanted, s); });
    });

    auto* dry = noun("deployment")->add_subcommand("dry-run", "Say what it would do, and to whom");
    dry->footer(
        examples_text("otaru deployment dry-run everyone\n"
                      "otaru deployment dry-run everyone --at +8h --trace"));
    dry->add_option("DEPLOYMENT", parsed_.dry_run.deployment, "id or name")->required();
    dry->add_option("--at", parsed_.dry_run.at, "as at 2026-05-01T12:00:00Z, or +2h, +3d from now");
    dry->add_option("--language", parsed_.dry_run.language, "en or zh")
        ->check(CLI::IsMember({"en", "zh"}));
    dry->add_flag("--trace", parsed_.dry_run.trace, "the rules of one device of each kind");
    dry->callback([this] {
      with_session([&](Session& s) { return deployment_dry_run(parsed_.dry_run, s); });
    });

    auto* errors = noun("import")->add_subcommand("errors", "Show the lines that were wrong");
    errors->footer(examples_text("otaru import errors 3"));
    errors->add_option("ID", parsed_.import_id, "its id")->required();
    errors->callback(
        [this] { with_session([&](Session& s) { return import_errors(parsed_.import_id, s); }); });
    add_import_hawkbit(*noun("import"), parsed_.import_hawkbit, [this] {
      with_session(
          [&](Session& s) { return import_hawkbit(parsed_.import_hawkbit, environment_, s); });
    });
  }

  void add_device_lists() {
    auto& args = parsed_.device_list;
    auto* put =
        noun("deployment")->add_subcommand("put-devices", "Make a file of device keys its list");
    put->footer(
        examples_text("otaru deployment put-devices fix list.csv\n"
                      "otaru deployment put-devices fix more.txt --mode add\n"
                      "otaru deployment put-devices fix broken.csv --excluded --mode add"));
    put->add_option("DEPLOYMENT", args.deployment, "id or name")->required();
    put->add_option("FILE", args.file, "one key a line, or CSV with a column key; - reads stdin")
        ->required();
    put->add_option("--mode", args.mode, "replace (default), add or remove")
        ->check(CLI::IsMember({"replace", "add", "remove"}));
    put->add_flag("--excluded", args.excluded, "the list of devices it is not for");
    put->callback([this] {
      with_session([&](Session& s) { return put_device_list(parsed_.device_list, s); });
    });
    auto* out = noun("deployment")
                    ->add_subcommand("export-devices", "Write its list of device keys as CSV");
    out->footer(
        examples_text("otaru deployment export-devices fix list.csv\n"
                      "otaru deployment export-devices fix --excluded"));
    out->add_option("DEPLOYMENT", args.deployment, "id or name")->required();
    out->add_option("FILE", args.file, "(default: standard output)");
    out->add_flag("--excluded", args.excluded, "the list of devices it is not for");
    out->callback([this] {
      with_session([&](Session& s) { return export_device_list(parsed_.device_list, s); });
    });
  }

  void add_audit() {
    auto* write = noun("audit")->add_subcommand("export", "Fetch the whole journal, verified");
    write->footer(
        examples_text("otaru audit export journal.ndjson\notaru audit export | gzip > j.gz"));
    write->add_option("FILE", parsed_.audit_file, "where to (default: standard output)");
    write->callback([this] {
      with_session([&](Session& session) { return audit_export(parsed_.audit_file, session); });
    });
    auto* verify = noun("audit")->add_subcommand("verify", "Say whether an export is whole");
    verify->footer(
        examples_text("otaru audit verify journal.ndjson\n"
                      "otaru audit verify journal.ndjson --head 812:9f86d081884c7d65...\n\n"
                      "Needs no server. Exit code 1: something was changed, taken out or moved."));
    AuditVerifyArgs& args = parsed_.audit_verify;
    verify->add_option("FILE", args.file, "an export")->required();
    verify->add_option("--head", args.head, "SEQUENCE:HASH noted earlier, which must be in it");
    verify->add_option("--after", args.after,
                       "SEQUENCE:HASH of the entry before its first, for a part of a chain");
    verify->callback(
        [this] { parsed_.exit_code = audit_verify(parsed_.audit_verify, parsed_.json); });
  }

  void add_specials() {
    add_bulk();
    add_device_lists();
    auto* add = noun("package")->add_subcommand("add", "Upload a file as a package of a release");
    add->footer(
        examples_text("otaru package add lamp.bin --release lamp@1.2.0\n"
                      "otaru package add lamp.delta --release lamp@1.2.0 --base-version 1.1.0"));
    add_package_options(*add, parsed_.package);
    add->add_option("--release", parsed_.package.release, "id or PRODUCT@VERSION")->required();
    add->callback([this] {
      with_session([&](Session& session) { return package_add(parsed_.package, session); });
    });

    auto* upload = noun("upload")->add_subcommand("add", "Send a file, for a package made later");
    upload->footer(examples_text("otaru upload add lamp.bin"));
    upload->add_option("FILE", parsed_.upload.file, "the file")
        ->required()
        ->check(CLI::ExistingFile);
    upload->add_option("--file-name", parsed_.upload.file_name,
                       "what devices see (default: the file's own)");
    upload->add_option("--tenant", parsed_.upload.tenant, "its tenant (default: the key's own)");
    auto* resume = noun("upload")->add_subcommand("resume", "Go on with an upload that stopped");
    resume->footer(examples_text("otaru upload resume 0123456789abcdef0123456789abcdef lamp.bin"));
    resume->add_option("ID", parsed_.upload.resume_id, "its id")->required();
    resume->add_option("FILE", parsed_.upload.file, "the file")
        ->required()
        ->check(CLI::ExistingFile);
    parsed_.upload.state_folder = state_folder(environment_);
    for (auto* sub : {upload, resume}) {
      sub->callback([this] {
        with_session([&](Session& session) { return upload_add(parsed_.upload, session); });
      });
    }

    auto* download = noun("package")->add_subcommand("download", "Fetch a package's file");
    download->footer(examples_text("otaru package download 12 --to lamp.bin"));
    download->add_option("ID", parsed_.download_id, "its id")->required();
    download->add_option("--to", parsed_.download_to, "file (default: its own name)");
    download->callback([this] {
      with_session([&](Session& session) {
        return package_download(parsed_.download_id, parsed_.download_to, session);
      });
    });

    auto* why = app_.add_subcommand("explain", "Say why a device is, or is not, offered an update");
    why->group("Commands");
    why->footer(
        examples_text("otaru explain 6523\notaru explain 6523 --language zh --trace\notaru explain "
                      "6523 --at +2h"));
    why->add_option("DEVICE", parsed_.explain.device, "the device's key")->required();
    why->add_option("--product", parsed_.explain.product, "id or name (default: all it runs)");
    why->add_option("--version", parsed_.explain.version, "as if it reported this version");
    why->add_option("--language", parsed_.explain.language, "en or zh")
        ->check(CLI::IsMember({"en", "zh"}));
    why->add_option("--tenant", parsed_.explain.tenant, "its tenant (default: the key's own)");
    why->add_option("--label", parsed_.explain.labels, "KEY=VALUE it would state; repeatable");
    why->add_option("--permission", parsed_.explain.permissions, "ids its owner holds")
        ->delimiter(',');
    why->add_option("--at", parsed_.explain.at, "as at 2026-05-01T12:00:00Z, or +2h, +3d from now");
    why->add_option("--door", parsed_.explain.door, "as if it asked through this protocol");
    why->add_flag("--trace", parsed_.explain.trace,
                  "every deployment and rule, with the values compared");
    why->callback([this] {
      with_session([&](Session& session) { return explain(parsed_.explain, session); });
    });

    auto* look = app_.add_subcommand("inspect", "Show what a firmware file says about itself");
    look->group("Commands");
    look->footer(
        examples_text("otaru inspect lamp-1.2.0.bin\n"
                      "otaru inspect --json bundle.raucb\n\n"
                      "Needs no server. Exit code 1: the file is damaged or cut."));
    look->add_option("FILE", parsed_.inspected_file, "the file")->required();
    look->callback(
        [this] { parsed_.exit_code = inspect_file(parsed_.inspected_file, parsed_.json); });

    auto* state = app_.add_subcommand("status", "Show which server answers, and as whom");
    state->group("Commands");
    state->footer(examples_text("otaru status"));
    state->callback([this] { with_session([](Session& session) { return status(session); }); });

    auto* readiness = app_.add_subcommand("ready", "Say whether the server takes requests");
    readiness->group("Commands");
    readiness->footer(examples_text("otaru ready || systemctl status otaru"));
    readiness->callback([this] { with_session([](Session& session) { return ready(session); }); });

    add_person();
    add_simulate();
    add_servers();
  }

  // Who one is for the commands below: a key, or a person.
  void add_person() {
    auto* enter = app_.add_subcommand("login", "Keep server and key, or log in as a person");
    enter->group("Commands");
    enter->footer(
        examples_text("otaru login --server https://ota.example.com < key.txt\n"
                      "otaru login --server https://ota.example.com --user ann\n"
                      "otaru login --server https://lab.example.com --as lab\n"
                      "otaru --on lab device list\n\n"
                      "The key, or the person's password, is typed without echo or piped in.\n"
                      "A password is not kept, only the session that it begins."));
    enter->add_option("--as", parsed_.keep_as, "keep it under this name, beside others");
    enter->add_option("--user", parsed_.user, "log in as this person, with a password");
    enter->callback([this] { parsed_.exit_code = enter_server(); });

    auto* leave = app_.add_subcommand("logout", "End the session, and forget the key");
    leave->group("Commands");
    leave->footer(
        examples_text("otaru logout\n"
                      "otaru --on lab logout\n\n"
                      "Which server it was stays known; `otaru server forget` drops that too."));
    leave->callback([this] {
      const auto connection = find_connection(parsed_.flags, environment_);
      parsed_.exit_code = connection ? logout(*connection, environment_, parsed_.json)
                                     : print_error(connection.error());
    });

    auto* who = app_.add_subcommand("whoami", "Show which person or key the server sees");
    who->group("Commands");
    who->footer(examples_text("otaru whoami\notaru --on lab whoami --json"));
    who->callback([this] { with_session([](Session& session) { return whoami(session); }); });
  }

  int enter_server() const {
    const auto connection = find_connection(parsed_.flags, environment_);
    if (!connection) return print_error(connection.error());
    if (parsed_.user.empty()) {
      const std::string key =
          !parsed_.flags.key.empty() ? parsed_.flags.key : environment_("OTARU_KEY").value_or("");
      return login(*connection, key, parsed_.keep_as, environment_, parsed_.json);
    }
    if (!parsed_.flags.key.empty()) {
      return print_error({base::Code::invalid, "--key and --user: one of them says who it is", {}});
    }
    return login_person(*connection, parsed_.user, parsed_.keep_as, environment_, parsed_.json);
  }

  void add_watch_events() {
    auto* sub = noun("event")->add_subcommand("watch", "Show events as they happen");
    sub->footer(
        examples_text("otaru event watch --type 'task.*'\n"
                      "otaru event watch --deployment spring --since 4711 --json\n\n"
                      "Goes on where it was when the connection is lost; ends with Ctrl-C."));
    WatchEventsArgs& args = parsed_.watch_events;
    sub->add_option("--type", args.types, "task.succeeded or deployment.*; repeatable")
        ->delimiter(',');
    sub->add_option("--deployment", args.deployment, "of this deployment: id or name");
    sub->add_option("--device", args.device, "of this device");
    sub->add_option("--tenant", args.tenant, "only of this tenant");
    sub->add_option("--since", args.since, "id of the last event that was seen");
    sub->callback([this] {
      with_session([&](Session& session) { return watch_events(parsed_.watch_events, session); });
    });
  }

  void add_servers() {
    auto* servers = app_.add_subcommand("server", "The servers that `otaru login` kept");
    servers->group("Commands");
    servers->require_subcommand(1);
    servers->footer(examples_text("otaru server list\notaru server use lab"));
    const auto add = [&](const char* verb, const char* summary, bool named, ServerVerb what) {
      auto* sub = servers->add_subcommand(verb, summary);
      sub->footer(examples_text("otaru server " + std::string(verb) + (named ? " lab" : "")));
      if (named) sub->add_option("NAME", parsed_.kept_name, "as `otaru login --as`")->required();
      sub->callback([this, what] {
        parsed_.exit_code =
            kept_servers(what, parsed_.kept_name, config_path(environment_), parsed_.json);
      });
    };
    add("list", "List them; keys are not shown", false, ServerVerb::list);
    add("use", "Take this one when --on says nothing", true, ServerVerb::use);
    add("forget", "Keep it no longer", true, ServerVerb::forget);
  }

  // What other programs read of this one: completion scripts and man pages.
  void add_texts() {
    auto* completion = app_.add_subcommand("completion", "Print a script that completes commands");
    completion->group("Commands");
    completion->footer(
        examples_text("otaru completion bash > /etc/bash_completion.d/otaru\n"
                      "otaru completion zsh > \"${fpath[1]}/_otaru\"\n"
                      "otaru completion fish > ~/.config/fish/completions/otaru.fish"));
    completion->add_option("SHELL", parsed_.shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    completion->callback([this] { emit(completion_script(tree_of(app_), parsed_.shell)); });

    auto* man = app_.add_subcommand("man", "Print the man page, or write all of them");
    man->group("Commands");
    man->footer(
        examples_text("otaru man | man -l -\n"
                      "otaru man /usr/local/share/man/man1"));
    man->add_option("FOLDER", parsed_.man_folder, "where to write otaru.1, otaru-product.1, ...")
        ->check(CLI::ExistingDirectory);
    man->callback([this] { parsed_.exit_code = write_man_pages(); });
  }

  int write_man_pages() const {
    for (const auto& page : man_pages(tree_of(app_), hooks_.version)) {
      if (parsed_.man_folder.empty()) {
        emit(page.text);
        return kExitOk;
      }
      const std::string path = parsed_.man_folder + "/" + page.name;
      std::FILE* file = std::fopen(path.c_str(), "w");
      const bool written = file != nullptr && std::fputs(page.text.c_str(), file) >= 0;
      if (file == nullptr || std::fclose(file) != 0 || !written) {
        return print_error({base::Code::unavailable, "cannot write " + path, {}});
      }
    }
    return kExitOk;
  }

  // What is wrong with simulated devices, or with what they are given.
  static void add_conduct(CLI::App& sub, SimulateArgs& args) {
    sub.add_option("--fate", args.fate,
                   "what becomes of an update: good, fails, dies, vanishes, unwell, declines");
    sub.add_option("--failure", args.failure, "with --fate fails, why: space, boot ...");
    sub.add_option("--fate-percent", args.fate_percent, "of the devices, the first ones")
        ->check(CLI::Range(0, 100));
    sub.add_option("--fate-version", args.fate_version, "only with this version; else with any");
    sub.add_option("--signal", args.signal, "the signal they measure")
        ->check(CLI::Range(-200, 1000));
    sub.add_option("--battery", args.battery_percent, "percent that is left")
        ->check(CLI::Range(0, 100));
    sub.add_flag("--ignore-waits", args.ignores_waits, "ask again earlier than they were told to");
  }

  void add_simulate() {
    auto* sub = noun("device")->add_subcommand("simulate", "Run simulated devices of a protocol");
    std::string list;
    for (const auto& dialect : hooks_.dialects) {
      list += "\n  " + std::string(dialect.name) + ": " + std::string(dialect.devices);
    }
    sub->footer("PROTOCOLS" + list + "\n" +
                examples_text("otaru device simulate --protocol onenet --count 100 \\\n"
                              "      --word pid=123123 --word access_key=... --word manuf=001 \\\n"
                              "      --word model=00107 --word type=1 --word version=1.2\n"
                              "otaru device simulate --protocol hawkbit --count 20 \\\n"
                              "      --word gateway_token=... --word product=gateway-os \\\n"
                              "      --word version=1.2\n"
                              "otaru device simulate --protocol onenet --count 100 --word ... \\\n"
                              "      --fate fails --failure verification --fate-percent 20"));
    SimulateArgs& args = parsed_.simulate;
    sub->add_option("--protocol,--dialect", args.dialect, "which one, see below")->required();
    sub->add_option("--count", args.count, "how many devices")->check(CLI::Range(1, 100000));
    sub->add_option("--polls", args.polls, "how often each asks, at least")
        ->check(CLI::Range(1, 1000000));
    sub->add_option("--prefix", args.key_prefix, "their keys begin with this");
    sub->add_option("--word", args.words, "KEY=VALUE the device knows; repeatable");
    add_conduct(*sub, args);
    sub->add_flag("--quiet", args.quiet, "only the summary");
    sub->callback([this] {
      with_session([&](Session& session) {
        return simulate(parsed_.simulate, session.client.server(), hooks_, session);
      });
    });
  }

  const Hooks& hooks_;
  Environment environment_;
  Parsed parsed_;
  CLI::App app_;
};

}  // namespace

int run(int argc, char** argv, const Hooks& hooks) {
  // `otaru help product add` is `otaru product add --help`.
  std::string help = "--help";
  if (argc >= 2 && std::string_view(argv[1]) == "help") {
    std::rotate(argv + 1, argv + 2, argv + argc);
    argv[argc - 1] = help.data();
  }
  ::signal(SIGPIPE, SIG_IGN);  // a broken pipe is an error like others
  App app(hooks);
  return app.run(argc, argv);
}

}  // namespace otaru::cli
