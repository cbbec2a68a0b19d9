// SPDX-License-Identifier: Apache-2.0
// Internal to api: the header Idempotency-Key of a POST. The same key with the same request gets
// the same answer again, whatever happened to the connection or the server in between; with another
// request it is refused. Answers are kept sealed: some show a secret.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "api/call.h"
#include "api/conditions.h"

namespace otaru::api {

// The key of the record, or Code::invalid; nothing when the request has no such header.
base::Result<std::optional<std::string>> replay_key(const Call& call);

struct Replay {
  std::string key;
  // Carries the request out, once.
  std::function<http::Response()> run;
  // What was made, read again: for an answer that was lost with the server.
  std::function<std::optional<http::Response>(const std::string& subject)> read;
};
// While the gate of the key is closed.
http::Response run_once(const Call& call, const Replay& what);

}  // namespace otaru::api
