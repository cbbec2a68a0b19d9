// SPDX-License-Identifier: Apache-2.0
#include "app/input_checks.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/limits.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;

constexpr size_t kAccessKeyBytesMin = 8;

base::Status refuse(std::string_view field, std::string_view rule, std::string message,
                    std::string remedy = {}) {
  return base::fail_rule(Code::invalid, std::string(field), rule, std::move(message),
                         std::move(remedy));
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

base::Status check_length(std::string_view field, std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return {};
  return base::fail_rule(Code::too_large, std::string(field), "length",
                         "it is longer than " + std::to_string(bytes_max) + " bytes");
}

bool plain_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool plain_file_character(char c) {
  return plain_word(c) || (c >= 'A' && c <= 'Z') ||
         std::string_view("._+@=()-").find(c) != std::string_view::npos;
}

}  // namespace

base::Status check_text(std::string_view field, std::string_view text, size_t bytes_max) {
  OTARU_CHECK(check_length(field, text, bytes_max));
  if (!base::valid_utf8(text) || std::any_of(text.begin(), text.end(), is_control)) {
    return refuse(field, "characters", "it has control characters or is not UTF-8");
  }
  return {};
}

base::Status check_name(std::string_view field, std::string_view text) {
  if (text.empty()) return refuse(field, "not_empty", "it is empty");
  return check_text(field, text, limits::kNameBytesMax);
}

base::Status check_note(std::string_view field, std::string_view text, size_t bytes_max) {
  OTARU_CHECK(check_length(field, text, bytes_max));
  const auto odd = [](char c) { return is_control(c) && c != '\n' && c != '\r' && c != '\t'; };
  if (!base::valid_utf8(text) || std::any_of(text.begin(), text.end(), odd)) {
    return refuse(field, "characters", "it has control characters or is not UTF-8");
  }
  return {};
}

base::Status check_texts(std::string_view field, const domain::TextMap& map,
                         size_t value_bytes_max) {
  if (map.size() > limits::kTextsPerRowMax) {
    return base::fail_rule(
        Code::too_large, std::string(field), "count",
        "it has more than " + std::to_string(limits::kTextsPerRowMax) + " entries");
  }
  for (const auto& [key, value] : map) {
    const std::string where = std::string(field) + "." + key;
    if (key.empty()) return refuse(field, "not_empty", "an entry has no name");
    OTARU_CHECK(check_text(field, key, limits::kNameBytesMax));
    OTARU_CHECK(check_note(where, value, value_bytes_max));
  }
  return {};
}

base::Status check_word(std::string_view field, std::string_view text, size_t bytes_max) {
  if (text.empty()) return refuse(field, "not_empty", "it is empty");
  OTARU_CHECK(check_length(field, text, bytes_max));
  const bool plain = plain_word(text.front()) && std::all_of(text.begin(), text.end(), [](char c) {
                       return plain_word(c) || c == '.' || c == '_' || c == '-';
                     });
  if (plain) return {};
  return refuse(field, "pattern",
                "it may hold a-z, 0-9, '.', '_' and '-', and starts with a letter or digit");
}

base::Status check_file_name(std::string_view field, std::string_view text) {
  if (text.empty()) return refuse(field, "not_empty", "it is empty");
  OTARU_CHECK(check_length(field, text, limits::kNameBytesMax));
  const bool head = plain_word(base::lower(text.substr(0, 1)).front()) || text.front() == '_';
  if (head && std::all_of(text.begin(), text.end(), plain_file_character)) return {};
  return refuse(field, "pattern",
                "a file name starts with a letter, a digit or '_' and goes on with these or any "
                "of . _ + @ = ( ) -",
                "give another file_name; the file itself need not be renamed");
}

base::Status check_version(std::string_view field, const domain::VersionFormat& format,
                           std::string_view text) {
  OTARU_CHECK(check_text(field, text, limits::kVersionBytesMax));
  if (auto fits = domain::validate_version(format, text); !fits) {
    return refuse(field, "version_scheme", fits.error().message,
                  "see version_scheme and version_pattern of the product");
  }
  return {};
}

base::Status check_sha256(std::string_view field, std::string_view text) {
  if (text.size() == 64 && base::unhex(text)) return {};
  return refuse(field, "pattern", "a SHA-256 is 64 hex digits");
}

base::Status check_range(std::string_view field, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return {};
  return refuse(field, "range",
                "it must be from " + std::to_string(least) + " to " + std::to_string(most));
}

base::Status check_device_key(std::string_view field, std::string_view key) {
  if (key.empty()) return refuse(field, "not_empty", "a device key is empty");
  return check_text(field, key, limits::kDeviceKeyBytesMax);
}

base::Status check_access_key(std::string_view field, std::string_view text) {
  const auto bytes = base::unbase64(text);
  if (text.size() <= limits::kSecretBytesMax && bytes && bytes->size() >= kAccessKeyBytesMin) {
    return {};
  }
  return refuse(field, "pattern", "an access key is base64 of at least 8 bytes",
                "leave it out to have one made");
}

base::Status check_device_secret(std::string_view field, std::string_view text) {
  const bool visible =
      std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  const bool long_enough = text.size() >= limits::kDeviceSecretBytesMin;
  if (visible && long_enough && text.size() <= limits::kSecretBytesMax) return {};
  return refuse(field, "pattern",
                "a device's secret is " + std::to_string(limits::kDeviceSecretBytesMin) + " to " +
                    std::to_string(limits::kSecretBytesMax) + " visible characters",
                "leave it out to have one made");
}

void normalize_permissions(std::vector<int64_t>& permissions) {
  std::sort(permissions.begin(), permissions.end());
  permissions.erase(std::unique(permissions.begin(), permissions.end()), permissions.end());
}

}  // namespace otaru::app
