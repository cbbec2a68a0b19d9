// SPDX-License-Identifier: Apache-2.0
#include "dialect/ubtech/codec.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/json.h"
#include "http/form.h"

namespace otaru::dialect::ubtech {
namespace {

namespace limits = base::limits;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

// UTF-8 without control characters.
bool is_text(std::string_view text) {
  bool ascii = true;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return false;
    ascii = ascii && byte < 0x80;
  }
  return ascii || base::valid_utf8(text);
}

bool has_form_body(const http::Request& request) {
  if (request.body.empty()) return false;
  const auto type = request.header("Content-Type");
  if (!type) return false;
  return base::iequals(base::trim(type->substr(0, type->find(';'))),
                       "application/x-www-form-urlencoded");
}

tl::unexpected<base::Error> bad_parameter(std::string_view what, std::string_view name) {
  std::string message(what);
  message += " parameter: ";
  message += name;
  return base::fail(base::Code::invalid, std::move(message));
}

// A required text. Empty counts as missing: nothing in this protocol means anything when empty.
base::Result<std::string_view> required(const Params& params, std::string_view name,
                                        size_t bytes_max) {
  const auto field = params.find(name);
  if (!field) return bad_parameter("missing", name);
  if (field->broken) return bad_parameter("invalid", name);
  const std::string_view value = base::trim(field->value);
  if (value.empty()) return bad_parameter("missing", name);
  if (value.size() > bytes_max || !is_text(value)) return bad_parameter("invalid", name);
  return value;
}

// The text behind "<scheme> ", scheme in any case.
std::optional<std::string_view> after_scheme(std::string_view authorization,
                                             std::string_view scheme) {
  if (authorization.size() <= scheme.size() || authorization[scheme.size()] != ' ') {
    return std::nullopt;
  }
  if (!base::iequals(authorization.substr(0, scheme.size()), scheme)) return std::nullopt;
  return base::trim(authorization.substr(scheme.size()));
}

std::string quoted(std::string_view text) {
  base::JsonWriter writer;
  writer.value(text);
  return writer.take();
}

}  // namespace

base::Result<Params> Params::read(const http::Request& request) {
  Params out;
  out.fields_.reserve(16);
  OTARU_CHECK(out.add(request.query));
  if (has_form_body(request)) OTARU_CHECK(out.add(request.body));
  return out;
}

base::Status Params::add(std::string_view form) {
  http::FormReader reader(form);
  while (const auto pair = reader.next()) {
    if (fields_.size() >= limits::kFormFieldsMax) {
      return base::fail(base::Code::too_large, "too many parameters");
    }
    Named item;
    item.name = decoded(pair->name, item.field.broken);
    item.field.value = decoded(pair->value, item.field.broken);
    fields_.push_back(item);
  }
  return {};
}

// Nearly every text is plain: then nothing is copied.
std::string_view Params::decoded(std::string_view text, bool& broken) {
  if (text.find('%') == std::string_view::npos && text.find('+') == std::string_view::npos) {
    return text;
  }
  auto plain = base::percent_decode(text, base::Plus::space);
  if (!plain) {
    broken = true;
    return text;
  }
  return decoded_.emplace_front(std::move(*plain));
}

std::optional<Params::Field> Params::find(std::string_view name) const {
  for (const auto& item : fields_) {
    if (item.name == name) return item.field;
  }
  return std::nullopt;
}

std::optional<std::string_view> Params::text(std::string_view name) const {
  const auto field = find(name);
  if (!field || field->broken) return std::nullopt;
  return field->value;
}

std::optional<BasicPair> read_basic(std::string_view authorization) {
  const auto encoded = after_scheme(authorization, "Basic");
  if (!encoded) return std::nullopt;
  const auto pair = base::unbase64(*encoded);
  const size_t colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) return BasicPair{};
  return BasicPair{pair->substr(0, colon), pair->substr(colon + 1)};
}

std::optional<std::string_view> read_bearer(std::string_view authorization) {
  const auto text = after_scheme(authorization, "Bearer");
  if (!text) return std::nullopt;
  return base::trim(text->substr(0, text->find(',')));
}

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  size_t from = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && !is_blank(text[i]) && text[i] != '+') continue;
    if (i > from) words.push_back(text.substr(from, i - from));
    from = i + 1;
  }
  return words;
}

std::string render_token(const TokenAnswer& answer) {
  base::JsonWriter writer;
  writer.begin_object();
  writer.member("access_token", answer.access_token);
  writer.member("token_type", "bearer");
  if (!answer.refresh_token.empty()) writer.member("refresh_token", answer.refresh_token);
  writer.member("expires_in", answer.expires_in_s);
  writer.member("scope", answer.scope);
  writer.end_object();
  return writer.take();
}

base::Result<DownloadQuery> read_download(const Params& params) {
  DownloadQuery out;
  OTARU_TRY(package_name, required(params, "package_name", limits::kNameBytesMax));
  OTARU_TRY(version, required(params, "version", limits::kVersionBytesMax));
  OTARU_TRY(file_name, required(params, "file_name", limits::kNameBytesMax));
  OTARU_TRY(language, required(params, "language", limits::kNameBytesMax));
  OTARU_TRY(robot_version, required(params, "robot_version", limits::kNameBytesMax));
  OTARU_TRY(robot_id, required(params, "robot_id", limits::kDeviceKeyBytesMax));
  out.package_name = package_name;
  out.version = version;
  out.file_name = file_name;
  out.language = language;
  out.robot_version = robot_version;
  out.robot_id = robot_id;
  return out;
}

int64_t pack_download_id(DownloadId id) {
  return id.task.value * kStepsPerTask + static_cast<int64_t>(id.step);
}

DownloadId unpack_download_id(int64_t number) {
  return {domain::TaskId{number / kStepsPerTask}, static_cast<size_t>(number % kStepsPerTask)};
}

base::Result<CallbackQuery> read_callback(const Params& params) {
  CallbackQuery out;
  const auto id = params.find("id");
  if (!id) return bad_parameter("missing", "id");
  if (id->broken) return bad_parameter("invalid", "id");
  // The vendor's own sample prints the list with blanks and a line break inside; they mean nothing.
  std::string packed;
  packed.reserve(id->value.size());
  for (const char c : id->value) {
    if (!is_blank(c)) packed.push_back(c);
  }
  std::string_view rest = packed;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(';'), rest.size());
    const std::string_view item = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (item.empty()) continue;
    const bool fits = item.size() <= limits::kNameBytesMax && is_text(item);
    if (!fits || out.ids.size() >= limits::kPatchChainMax) return bad_parameter("invalid", "id");
    out.ids.emplace_back(item);
  }
  if (out.ids.empty()) return bad_parameter("missing", "id");
  OTARU_TRY(robot_id, required(params, "robot_id", limits::kDeviceKeyBytesMax));
  out.robot_id = robot_id;
  OTARU_TRY(code, required(params, "code", limits::kNameBytesMax));
  if (code.size() != 1 || code[0] < '0' || code[0] > '3') return bad_parameter("invalid", "code");
  out.code = static_cast<CallbackCode>(code[0] - '0');
  return out;
}

std::string render_result(std::string_view code, std::string_view data) {
  std::string out = "{\"code\": ";
  out += quoted(code);
  out += ", \"data\": ";
  out += quoted(data);
  out += '}';
  return out;
}

std::string render_offer(std::string_view code, std::string_view data, std::string_view id) {
  std::string out = render_result(code, data);
  out.pop_back();
  out += ", \"id\": ";
  out += quoted(id);
  out += '}';
  return out;
}

}  // namespace otaru::dialect::ubtech
