// SPDX-License-Identifier: Apache-2.0
#include "server/config.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "base/duration.h"
#include "base/encoding.h"

namespace otaru::server {
namespace {

using base::Code;

using Apply = base::Status (*)(Config&, const std::string& value);

base::Status set_bool(bool& out, const std::string& value) {
  const std::string text = base::lower(value);
  if (text == "true" || text == "1" || text == "yes" || text == "on") {
    out = true;
  } else if (text == "false" || text == "0" || text == "no" || text == "off") {
    out = false;
  } else {
    return base::fail(Code::invalid, "'" + value + "' is not true or false");
  }
  return {};
}

base::Status set_number(int64_t& out, const std::string& value, int64_t low, int64_t high) {
  const auto number = base::parse_int(value);
  if (!number || *number < low || *number > high) {
    return base::fail(Code::invalid, "'" + value + "' is not a number from " + std::to_string(low) +
                                         " to " + std::to_string(high));
  }
  out = *number;
  return {};
}

base::Status set_polling(int64_t& out, const std::string& value) {
  OTARU_TRY(seconds, base::parse_duration(value));
  if (seconds < 1 || seconds > base::limits::kHawkbitPollingSecondsMax) {
    return base::fail(Code::invalid, "'" + value + "' is not between 00:00:01 and P30D");
  }
  out = seconds;
  return {};
}

base::Status set_word(std::string& out, const std::string& value,
                      std::initializer_list<const char*> words) {
  std::string list;
  for (const char* word : words) {
    if (value == word) {
      out = value;
      return {};
    }
    list += list.empty() ? word : std::string(", ") + word;
  }
  return base::fail(Code::invalid, "'" + value + "' is not one of " + list);
}

std::vector<std::string> split(const std::string& value) {
  std::vector<std::string> out;
  std::stringstream in(value);
  for (std::string part; std::getline(in, part, ',');) out.emplace_back(base::trim(part));
  if (value.empty() || value.back() == ',') out.emplace_back();
  return out;
}

base::Status set_listen(std::vector<std::string>& out, const std::string& value) {
  std::vector<std::string> parts;
  for (const auto& part : split(value)) {
    if (part.empty()) continue;
    OTARU_CHECK(parse_listen(part));
    parts.push_back(part);
  }
  out = parts;
  return {};
}

base::Status set_url(std::string& out, const std::string& value) {
  const bool known = value.empty() || value.starts_with("http://") || value.starts_with("https://");
  if (!known) {
    return base::fail(Code::invalid,
                      "'" + value + "' is not a URL that begins with http:// or https://");
  }
  out = value;
  while (out.ends_with('/')) out.pop_back();
  return {};
}

base::Status set_text(std::string& out, const std::string& value) {
  out = value;
  return {};
}

base::Status set_roles(std::vector<std::string>& out, const std::string& value) {
  auto parts = split(value);
  for (const auto& part : parts) {
    const size_t is = part.rfind('=');
    std::string role;
    const bool right =
        is != std::string::npos && is > 0 &&
        set_word(role, part.substr(is + 1), {"viewer", "operator", "publisher", "admin"})
            .has_value();
    if (!right) {
      return base::fail(Code::invalid,
                        "'" + part + "' is not VALUE=viewer, operator, publisher or admin");
    }
  }
  out = std::move(parts);
  return {};
}

base::Status set_base_paths(std::vector<std::string>& out, const std::string& value) {
  auto parts = split(value);
  for (const auto& part : parts) {
    if (!part.empty() && (part.front() != '/' || part.back() == '/')) {
      return base::fail(Code::invalid, "'" + part + "' must begin with '/' and not end with one");
    }
  }
  out = std::move(parts);
  return {};
}

struct KeyRow {
  ConfigKey key;
  Apply apply;
};

std::vector<KeyRow> oidc_rows() {
  return {
      {{"oidc.issuer", "URL", "OpenID Connect provider that people may log in through"},
       [](Config& c, const std::string& v) -> base::Status {
         // As the provider writes it, a slash at its end included: tokens carry it so.
         std::string checked;
         OTARU_CHECK(set_url(checked, v));
         c.oidc_issuer = v;
         return {};
       }},
      {{"oidc.client_id", "TEXT", "what the provider knows this server as"},
       [](Config& c, const std::string& v) { return set_text(c.oidc_client_id, v); }},
      {{"oidc.client_secret", "TEXT", "and its secret there; better by environment"},
       [](Config& c, const std::string& v) { return set_text(c.oidc_client_secret, v); }},
      {{"oidc.redirect_uri", "URL", "default: public_url and /api/v1/oidc/callback"},
       [](Config& c, const std::string& v) { return set_url(c.oidc_redirect_uri, v); }},
      {{"oidc.scopes", "WORD,...", "what is asked for (default openid,profile,email)"},
       [](Config& c, const std::string& v) -> base::Status {
         c.oidc_scopes = split(v);
         return {};
       }},
      {{"oidc.role_claim", "NAME", "claim that says what a person may do (default groups)"},
       [](Config& c, const std::string& v) { return set_text(c.oidc_role_claim, v); }},
      {{"oidc.roles", "VALUE=ROLE,...", "its values, and viewer, operator, publisher or admin"},
       [](Config& c, const std::string& v) { return set_roles(c.oidc_roles, v); }},
      {{"oidc.default_role", "ROLE", "of people without such a value (default: none gets in)"},
       [](Config& c, const std::string& v) {
         return set_word(c.oidc_default_role, v, {"", "viewer", "operator", "publisher", "admin"});
       }},
      {{"oidc.tenant", "NAME", "tenant of people who are made (default default)"},
       [](Config& c, const std::string& v) { return set_text(c.oidc_tenant, v); }},
      {{"oidc.create_users", "BOOL", "people who are not known yet are made (false)"},
       [](Config& c, const std::string& v) { return set_bool(c.oidc_create_users, v); }},
      {{"oidc.ca_file", "FILE", "PEM authorities of the provider, instead of the system's"},
       [](Config& c, const std::string& v) { return set_text(c.oidc_ca_file, v); }},
      {{"oidc.allow_private", "BOOL", "the provider may have a private address (false)"},
       [](Config& c, const std::string& v) { return set_bool(c.oidc_allow_private, v); }}};
}

// What concerns the server itself, then the tellers and doors.
std::vector<KeyRow> server_rows() {
  return {
      {{"data", "DIR", "folder of database, files and keys (default ./data)"},
       [](Config& c, const std::string& v) -> base::Status {
         if (v.empty()) return base::fail(Code::invalid, "the data folder is empty");
         c.data = v;
         return {};
       }},
      {{"listen", "HOST:PORT,...", "where to listen without TLS (default 127.0.0.1:8080)"},
       [](Config& c, const std::string& v) { return set_listen(c.listen, v); }},
      {{"listen_tls", "HOST:PORT,...",
        "where to listen with TLS; needs tls.certificate and tls.key"},
       [](Config& c, const std::string& v) { return set_listen(c.listen_tls, v); }},
      {{"tls.certificate", "FILE", "PEM certificate chain, leaf first; re-read when it changes"},
       [](Config& c, const std::string& v) -> base::Status {
         c.tls_certificate = v;
         return {};
       }},
      {{"tls.key", "FILE", "PEM private key"},
       [](Config& c, const std::string& v) -> base::Status {
         c.tls_key = v;
         return {};
       }},
      {{"tls.client_ca", "FILE", "PEM authorities that client certificates are checked against"},
       [](Config& c, const std::string& v) -> base::Status {
         c.tls_client_ca = v;
         return {};
       }},
      {{"tls.client_certificates", "WORD", "none, optional or required (default none)"},
       [](Config& c, const std::string& v) {
         return set_word(c.tls_client_certificates, v, {"none", "optional", "required"});
       }},
      {{"public_url", "URL", "what links to devices begin with (default: the request's own Host)"},
       [](Config& c, const std::string& v) { return set_url(c.public_url, v); }},
      {{"threads", "N", "I/O threads (default 0: one per core)"},
       [](Config& c, const std::string& v) { return set_number(c.threads, v, 0, 256); }},
      {{"workers", "N", "threads for operators' requests and store reads (default 4)"},
       [](Config& c, const std::string& v) { return set_number(c.workers, v, 1, 256); }},
      {{"connections_per_address", "N", "open connections of one client address (default 4096)"},
       [](Config& c, const std::string& v) {
         return set_number(c.connections_per_address, v, 0, 1'000'000);
       }},
      {{"log.level", "WORD", "debug, info, warn, error or off (default info)"},
       [](Config& c, const std::string& v) {
         return set_word(c.log_level, v, {"debug", "info", "warn", "error", "off"});
       }},
      {{"log.format", "WORD", "text or json (default text)"},
       [](Config& c, const std::string& v) {
         return set_word(c.log_format, v, {"text", "json"});
       }},
      {{"ready_file", "FILE", "written with the listening addresses once the server is ready"},
       [](Config& c, const std::string& v) -> base::Status {
         c.ready_file = v;
         return {};
       }},
      {{"first_key_file", "FILE",
        "where the API key of the first start is written too (mode 0600)"},
       [](Config& c, const std::string& v) -> base::Status {
         c.first_key_file = v;
         return {};
       }},
      {{"new_admin_key", "BOOL",
        "make one more admin API key at this start and show it: for a lost one"},
       [](Config& c, const std::string& v) { return set_bool(c.new_admin_key, v); }},
  };
}

std::vector<KeyRow> door_rows() {
  return {
      {{"webhooks.allow_private", "BOOL",
        "webhooks may lead to this machine and to private networks (false)"},
       [](Config& c, const std::string& v) { return set_bool(c.webhooks_allow_private, v); }},
      {{"webhooks.attempts", "N", "attempts before an event is a dead letter (default 10)"},
       [](Config& c, const std::string& v) { return set_number(c.webhooks_attempts, v, 1, 100); }},
      {{"webhooks.retry_first_ms", "N",
        "pause after a failed delivery; doubles up to ten minutes (default 1000)"},
       [](Config& c, const std::string& v) {
         return set_number(c.webhooks_retry_first_ms, v, 10, 3'600'000);
       }},
      {{"webhooks.timeout_ms", "N", "how long a receiver may take (default 10000)"},
       [](Config& c, const std::string& v) {
         return set_number(c.webhooks_timeout_ms, v, 100, 60'000);
       }},
      {{"onenet.register_unknown", "BOOL", "signed requests of unknown devices create them (true)"},
       [](Config& c, const std::string& v) { return set_bool(c.onenet_register_unknown, v); }},
      {{"onenet.strict", "BOOL", "check insists on manuf and model (false)"},
       [](Config& c, const std::string& v) { return set_bool(c.onenet_strict, v); }},
      {{"onenet.ip_port", "IP:PORT", "what ipPort says with cdn=true (default: the local address)"},
       [](Config& c, const std::string& v) -> base::Status {
         c.onenet_ip_port = v;
         return {};
       }},
      {{"oomi.enforce_cookies", "BOOL", "the check needs registered guid and aat cookies (false)"},
       [](Config& c, const std::string& v) { return set_bool(c.oomi_enforce_cookies, v); }},
      {{"oomi.download_login", "WORD", "files need the Basic login: when_known, always or never"},
       [](Config& c, const std::string& v) {
         return set_word(c.oomi_download_login, v, {"when_known", "always", "never"});
       }},
      {{"oomi.kit_extras", "BOOL", "kit rows carry the keys only the vendor's table has (false)"},
       [](Config& c, const std::string& v) { return set_bool(c.oomi_kit_extras, v); }},
      {{"oomi.url_in_check", "BOOL", "check answers end with firmwareUrl (true)"},
       [](Config& c, const std::string& v) { return set_bool(c.oomi_url_in_check, v); }},
      {{"ubtech.register_unknown", "BOOL", "robots register themselves by asking (true)"},
       [](Config& c, const std::string& v) { return set_bool(c.ubtech_register_unknown, v); }},
      {{"ubtech.base_paths", "PATH,...",
        "context paths of the robot interface (default ',/upgrade')"},
       [](Config& c, const std::string& v) { return set_base_paths(c.ubtech_base_paths, v); }}};
}

std::vector<KeyRow> hawkbit_rows() {
  return {
      {{"hawkbit.polling", "TIME", "how long devices sleep between polls (default 00:05:00)"},
       [](Config& c, const std::string& v) { return set_polling(c.hawkbit_polling_s, v); }},
      {{"hawkbit.register_unknown", "WORD",
        "unknown devices: no, approve (they wait for it) or yes (default approve)"},
       [](Config& c, const std::string& v) {
         return set_word(c.hawkbit_register_unknown, v, {"no", "approve", "yes"});
       }},
      {{"hawkbit.target_token", "BOOL", "a device may show its own token (true)"},
       [](Config& c, const std::string& v) { return set_bool(c.hawkbit_target_token, v); }},
      {{"hawkbit.gateway_token", "BOOL", "a device may show a gateway token of its tenant (true)"},
       [](Config& c, const std::string& v) { return set_bool(c.hawkbit_gateway_token, v); }},
      {{"hawkbit.certificate", "BOOL",
        "a client certificate with the controllerId as common name lets it in (false)"},
       [](Config& c, const std::string& v) { return set_bool(c.hawkbit_certificate, v); }}};
}

const std::vector<KeyRow>& rows() {
  static const std::vector<KeyRow> kRows = [] {
    std::vector<KeyRow> out = server_rows();
    for (auto& row : door_rows()) out.push_back(std::move(row));
    for (auto& row : hawkbit_rows()) out.push_back(std::move(row));
    for (auto& row : oidc_rows()) out.push_back(std::move(row));
    return out;
  }();
  return kRows;
}

base::Status apply(Config& config, const std::string& source, std::string_view key,
                   const std::string& value) {
  for (const auto& row : rows()) {
    if (row.key.name != key) continue;
    const base::Status done = row.apply(config, value);
    if (done) {
      config.applied.push_back({std::string(key), value, source});
      return {};
    }
    return base::fail(Code::invalid,
                      source + ": " + std::string(key) + ": " + done.error().message);
  }
  return base::fail(Code::invalid, source + ": there is no setting '" + std::string(key) +
                                       "' (otaru serve --help lists them)");
}

// One TOML value as the text the table above understands.
base::Result<std::string> text_of(const toml::node& node, const std::string& where) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return std::string(flag->get() ? "true" : "false");
  if (const auto* list = node.as_array()) {
    std::string out;
    bool first = true;
    for (const auto& item : *list) {
      OTARU_TRY(part, text_of(item, where));
      if (!first) out += ',';
      first = false;
      out += part;
    }
    return out;
  }
  return base::fail(Code::invalid,
                    where + ": must be a text, number, true/false or a list of them");
}

base::Status apply_table(Config& config, const std::string& file, const std::string& prefix,
                         const toml::table& table) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    const std::string where = file + ":" + std::to_string(node.source().begin.line);
    if (const auto* inner = node.as_table()) {
      OTARU_CHECK(apply_table(config, file, key + ".", *inner));
      continue;
    }
    OTARU_TRY(value, text_of(node, where + ": " + key));
    OTARU_CHECK(apply(config, where, key, value));
  }
  return {};
}

// The text as plain ASCII that means the same: the packaged toml++ (3.3) runs into undefined
// behaviour on other letters where it expects none (corpus/config), so it never gets to see any. In
// comments they go, in double quotes they become escapes, elsewhere they are refused with their
// line.
base::Result<std::string> as_ascii(std::string_view text, const std::string& name) {
  // The mark some editors put first is allowed.
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (!base::valid_utf8(text)) return base::fail(Code::invalid, name + ": is not UTF-8 text");
  std::string out;
  int64_t line = 1;
  bool comment = false;
  std::string_view quotes;  // of the string we are in: ", """, ' or '''
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x80) {
      const uint32_t point = base::utf8_point(text, i);
      if (comment) continue;
      if (!quotes.starts_with('"')) {
        return base::fail(Code::invalid,
                          name + ":" + std::to_string(line) +
                              ": a character that is not ASCII outside double quotes");
      }
      char escape[16];
      std::snprintf(escape, sizeof escape, "\\U%08X", point);
      out += escape;
      continue;
    }
    if (c == '\n') {
      ++line;
      comment = false;
      if (quotes.size() == 1) quotes = {};  // an error; the parser says so
    } else if (comment) {
    } else if (quotes.empty() && c == '#') {
      comment = true;
    } else if (quotes.empty() && (c == '"' || c == '\'')) {
      const std::string_view three = c == '"' ? "\"\"\"" : "'''";
      quotes = text.substr(i, 3) == three ? three : three.substr(0, 1);
      out += quotes;
      i += quotes.size() - 1;
      continue;
    } else if (c == '\\' && quotes.starts_with('"') && i + 1 < text.size() &&
               static_cast<unsigned char>(text[i + 1]) < 0x80) {
      out += c;
      if (text[i + 1] == '\n') ++line;
      out += text[++i];
      continue;
    } else if (!quotes.empty() && text.substr(i, quotes.size()) == quotes) {
      out += quotes;
      i += quotes.size() - 1;
      quotes = {};
      continue;
    }
    out += c;
  }
  return out;
}

base::Status apply_text(Config& config, std::string_view text, const std::string& name) {
  OTARU_TRY(plain, as_ascii(text, name));
  const toml::parse_result parsed = toml::parse(std::string_view(plain));
  if (!parsed) {
    const auto& error = parsed.error();
    return base::fail(Code::invalid, name + ":" + std::to_string(error.source().begin.line) + ": " +
                                         std::string(error.description()));
  }
  return apply_table(config, name, "", parsed.table());
}

base::Status check_together(const Config& config) {
  if (config.listen.empty() && config.listen_tls.empty()) {
    return base::fail(Code::invalid, "nothing to listen on: set listen or listen_tls");
  }
  if (!config.listen_tls.empty() && (config.tls_certificate.empty() || config.tls_key.empty())) {
    return base::fail(Code::invalid, "listen_tls needs tls.certificate and tls.key");
  }
  if (config.tls_client_certificates != "none" && config.tls_client_ca.empty()) {
    return base::fail(Code::invalid, "tls.client_certificates needs tls.client_ca");
  }
  const bool provider = !config.oidc_issuer.empty();
  if (provider && config.oidc_client_id.empty()) {
    return base::fail(Code::invalid, "oidc.issuer needs oidc.client_id");
  }
  if (provider && config.oidc_redirect_uri.empty() && config.public_url.empty()) {
    return base::fail(Code::invalid, "oidc.issuer needs public_url or oidc.redirect_uri");
  }
  return {};
}

}  // namespace

const std::vector<ConfigKey>& config_keys() {
  static const std::vector<ConfigKey> kKeys = [] {
    std::vector<ConfigKey> out;
    for (const auto& row : rows()) out.push_back(row.key);
    return out;
  }();
  return kKeys;
}

base::Result<Config> parse_config(std::string_view text, const std::string& name) {
  Config config;
  OTARU_CHECK(apply_text(config, text, name));
  OTARU_CHECK(check_together(config));
  return config;
}

base::Result<Config> load_config(const ConfigSources& sources) {
  Config config;
  if (!sources.file.empty()) {
    std::ifstream in(sources.file, std::ios::binary);
    if (!in) return base::fail(Code::invalid, "cannot read the settings file " + sources.file);
    std::stringstream text;
    text << in.rdbuf();
    OTARU_CHECK(apply_text(config, text.str(), sources.file));
  }
  if (sources.environment) {
    for (const auto& row : rows()) {
      std::string name = "OTARU_" + std::string(row.key.name);
      std::transform(name.begin(), name.end(), name.begin(), [](char c) {
        if (c == '.') return '_';
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      });
      if (const auto value = sources.environment(name)) {
        OTARU_CHECK(apply(config, "environment " + name, row.key.name, *value));
      }
    }
  }
  for (const auto& [key, value] : sources.flags) {
    OTARU_CHECK(apply(config, "--" + key, key, value));
  }
  OTARU_CHECK(check_together(config));
  return config;
}

base::Result<HostPort> parse_listen(std::string_view text) {
  const auto wrong = [&] {
    return base::fail(Code::invalid,
                      "'" + std::string(text) + "' is not HOST:PORT (for example 0.0.0.0:8080)");
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  const auto port = base::parse_uint(text.substr(colon + 1));
  if (!port || *port > 65535) return wrong();
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) host = "0.0.0.0";
  return HostPort{std::string(host), static_cast<uint16_t>(*port)};
}

}  // namespace otaru::server
