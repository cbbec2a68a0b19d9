// SPDX-License-Identifier: Apache-2.0
#include "dialect/onenet/codec.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"
#include "http/form.h"

namespace otaru::dialect::onenet {
namespace {

constexpr std::string_view kTokenPrefix = "ota_";
constexpr size_t kTokenBodyBytes = 20;
constexpr std::string_view kDone = R"({"errno":0,"error":"succ","data":{)";
// Devices keep these numbers in an int.
constexpr int64_t kDeviceIntMax = INT32_MAX;

constexpr std::array<std::string_view, kParamCount> kParamNames{
    "dev_id", "manuf",  "model", "type",      "version",   "cdn", "signals", "powers",
    "token",  "result", "step",  "f_version", "s_version", "pid", "authInfo"};

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

// A JSON scalar as text; nothing for what cannot be a parameter.
std::optional<std::string> text_of_json(const base::JsonView& value) {
  if (const auto flag = value.boolean()) return *flag ? "true" : "false";
  return value.text_or_integer();
}

bool optional_integer(const Params& params, Param param) {
  if (params.broken(param)) return false;
  const std::string* text = params.find(param);
  if (text == nullptr) return true;
  const std::string_view trimmed = base::trim(*text);
  return trimmed.empty() || base::parse_int(trimmed).has_value();
}

// Empty when it is absent or empty; whole numbers only (optional_integer).
std::string_view number_text(const Params& params, Param param) {
  const std::string* text = params.find(param);
  return text == nullptr ? std::string_view{} : base::trim(*text);
}

// A manuf or model: empty when absent; `bad` when it cannot be one.
std::string_view code_text(const Params& params, Param param, bool& bad) {
  if (params.broken(param)) bad = true;
  const std::string* text = params.find(param);
  if (text == nullptr) return {};
  if (text->size() > kCodeBytesMax || has_control_characters(*text) || !base::valid_utf8(*text)) {
    bad = true;
  }
  return base::trim(*text);
}

void append_member(std::string& out, std::string_view key, std::string_view text) {
  out += '"';
  out += key;
  out += "\":\"";
  out += text;
  out += "\",";
}

void append_member(std::string& out, std::string_view key, int64_t number) {
  out += '"';
  out += key;
  out += "\":";
  out += std::to_string(number);
  out += ',';
}

int64_t device_int(int64_t value) {
  return std::clamp<int64_t>(value, 0, kDeviceIntMax);
}

}  // namespace

void Params::put(std::string_view name, std::optional<std::string> value) {
  for (size_t i = 0; i < kParamNames.size(); ++i) {
    if (name != kParamNames[i]) continue;
    if (slots_[i].state != State::absent) return;  // the first wins
    slots_[i].state = value ? State::present : State::broken;
    if (value) slots_[i].text = std::move(*value);
    return;
  }
}

void Params::read_pairs(std::string_view text, base::Plus plus) {
  size_t count = 0;
  for (http::FormReader reader(text); auto pair = reader.next();) {
    if (++count > base::limits::kFormFieldsMax) return;
    put(pair->name, base::percent_decode(pair->value, plus));
  }
}

void Params::read_json(std::string_view body) {
  base::JsonRules rules;
  rules.comments_and_trailing_commas = true;  // the document prints its example with both
  const auto document = base::JsonDocument::parse(body, rules);
  if (!document || !document->root().is_object()) return;
  const base::JsonView root = document->root();
  for (size_t i = 0; i < root.size(); ++i) {
    const base::JsonView value = root.at(i);
    if (!value.is_null()) put(root.key_at(i), text_of_json(value));
  }
}

Params Params::read(const http::Request& request) {
  Params out;
  // '+' stays: ids and versions are not encoded by every client.
  out.read_pairs(request.query, base::Plus::literal);
  const std::string_view body = base::trim(request.body);
  if (body.empty()) return out;
  // Content-Type is often missing, so the body itself tells what it is.
  if (body.front() == '{' || body.front() == '/') {
    out.read_json(body);
  } else {
    out.read_pairs(body, base::Plus::space);
  }
  return out;
}

const std::string* find_dev_id(const Params& params, Param param) {
  const std::string* id = params.find(param);
  if (id == nullptr || id->empty() || id->size() > kDevIdBytesMax) return nullptr;
  return has_control_characters(*id) || !base::valid_utf8(*id) ? nullptr : id;
}

bool valid_version(std::string_view text) {
  return !text.empty() && text.size() <= kVersionCharactersMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '_' || c == '.' || c == '-';
         });
}

std::optional<domain::ProductType> read_type(const Params& params) {
  const std::string* text = params.find(Param::type);
  if (text == nullptr) return std::nullopt;
  const auto number = base::parse_int(base::trim(*text));
  if (number == 1) return domain::ProductType::firmware;
  if (number == 2) return domain::ProductType::software;
  return std::nullopt;
}

std::string_view slot_of(domain::ProductType type) {
  switch (type) {
    case domain::ProductType::firmware:
      return "firmware";
    case domain::ProductType::software:
      return "software";
  }
  return "firmware";
}

std::optional<bool> read_cdn(const Params& params) {
  if (params.broken(Param::cdn)) return std::nullopt;
  const std::string* text = params.find(Param::cdn);
  if (text == nullptr) return false;
  const std::string_view word = base::trim(*text);
  if (word.empty() || word == "0" || base::iequals(word, "false")) return false;
  if (word == "1" || base::iequals(word, "true")) return true;
  return std::nullopt;
}

CheckWordsResult read_check_words(const Params& params, bool strict) {
  CheckWordsResult out{Outcome::bad_parameter, {}};
  const auto type = read_type(params);
  const auto cdn = read_cdn(params);
  bool bad = !type || !cdn || !optional_integer(params, Param::signals) ||
             !optional_integer(params, Param::powers);
  out.words.manuf = code_text(params, Param::manuf, bad);
  out.words.model = code_text(params, Param::model, bad);
  out.words.signal = number_text(params, Param::signals);
  out.words.power_percent = number_text(params, Param::powers);
  if (strict && (out.words.manuf.empty() || out.words.model.empty())) bad = true;
  const std::string* version = params.find(Param::version);
  if (bad || version == nullptr) return out;
  out.words.type = *type;
  out.words.wants_ip_port = *cdn;
  out.words.version = *version;
  out.outcome = valid_version(*version) ? Outcome::done : Outcome::bad_version;
  return out;
}

std::string_view token_body(std::string_view token) {
  if (token.size() != kTokenPrefix.size() + kTokenBodyBytes ||
      token.substr(0, kTokenPrefix.size()) != kTokenPrefix) {
    return {};
  }
  return token.substr(kTokenPrefix.size());
}

std::string write_outcome(Outcome outcome) {
  std::string out = R"({"errno":)";
  out += std::to_string(number_of(outcome));
  out += R"(,"error":")";
  out += text_of(outcome);
  out += "\"}";
  return out;
}

std::string write_task(const TaskWords& task) {
  std::string out;
  out.reserve(320);
  out += kDone;
  append_member(out, "target", task.target);
  append_member(out, "token", task.token);
  append_member(out, "size", task.size_bytes);
  append_member(out, "md5", task.md5);
  append_member(out, "signal", device_int(task.signal));
  append_member(out, "power", device_int(task.power));
  append_member(out, "retry", device_int(task.retry));
  append_member(out, "interval", device_int(task.interval_s));
  if (!task.ip_port.empty()) append_member(out, "ipPort", task.ip_port);
  out += task.delta ? R"("type":2}})" : R"("type":1}})";
  return out;
}

std::string write_versions(std::string_view f_version, std::string_view s_version) {
  std::string out(kDone);
  if (!f_version.empty()) append_member(out, "f_version", f_version);
  if (!s_version.empty()) append_member(out, "s_version", s_version);
  if (out.back() == ',') out.pop_back();
  out += "}}";
  return out;
}

std::string write_dev_id(std::string_view dev_id) {
  std::string out(kDone);
  append_member(out, "dev_id", dev_id);
  out.pop_back();
  out += "}}";
  return out;
}

bool plain_json_text(std::string_view text) {
  return text.find_first_of("\"\\{}") == std::string_view::npos && !has_control_characters(text);
}

}  // namespace otaru::dialect::onenet
