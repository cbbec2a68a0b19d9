// SPDX-License-Identifier: Apache-2.0
// The API's own description, built into the binary by embed.py.
#pragma once

#include <string_view>

namespace otaru::api {

std::string_view openapi_yaml_text();
std::string_view openapi_json_text();
std::string_view docs_html_text();
std::string_view docs_css_text();
std::string_view docs_js_text();

}  // namespace otaru::api
