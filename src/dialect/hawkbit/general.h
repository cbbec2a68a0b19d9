// SPDX-License-Identifier: Apache-2.0
// The "general purpose HTTP server" of SWUpdate: a device asks with everything it knows of itself
// in the query and is answered by the status alone: 302 (to the file), 404, 503. Source: SWUpdate,
// documentation, "Suricatta daemon mode", "Support for general purpose HTTP server".
//
//   GET /{tenant}/general?id=ID&token=TOKEN&version=1.0&...
//   PUT /{tenant}/general/log       "success,ID,TOKEN, ..."
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dialect/hawkbit/handler.h"

namespace otaru::dialect::hawkbit {

// The parameters of a question: identity apart from the rest, which is what it says of itself.
struct GeneralQuery {
  std::string id;
  std::string token;  // empty: none
  ConfigData attributes;
};
// Code::invalid: no id, or an escape that is none. Code::too_large, exhausted: as configData.
base::Result<GeneralQuery> read_general_query(std::string_view query);

// One line of the log: "started", "success" or "fail", the id, the token (may be empty), and words.
struct GeneralLog {
  std::string id;
  std::string token;
  Feedback said;
};
base::Result<GeneralLog> read_general_log(std::string_view body);

struct GeneralAnswer {
  const domain::Package* package = nullptr;  // to be fetched; null: nothing now
  bool waits = false;                        // there is, or will be, something, only not now
  int64_t retry_after_s = 0;
};
base::Result<GeneralAnswer> answer_general(const Visit& visit, const GeneralQuery& query);
// Code::not_found when nothing is under way.
base::Status take_general_log(const Visit& visit, const GeneralLog& log);

}  // namespace otaru::dialect::hawkbit
