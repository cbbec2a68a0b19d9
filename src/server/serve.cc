// SPDX-License-Identifier: Apache-2.0
#include "server/serve.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "api/api.h"
#include "app/access_service.h"
#include "app/catalogue_service.h"
#include "app/engine.h"
#include "app/executor.h"
#include "app/fleet_service.h"
#include "app/rollout_driver.h"
#include "app/secrets.h"
#include "app/upload_service.h"
#include "app/version_history.h"
#include "app/webhook_service.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/random.h"
#include "base/time_zone.h"
#include "blob/folder/folder_blobs.h"
#include "net/server.h"
#include "outbound/curl_client.h"
#include "server/api_routes.h"
#include "server/data_folder.h"
#include "server/dispatcher.h"
#include "server/file_inspector.h"
#include "server/metrics.h"
#include "server/product.h"
#include "store/sqlite/sqlite_store.h"

namespace otaru::server {
namespace {

using base::Code;

constexpr int64_t kTickMs = 1'000;
constexpr int64_t kSweepMs = 10 * base::kMinuteMs;
constexpr int64_t kHistoryMs = base::kMinuteMs;

base::log::Level level_of(const std::string& word) {
  if (word == "debug") return base::log::Level::debug;
  if (word == "warn") return base::log::Level::warn;
  if (word == "error") return base::log::Level::error;
  if (word == "off") return base::log::Level::off;
  return base::log::Level::info;
}

// Signals are taken by the main thread only: blocked before any other thread exists.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set_, number);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    // Both are errors of a write, said where it happens: the client is gone, the file may not grow.
    for (const int number : {SIGPIPE, SIGXFSZ}) ::signal(number, SIG_IGN);
  }
  // The next signal, or 0 after the time is over.
  int wait(int64_t milliseconds) const {
    const timespec limit{milliseconds / 1000, (milliseconds % 1000) * 1'000'000};
    const int got = sigtimedwait(&set_, nullptr, &limit);
    return got > 0 ? got : 0;
  }
  // From now on a further SIGTERM or SIGINT ends the process at once.
  void release() const {
    for (const int number : {SIGTERM, SIGINT}) ::signal(number, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &set_, nullptr);
  }

 private:
  sigset_t set_{};
};

net::ServerConfig network_of(const Config& config) {
  net::ServerConfig out;
  const auto add = [&](const std::string& text, bool tls) {
    const auto where = parse_listen(text);  // checked when the settings were read
    net::ListenerConfig listener;
    listener.address = where->host;
    listener.port = where->port;
    if (tls) {
      net::TlsFiles files;
      files.certificate = config.tls_certificate;
      files.key = config.tls_key;
      files.client_ca = config.tls_client_ca;
      if (config.tls_client_certificates == "optional") {
        files.client_certificate = net::ClientCertificate::optional;
      } else if (config.tls_client_certificates == "required") {
        files.client_certificate = net::ClientCertificate::required;
      }
      listener.tls = files;
    }
    out.listeners.push_back(std::move(listener));
  };
  for (const auto& text : config.listen) add(text, false);
  for (const auto& text : config.listen_tls) add(text, true);
  out.io_threads = static_cast<size_t>(config.threads);
  if (config.connections_per_address > 0) {
    out.connections_per_address_max = static_cast<size_t>(config.connections_per_address);
  }
  return out;
}

// The addresses as they came to be: with port 0 the kernel chose one.
std::vector<std::string> addresses_of(const Config& config, const net::Server& network) {
  std::vector<std::string> out;
  size_t index = 0;
  const auto add = [&](const std::string& text, const char* scheme) {
    const auto where = parse_listen(text);
    const bool v6 = where->host.find(':') != std::string::npos;
    out.push_back(std::string(scheme) + (v6 ? "[" + where->host + "]" : where->host) + ":" +
                  std::to_string(network.port(index++)));
  };
  for (const auto& text : config.listen) add(text, "http://");
  for (const auto& text : config.listen_tls) add(text, "https://");
  return out;
}

base::Status write_private_file(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".new";
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written =
      fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (fd >= 0) ::close(fd);
  if (!written || ::rename(temporary.c_str(), path.c_str()) != 0) {
    return base::fail(Code::unavailable, "cannot write " + path + ": " + std::strerror(errno));
  }
  return {};
}

std::string ready_text(const std::vector<std::string>& addresses) {
  base::JsonWriter json;
  json.begin_object();
  json.key("listen");
  json.begin_array();
  for (const auto& address : addresses) json.value(address);
  json.end_array();
  json.member("pid", static_cast<int64_t>(::getpid()));
  json.end_object();
  return json.take() + "\n";
}

// Everything that lives as long as the server, in the order of construction; destroyed backwards.
class Running {
 public:
  Running(const Config& config, std::string version)
      : config_(config), version_(std::move(version)) {}

  base::Status start() {
    OTARU_TRY(folder, DataFolder::open(config_.data));
    folder_ = std::make_unique<DataFolder>(std::move(folder));
    OTARU_TRY(key, folder_->master_key());
    secrets_ = std::make_unique<app::Secrets>(key);
    store::SqliteOptions options;
    options.path = folder_->database();
    OTARU_TRY(opened_store, store::make_sqlite_store(options));
    store_ = std::move(opened_store);
    OTARU_TRY(opened_blobs, blob::make_folder_blobs(folder_->path()));
    blobs_ = std::move(opened_blobs);
    http_client_ = outbound::make_curl_client("otaru/" + version_);
    workers_ = std::make_unique<app::ThreadPool>(static_cast<size_t>(config_.workers));
    readers_ = std::make_unique<app::ThreadPool>(static_cast<size_t>(config_.workers));
    app::EngineParts parts;
    parts.store = store_.get();
    parts.blobs = blobs_.get();
    parts.readers = readers_.get();
    parts.clock = &clock_;
    engine_ = std::make_unique<app::Engine>(parts);
    OTARU_CHECK(engine_->start());
    for (const auto& entry : dialects()) {
      dialects_.push_back(entry.make(config_, *secrets_, random_));
      doors_.add(std::string(entry.name), dialects_.back()->check_defaults());
    }
    OTARU_CHECK(start_operations());
    return start_serving();
  }

  // Runs until a signal ends it.
  base::Status run(const Signals& signals) {
    while (true) {
      const int signal = signals.wait(kTickMs);
      if (signal == SIGTERM || signal == SIGINT) break;
      if (signal == SIGHUP) reload();
      const base::Time now = clock_.now();
      engine_->tick(now);
      webhooks_->tick();
      if (now - swept_at_ >= kSweepMs) sweep(now);
      if (now - used_written_at_ >= base::limits::kLastUsedStepMs) write_last_used(now);
      if (now - versions_taken_at_ >= kHistoryMs) take_versions(now);
    }
    draining_ = true;
    base::log::info("server.stopping", {{"open_connections",
                                         static_cast<size_t>(network_->stats().connections_open)}});
    signals.release();
    return stop();
  }

 private:
  // What operators use: services, and the API over them.
  base::Status start_operations() {
    uploads_ = std::make_unique<app::UploadService>(*engine_, random_);
    catalogue_ = std::make_unique<app::CatalogueService>(*engine_, *uploads_, *secrets_, random_);
    fleet_ = std::make_unique<app::FleetService>(*engine_, *secrets_, random_);
    uploads_->inspect_with(inspector_);
    OTARU_CHECK(uploads_->start());
    OTARU_CHECK(catalogue_->start());
    access_ = std::make_unique<app::AccessService>(
        *engine_, *catalogue_, *secrets_, random_,
        app::PasswordOptions{{base::limits::kPasswordPasses, base::limits::kPasswordMemoryBytes},
                             base::limits::kPasswordsAtOnce,
                             base::limits::kPasswordsWaiting});
    OTARU_CHECK(access_->start());
    imports_ = std::make_unique<app::ImportService>(*engine_, *uploads_, *secrets_,
                                                    app::ImportService::Mode::thread);
    OTARU_CHECK(imports_->start());
    dry_runs_ =
        std::make_unique<app::DryRunService>(*engine_, doors_, app::DryRunService::Mode::thread);
    OTARU_TRY(first_key, catalogue_->first_start([this](const std::string& key) {
      return show_key("first start. The admin API key", key);
    }));
    if (!first_key && config_.new_admin_key) {
      // Whoever may start the server on this data folder may have the key: for a lost one.
      app::CredentialSpec spec;
      spec.tenant = domain::kDefaultTenant;
      spec.name = "admin-" + base::iso8601(clock_.now());
      spec.attributes = {
          {std::string(app::kRoleAttribute), std::string(name_of(domain::Role::admin))}};
      OTARU_TRY(made, catalogue_->create_credential(app::system_actor("new admin key"), spec));
      OTARU_CHECK(show_key("another admin API key", made.secret));
    }
    app::WebhookOptions options;
    if (config_.webhooks_allow_private) options.reach = app::Reach::anywhere;
    options.retry_first_ms = config_.webhooks_retry_first_ms;
    options.attempts_max = config_.webhooks_attempts;
    options.timeout_ms = config_.webhooks_timeout_ms;
    webhook_workers_ = std::make_unique<app::ThreadPool>(base::limits::kWebhookThreads);
    webhooks_ = std::make_unique<app::WebhookService>(*engine_, *http_client_, *webhook_workers_,
                                                      *secrets_, random_, options);
    OTARU_CHECK(webhooks_->start());
    rollouts_ = std::make_unique<app::RolloutDriver>(*engine_, *catalogue_,
                                                     app::RolloutDriver::Mode::thread);
    catalogue_->after_change([this] { rollouts_->wake(); });
    OTARU_CHECK(rollouts_->start());
    versions_ = std::make_unique<app::VersionHistory>(*engine_);
    api::ApiParts parts;
    parts.engine = engine_.get();
    parts.catalogue = catalogue_.get();
    parts.uploads = uploads_.get();
    parts.fleet = fleet_.get();
    parts.access = access_.get();
    OTARU_CHECK(start_oidc());
    parts.oidc = oidc_.get();
    parts.oidc_rules = &oidc_rules_;
    parts.behind_tls = config_.public_url.starts_with("https://");
    parts.imports = imports_.get();
    parts.post = [this](std::function<void()> job) { workers_->post(std::move(job)); };
    parts.webhooks = webhooks_.get();
    parts.secrets = secrets_.get();
    parts.doors = &doors_;
    parts.admissions = &engine_->board();
    parts.dry_runs = dry_runs_.get();
    parts.version = version_;
    parts.not_ready = [this]() -> std::optional<std::string> {
      if (draining_) return "the server is stopping";
      return std::nullopt;
    };
    parts.metrics = [this] { return metrics_text(*engine_, *webhooks_, *dispatcher_, *network_); };
    api_ = std::make_unique<api::Api>(std::move(parts));
    api_routes_ = std::make_unique<ApiRoutes>(*api_);
    return {};
  }

  // The provider itself is asked at the first log-in: it may start later than this server.
  base::Status start_oidc() {
    if (config_.oidc_issuer.empty()) return {};
    const auto snapshot = engine_->snapshot();
    const auto* tenant = snapshot->tenant(config_.oidc_tenant);
    if (tenant == nullptr) {
      return base::fail(Code::invalid, "oidc.tenant: there is no tenant " + config_.oidc_tenant);
    }
    oidc_rules_.tenant = tenant->id;
    oidc_rules_.create_users = config_.oidc_create_users;
    oidc_rules_.role_claim = config_.oidc_role_claim;
    for (const auto& text : config_.oidc_roles) {
      const size_t is = text.rfind('=');  // checked when the settings were read
      OTARU_TRY(role, domain::parse_role(text.substr(is + 1)));
      oidc_rules_.roles.emplace_back(text.substr(0, is), role);
    }
    if (!config_.oidc_default_role.empty()) {
      OTARU_TRY(role, domain::parse_role(config_.oidc_default_role));
      oidc_rules_.default_role = role;
    }
    app::OidcConfig with;
    with.issuer = config_.oidc_issuer;
    with.client_id = config_.oidc_client_id;
    with.client_secret = config_.oidc_client_secret;
    with.redirect_uri = config_.oidc_redirect_uri.empty()
                            ? config_.public_url + "/api/v1/oidc/callback"
                            : config_.oidc_redirect_uri;
    with.scopes = config_.oidc_scopes;
    with.ca_file = config_.oidc_ca_file;
    with.reach = config_.oidc_allow_private ? app::Reach::anywhere : app::Reach::public_only;
    oidc_ = std::make_unique<app::Oidc>(with, *http_client_, *secrets_, clock_, random_);
    return {};
  }

  // The one moment at which the key can be read: told to whoever started the server, and written to
  // a file if one is named; never into the log.
  base::Status show_key(const char* what, const std::string& key) const {
    std::fprintf(stderr,
                 "otaru: %s, shown this once:\n\n    %s\n\n"
                 "otaru: keep it; the command line takes it as OTARU_KEY or --key.\n",
                 what, key.c_str());
    if (config_.first_key_file.empty()) return {};
    return write_private_file(config_.first_key_file, key + "\n");
  }

  // Only while there are no people at all, so once; later ones are invited.
  base::Status show_setup_link(const std::string& url) {
    OTARU_CHECK(access_->first_user([&](const std::string& token) -> base::Status {
      std::fprintf(stderr,
                   "otaru: to log in with a name and a password, open this link within a day; it "
                   "works once:\n\n    %s/api/v1/setup#%s\n\n",
                   url.c_str(), token.c_str());
      return {};
    }));
    return {};
  }

  // Said once when it begins, and again when there has been room in between.
  void watch_disk(base::Time now) {
    std::error_code error;
    const auto space = std::filesystem::space(folder_->path(), error);
    if (error || space.capacity == 0) return;
    const bool low = space.available < space.capacity / 100 * base::limits::kDiskLowPercent;
    if (low && !disk_low_) {
      app::Event alarm;
      alarm.at = now;
      alarm.type = "alarm.disk_low";
      base::JsonWriter data;
      data.begin_object();
      data.member("available_bytes", static_cast<int64_t>(space.available));
      data.member("capacity_bytes", static_cast<int64_t>(space.capacity));
      data.end_object();
      alarm.data = data.take();
      app::WriteBatch batch;
      batch.events.push_back(std::move(alarm));
      const auto told = engine_->committer().submit(std::move(batch), nullptr);
      base::log::warn("disk.low", {{"available_bytes", static_cast<size_t>(space.available)},
                                   {"told", told ? "yes" : "no"}});
    }
    disk_low_ = low;
  }

  void sweep(base::Time now) {
    swept_at_ = now;
    watch_disk(now);
    workers_->post([this] {
      const auto swept = uploads_->sweep();
      if (!swept) base::log::warn("blob.sweep_failed", {{"message", swept.error().message}});
    });
  }

  void write_last_used(base::Time now) {
    used_written_at_ = now;
    workers_->post([this] {
      const auto written = access_->tick();
      if (!written) base::log::warn("access.write_failed", {{"message", written.error().message}});
    });
  }

  void take_versions(base::Time now) {
    versions_taken_at_ = now;
    workers_->post([this] {
      const auto taken = versions_->tick();
      if (!taken) base::log::warn("versions.take_failed", {{"message", taken.error().message}});
    });
  }

  base::Status start_serving() {
    dispatcher_ =
        std::make_unique<Dispatcher>(*engine_, *workers_, DispatcherOptions{config_.public_url});
    for (const auto& dialect : dialects_) {
      OTARU_CHECK(dispatcher_->add(*dialect));
    }
    OTARU_CHECK(dispatcher_->add(*api_routes_));
    network_ = std::make_unique<net::Server>(network_of(config_), *dispatcher_, clock_);
    OTARU_CHECK(network_->start());
    const auto addresses = addresses_of(config_, *network_);
    for (const auto& address : addresses) {
      base::log::info("server.listening", {{"address", address}, {"data", folder_->path()}});
    }
    OTARU_CHECK(
        show_setup_link(config_.public_url.empty() ? addresses.front() : config_.public_url));
    if (!config_.ready_file.empty()) {
      OTARU_CHECK(write_private_file(config_.ready_file, ready_text(addresses)));
    }
    return {};
  }

  void reload() {
    const auto reloaded = network_->reload_tls();
    if (reloaded) {
      base::log::info("tls.reloaded");
    } else {
      base::log::error("tls.reload_failed", {{"message", reloaded.error().message}});
    }
  }

  base::Status stop() {
    // Order: no new work, finish what runs, make it durable, then everything goes.
    webhooks_->stop();
    http_client_->stop();
    network_->drain_and_stop();
    rollouts_->stop();
    if (auto written = access_->tick(); !written) {
      base::log::warn("access.write_failed", {{"message", written.error().message}});
    }
    const base::Status flushed = engine_->flush();
    if (!config_.ready_file.empty()) ::unlink(config_.ready_file.c_str());
    base::log::info("server.stopped");
    return flushed;
  }

  const Config& config_;
  std::string version_;
  base::SystemClock clock_;
  base::SecureRandom random_;
  std::unique_ptr<DataFolder> folder_;
  std::unique_ptr<app::Secrets> secrets_;
  std::unique_ptr<app::Store> store_;
  std::unique_ptr<app::BlobStore> blobs_;
  std::unique_ptr<app::HttpClient> http_client_;  // to webhooks and identity providers
  domain::Doors doors_;
  std::unique_ptr<app::Engine> engine_;
  RoomInspector inspector_;
  std::unique_ptr<app::UploadService> uploads_;
  std::unique_ptr<app::CatalogueService> catalogue_;
  std::unique_ptr<app::FleetService> fleet_;
  std::unique_ptr<app::AccessService> access_;
  std::unique_ptr<app::ImportService> imports_;
  std::unique_ptr<app::RolloutDriver> rollouts_;
  std::unique_ptr<app::DryRunService> dry_runs_;
  std::unique_ptr<app::VersionHistory> versions_;
  app::OidcRules oidc_rules_;
  std::unique_ptr<app::Oidc> oidc_;
  std::unique_ptr<app::WebhookService> webhooks_;
  std::unique_ptr<api::Api> api_;
  std::unique_ptr<ApiRoutes> api_routes_;
  std::atomic<bool> draining_{false};
  base::Time swept_at_;
  base::Time used_written_at_;
  base::Time versions_taken_at_;
  bool disk_low_ = false;
  std::vector<std::unique_ptr<dialect::Dialect>> dialects_;
  std::unique_ptr<Dispatcher> dispatcher_;
  // The threads that use all of the above end first.
  std::unique_ptr<app::ThreadPool> webhook_workers_;
  std::unique_ptr<app::ThreadPool> readers_;
  std::unique_ptr<app::ThreadPool> workers_;
  std::unique_ptr<net::Server> network_;
};

}  // namespace

int serve(const Config& config, const std::string& version) {
  const Signals signals;
  base::log::configure(level_of(config.log_level), config.log_format == "json"
                                                       ? base::log::Format::json
                                                       : base::log::Format::text);
  // No check waits for it; without it windows know only UTC and offsets.
  if (const base::Status zones = base::TimeZone::prepare(); !zones) {
    base::log::warn("time_zones.missing",
                    {{"message", zones.error().message}, {"detail", zones.error().detail}});
  }
  Running running(config, version);
  if (const base::Status started = running.start(); !started) {
    std::fprintf(stderr, "otaru: %s\n", started.error().message.c_str());
    if (!started.error().detail.empty()) {
      base::log::error("start.failed", {{"detail", started.error().detail}});
    }
    return 1;
  }
  if (const base::Status stopped = running.run(signals); !stopped) {
    std::fprintf(stderr, "otaru: %s\n", stopped.error().message.c_str());
    return 1;
  }
  return 0;
}

}  // namespace otaru::server
