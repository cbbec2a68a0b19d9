// SPDX-License-Identifier: Apache-2.0
// The server's settings: one table of keys with default, meaning and check. Sources, strongest
// first: flags, environment (OTARU_ and the key in upper case with '_' for '.'), the TOML file, the
// default.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/result.h"

namespace otaru::server {

// One setting that was given, and by what: "/etc/otaru.toml:3", "environment OTARU_LISTEN".
struct AppliedSetting {
  std::string name;
  std::string value;
  std::string source;
};

struct Config {
  std::vector<AppliedSetting> applied;  // in order; of several for one name the last counts
  std::string data = "./data";
  std::vector<std::string> listen{"127.0.0.1:8080"};
  std::vector<std::string> listen_tls;
  std::string tls_certificate;
  std::string tls_key;
  std::string tls_client_ca;
  std::string tls_client_certificates = "none";
  std::string public_url;
  int64_t threads = 0;
  int64_t workers = 4;
  int64_t connections_per_address = 0;
  std::string log_level = "info";
  std::string log_format = "text";
  std::string ready_file;
  std::string first_key_file;
  bool new_admin_key = false;
  bool webhooks_allow_private = false;
  int64_t webhooks_retry_first_ms = base::limits::kWebhookRetryFirstMs;
  int64_t webhooks_attempts = base::limits::kWebhookAttemptsMax;
  int64_t webhooks_timeout_ms = base::limits::kWebhookTimeoutMs;
  bool onenet_register_unknown = true;
  bool onenet_strict = false;
  std::string onenet_ip_port;
  bool oomi_enforce_cookies = false;
  std::string oomi_download_login = "when_known";
  bool oomi_kit_extras = false;
  bool oomi_url_in_check = true;
  bool ubtech_register_unknown = true;
  std::vector<std::string> ubtech_base_paths{"", "/upgrade"};
  int64_t hawkbit_polling_s = 300;
  std::string hawkbit_register_unknown = "approve";
  bool hawkbit_target_token = true;
  bool hawkbit_gateway_token = true;
  bool hawkbit_certificate = false;
  std::string oidc_issuer;  // empty: no log-ins through a provider
  std::string oidc_client_id;
  std::string oidc_client_secret;
  std::string oidc_redirect_uri;
  std::vector<std::string> oidc_scopes{"openid", "profile", "email"};
  std::string oidc_role_claim = "groups";
  std::vector<std::string> oidc_roles;  // VALUE=ROLE, the first that is there counts
  std::string oidc_default_role;
  std::string oidc_tenant = "default";
  bool oidc_create_users = false;
  std::string oidc_ca_file;
  bool oidc_allow_private = false;
};

struct ConfigKey {
  std::string_view name;  // "log.level"
  std::string_view value_name;
  std::string_view help;
};
// All keys, in the order people read them.
const std::vector<ConfigKey>& config_keys();

struct ConfigSources {
  std::string file;  // empty: none (then ./otaru.toml is not read either)
  std::function<std::optional<std::string>(const std::string& name)> environment;
  std::vector<std::pair<std::string, std::string>> flags;  // key, value
};
// Code::invalid naming source, key, the value's fault and what is accepted; unknown keys too.
base::Result<Config> load_config(const ConfigSources& sources);
// The settings that the text of a TOML file makes out of the defaults; `name` is for messages.
base::Result<Config> parse_config(std::string_view text, const std::string& name);

struct HostPort {
  std::string host;
  uint16_t port = 0;
};
base::Result<HostPort> parse_listen(std::string_view text);  // "host:port", "[::1]:0", ":8080"

}  // namespace otaru::server
