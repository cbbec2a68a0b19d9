// SPDX-License-Identifier: Apache-2.0
// multipart/form-data (RFC 7578, framing of RFC 2046 5.1) of a body that is whole in memory, and
// bounded: parts are views into it. Files are read by multipart_stream.h, piece by piece.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace otaru::http {

struct MultipartPart {
  std::string name;                     // of the form field
  std::optional<std::string> filename;  // as sent; never to be used as a path
  std::string_view content_type;        // empty if not given
  std::string_view data;
};

// The boundary parameter of a Content-Type value, when that is multipart/form-data.
std::optional<std::string> multipart_boundary(std::string_view content_type);

// Code::invalid: not such a body; Code::too_large: more parts or longer part heads than allowed.
base::Result<std::vector<MultipartPart>> parse_multipart(std::string_view body,
                                                         std::string_view boundary);

// Takes the head of a part, its blank line included, off `left`; `data` stays empty.
base::Result<MultipartPart> take_part_head(std::string_view& left);

// First part of that name; nothing if absent.
const MultipartPart* find_part(const std::vector<MultipartPart>& parts, std::string_view name);

}  // namespace otaru::http
