// SPDX-License-Identifier: Apache-2.0
// Lists and maps as one column of JSON text. Maps are arrays of pairs, so that order and repeated
// keys stay as they were; a text that is not UTF-8, which JSON cannot carry, is {"hex":"..."}.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "domain/catalogue.h"

namespace otaru::store {

std::string to_json_text(const domain::TextMap& map);
std::string to_json_text(const std::vector<std::string>& list);
std::string to_json_text(const std::vector<int64_t>& list);

// False when the text is not what to_json_text makes.
bool from_json_text(std::string_view text, domain::TextMap& map);
bool from_json_text(std::string_view text, std::vector<std::string>& list);
bool from_json_text(std::string_view text, std::vector<int64_t>& list);

// The keys of a deployment's list as schemas before 9 kept them: each ended by a line feed;
// backslash and line feed inside a key are escaped.
std::vector<std::string> split_keys(std::string_view text);

}  // namespace otaru::store
