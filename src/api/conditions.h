// SPDX-License-Identifier: Apache-2.0
// Internal to api: entity tags and the conditions made of them (RFC 9110 8.8.3 and 13.1), so that
// nobody overwrites what they have not seen.
//
// A tag is "STATE-REST": STATE names what operators change, REST everything else of the answer
// (counts, progress, when a device was last seen). If-None-Match compares both, so a 304 is never
// stale; If-Match compares STATE only, so that editing a running deployment does not fail because
// one more device has finished meanwhile.
#pragma once

#include <array>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "api/call.h"

namespace otaru::api {

struct Tag {
  std::string state;
  std::string rest;
  std::string text() const { return '"' + state + '-' + rest + '"'; }
};

// Of a whole resource as it is answered; nothing unless it is one JSON object.
std::optional<Tag> tag_of(const http::Response& response);
// The JSON text of an answer that is one; empty for others.
std::string_view json_of(const http::Response& response);

// Whether `If-None-Match` says that the asker has it already.
bool has_it(const http::Request& request, const Tag& tag);
// Whether a change may go on: Code::invalid when a header is no list of tags, nothing when it may,
// the refusal (412) when not. `current` is nothing when the resource does not exist.
base::Result<std::optional<http::Response>> check_conditions(const http::Request& request,
                                                             const std::optional<Tag>& current);
http::Response not_modified(const Tag& tag);
http::Response condition_required();  // 428

// One change of a resource at a time: the condition is looked at and the change made under one
// lock, so of two with the same If-Match one wins.
class Gates {
 public:
  std::unique_lock<std::mutex> close(std::string_view what);

 private:
  static constexpr size_t kGates = 256;  // two resources that share one only wait for each other
  std::array<std::mutex, kGates> gates_;
};

}  // namespace otaru::api
