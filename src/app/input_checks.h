// SPDX-License-Identifier: Apache-2.0
// Internal to app: what operators' texts must look like. Each answers with the field it was asked
// about, so that a tool can point at it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/catalogue.h"
#include "domain/version.h"

namespace otaru::app {

// Names and other texts people read: UTF-8 without control characters.
base::Status check_text(std::string_view field, std::string_view text, size_t bytes_max);
base::Status check_name(std::string_view field, std::string_view text);  // and not empty
// Longer texts may have line breaks and tabs.
base::Status check_note(std::string_view field, std::string_view text, size_t bytes_max);
base::Status check_texts(std::string_view field, const domain::TextMap& map,
                         size_t value_bytes_max);
// Words of the machine: [a-z0-9][a-z0-9._-]*.
base::Status check_word(std::string_view field, std::string_view text, size_t bytes_max);
// What a download is called. Plain ASCII, no path, nothing that a header, a URL or one of the
// vendors' ';' lists could misread.
base::Status check_file_name(std::string_view field, std::string_view text);
base::Status check_version(std::string_view field, const domain::VersionFormat& format,
                           std::string_view text);
base::Status check_sha256(std::string_view field, std::string_view text);
base::Status check_range(std::string_view field, int64_t value, int64_t least, int64_t most);
base::Status check_device_key(std::string_view field, std::string_view key);
// Base64 of at least eight bytes: what OneNET's HMAC keys are.
base::Status check_access_key(std::string_view field, std::string_view text);
// A device's own secret, whatever its protocol makes of it: 8 to 512 visible characters, as
// OneNET's keys (base64) and hawkBit's security tokens are.
base::Status check_device_secret(std::string_view field, std::string_view text);

// Sorted, each once.
void normalize_permissions(std::vector<int64_t>& permissions);

}  // namespace otaru::app
