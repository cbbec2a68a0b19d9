// SPDX-License-Identifier: Apache-2.0
// Bytes to values and back: parameters, download tokens, JSON answers. Pure; every length is
// capped.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "dialect/onenet/errors.h"
#include "domain/catalogue.h"
#include "http/message.h"

namespace otaru::dialect::onenet {

// The parameters of all endpoints.
enum class Param : uint8_t {
  dev_id,
  manuf,
  model,
  type,
  version,
  cdn,
  signals,
  powers,
  token,
  result,
  step,
  f_version,
  s_version,
  pid,
  auth_info,
};
inline constexpr size_t kParamCount = 15;
// Device ids are opaque: "decimal digits" in practice, but the document says string.
inline constexpr size_t kDevIdBytesMax = 64;
inline constexpr size_t kVersionCharactersMax = 20;  // errno 27's rule
inline constexpr size_t kCodeBytesMax = 64;          // manuf, model: the longest name has 15 bytes

// Where parameters come from: the query wins, then a JSON body (of GET too, comments as the
// document prints them), else a form body. Numbers and booleans become their text. A value that
// cannot be one (a broken escape, an array) is there but broken.
class Params {
 public:
  static Params read(const http::Request& request);

  const std::string* find(Param param) const {  // nullptr: absent, or broken
    const auto& slot = slots_[static_cast<size_t>(param)];
    return slot.state == State::present ? &slot.text : nullptr;
  }
  bool broken(Param param) const {
    return slots_[static_cast<size_t>(param)].state == State::broken;
  }

 private:
  enum class State : uint8_t { absent, present, broken };
  struct Slot {
    State state = State::absent;
    std::string text;
  };
  void put(std::string_view name, std::optional<std::string> value);
  void read_pairs(std::string_view text, base::Plus plus);
  void read_json(std::string_view body);
  std::array<Slot, kParamCount> slots_;
};

// 1..64 bytes of UTF-8 without control characters; nullptr otherwise.
const std::string* find_dev_id(const Params& params, Param param = Param::dev_id);
bool valid_version(std::string_view text);  // [a-zA-Z0-9_.-]{1,20}
// 1 FOTA, 2 SOTA; nothing for anything else.
std::optional<domain::ProductType> read_type(const Params& params);
std::string_view slot_of(domain::ProductType type);  // Component::slot: "firmware", "software"

// The parameters of `check`. manuf and model as the device wrote them, empty when it did not.
struct CheckWords {
  domain::ProductType type = domain::ProductType::firmware;
  std::string_view version;
  std::string_view manuf;
  std::string_view model;
  bool wants_ip_port = false;
  // "signals" and "powers", as they were written; empty when the device did not say them.
  std::string_view signal;
  std::string_view power_percent;
};
// Views into `params`. An Outcome is the refusal.
struct CheckWordsResult {
  Outcome outcome = Outcome::done;
  CheckWords words;
};
CheckWordsResult read_check_words(const Params& params, bool strict);
// true/false/1/0 in any case; false when absent; nothing when it is something else.
std::optional<bool> read_cdn(const Params& params);

// The 20 characters after "ota_"; empty if it is no such token.
std::string_view token_body(std::string_view token);

// {"errno":..,"error":".."}
std::string write_outcome(Outcome outcome);

// The task object, in the order real answers have (docs/dialects/onenet.md): target, token, size,
// md5, signal, power, retry, interval, [ipPort], type.
struct TaskWords {
  std::string_view target;
  std::string_view token;  // with "ota_"
  int64_t size_bytes = 0;
  std::string_view md5;
  int64_t signal = 0;
  int64_t power = 0;
  int64_t retry = 0;
  int64_t interval_s = 0;
  std::string_view ip_port;  // empty: the key is left out
  bool delta = false;
};
std::string write_task(const TaskWords& task);

// {"errno":0,"error":"succ","data":{...}}; a key without a value is left out.
std::string write_versions(std::string_view f_version, std::string_view s_version);
std::string write_dev_id(std::string_view dev_id);
// Whether JSON writes it as it is: devices do not read escapes.
bool plain_json_text(std::string_view text);

}  // namespace otaru::dialect::onenet
