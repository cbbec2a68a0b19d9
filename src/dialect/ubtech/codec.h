// SPDX-License-Identifier: Apache-2.0
// UBTech bytes to values and back. Pure: no catalogue, no clock.
#pragma once

#include <cstdint>
#include <forward_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "domain/ids.h"
#include "http/message.h"

namespace otaru::dialect::ubtech {

// The parameters of a request the way servlets see them: the query first, then a form body; of two
// with the same name the first counts. Holds views into the request, which must outlive it.
class Params {
 public:
  struct Field {
    std::string_view value;  // decoded
    bool broken = false;     // an escape that is none: the value is as it came
  };
  // Code::too_large on more than kFormFieldsMax fields.
  static base::Result<Params> read(const http::Request& request);
  std::optional<Field> find(std::string_view name) const;
  // The OAuth2 half: a parameter with broken escapes is skipped, as servlet containers do.
  std::optional<std::string_view> text(std::string_view name) const;

 private:
  struct Named {
    std::string_view name;
    Field field;
  };
  base::Status add(std::string_view form);
  std::string_view decoded(std::string_view text, bool& broken);
  std::vector<Named> fields_;
  std::forward_list<std::string> decoded_;  // what was not plain; addresses stay
};

// --- /oauth/token -------------------------------------------------------------------------------

struct BasicPair {
  std::string id;
  std::string secret;
};
// "Basic <base64>" of an Authorization header; nothing when it is another scheme. A pair that
// cannot be read has an empty id.
std::optional<BasicPair> read_basic(std::string_view authorization);
// The token of "Bearer <token>", scheme in any case, text after a comma cut off (Spring's
// BearerTokenExtractor); nothing when it is another scheme.
std::optional<std::string_view> read_bearer(std::string_view authorization);
// Words separated by blanks or '+'.
std::vector<std::string_view> split_words(std::string_view text);

struct TokenAnswer {
  std::string access_token;
  std::string refresh_token;  // empty: the client has none
  int64_t expires_in_s = 0;
  std::string scope;
};
std::string render_token(const TokenAnswer& answer);

// --- /file/download -----------------------------------------------------------------------------

struct DownloadQuery {  // views into the Params
  std::string_view package_name;
  std::string_view file_name;
  std::string_view language;
  std::string_view robot_version;
  std::string_view robot_id;
  std::string_view version;
};
// The error's message is what the robot is told: "missing parameter: version".
base::Result<DownloadQuery> read_download(const Params& params);

// The id under which a robot reports one file: it finds its task and step whatever else the report
// says. The seed's "id number that belongs to the downloaded version".
struct DownloadId {
  domain::TaskId task;
  size_t step = 0;  // position in the task's chain, from 0
};
inline constexpr int64_t kStepsPerTask = 16;
static_assert(kStepsPerTask >= static_cast<int64_t>(base::limits::kPatchChainMax),
              "every step of a chain needs an id of its own");
int64_t pack_download_id(DownloadId id);
DownloadId unpack_download_id(int64_t number);

// --- /file/callback -----------------------------------------------------------------------------

enum class CallbackCode { no_state = 0, success = 1, failed = 2, not_updated = 3 };

struct CallbackQuery {
  std::vector<std::string> ids;  // "23;25" as two; blanks and line breaks removed
  std::string_view robot_id;
  CallbackCode code = CallbackCode::no_state;
};
base::Result<CallbackQuery> read_callback(const Params& params);

// --- answers ------------------------------------------------------------------------------------

// {"code": "102", "data": ...} with the blanks and the key order of the vendor's samples.
std::string render_result(std::string_view code, std::string_view data);
std::string render_offer(std::string_view code, std::string_view data, std::string_view id);

}  // namespace otaru::dialect::ubtech
