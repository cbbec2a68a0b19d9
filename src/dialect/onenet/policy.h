// SPDX-License-Identifier: Apache-2.0
// What answers look like on the wire (docs/dialects/onenet.md, "Answers"): which headers, in which
// order, how framed. Devices read answers into buffers of 512 bytes and search them for words.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dialect/onenet/errors.h"
#include "dialect/onenet/slices.h"
#include "http/message.h"

namespace otaru::dialect::onenet {

// Status line, headers and body of a JSON answer together, and the head of a 206.
inline constexpr size_t kAnswerBytesMax = 511;
inline constexpr size_t kSliceHeadBytesMax = 400;
// With these two the worst answer stays within.
inline constexpr size_t kIpPortBytesMax = 64;
inline constexpr size_t kFileNameBytesMax = 64;

http::Response json_answer(std::string body, int status = 200);
http::Response outcome_answer(Outcome outcome, int status = 200);
// The whole file (200), or a slice of it (206).
http::Response file_answer(std::shared_ptr<const http::FileHandle> file, std::string_view name,
                           const std::optional<Slice>& slice);
http::Response download_failure_answer(DownloadFailure failure, int status = 200);

// ASCII, short, and without the word "Range", which devices search the head for.
std::string safe_file_name(std::string_view name);

}  // namespace otaru::dialect::onenet
