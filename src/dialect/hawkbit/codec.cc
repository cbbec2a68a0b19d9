// SPDX-License-Identifier: Apache-2.0
#include "dialect/hawkbit/codec.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"

namespace otaru::dialect::hawkbit {
namespace {

namespace limits = base::limits;
using base::Code;
using base::JsonDocument;
using base::JsonView;
using base::JsonWriter;

constexpr std::array<std::pair<std::string_view, Execution>, 8> kExecutions{{
    {"closed", Execution::closed},
    {"proceeding", Execution::proceeding},
    {"canceled", Execution::canceled},
    {"scheduled", Execution::scheduled},
    {"rejected", Execution::rejected},
    {"resumed", Execution::resumed},
    {"downloaded", Execution::downloaded},
    {"download", Execution::download},
}};
constexpr std::array<std::pair<std::string_view, Finished>, 3> kFinished{{
    {"success", Finished::success},
    {"failure", Finished::failure},
    {"none", Finished::none},
}};
constexpr std::array<std::pair<std::string_view, UpdateMode>, 3> kModes{{
    {"merge", UpdateMode::merge},
    {"replace", UpdateMode::replace},
    {"remove", UpdateMode::remove},
}};

template <class Table>
auto word_of(const Table& table, std::string_view text)
    -> std::optional<decltype(table.front().second)> {
  for (const auto& [word, value] : table) {
    if (word == text) return value;
  }
  return std::nullopt;
}

template <class Table, class Value>
std::string_view text_of(const Table& table, Value value) {
  for (const auto& [word, known] : table) {
    if (known == value) return word;
  }
  return {};
}

template <class Table>
std::string list_of(const Table& table) {
  std::string out;
  for (const auto& entry : table) {
    if (!out.empty()) out += ", ";
    out += entry.first;
  }
  return out;
}

tl::unexpected<base::Error> bad_member(std::string_view member, std::string_view what) {
  std::string message(member);
  message += " ";
  message += what;
  return base::fail(Code::invalid, std::move(message));
}

// A word of a table; `fallback` where the member is not there.
template <class Table, class Value>
base::Result<Value> read_word(const Table& table, JsonView member, std::string_view name,
                              std::optional<Value> fallback) {
  if ((!member.exists() || member.is_null()) && fallback) return *fallback;
  const auto text = member.text();
  const auto value = text ? word_of(table, base::lower(*text)) : std::nullopt;
  if (!value) return bad_member(name, "is not one of " + list_of(table));
  return *value;
}

base::Result<JsonDocument> parse_object(std::string_view body) {
  base::JsonRules rules;
  rules.raw_control_characters = true;
  OTARU_TRY(document, JsonDocument::parse(body, rules));
  if (!document.root().is_object()) return base::fail(Code::invalid, "the body is no JSON object");
  return std::move(document);
}

std::optional<std::string> plain_value(JsonView value) {
  if (auto text = value.text_or_integer()) return text;
  if (value.is_number()) return base::json_text(value);
  if (const auto flag = value.boolean()) return std::string(*flag ? "true" : "false");
  return std::nullopt;
}

// Lines of a message: a list of them, or one; what is neither is left out, because the report it
// belongs to counts all the same.
std::vector<std::string> read_details(JsonView details) {
  std::vector<std::string> out;
  if (const auto text = details.text()) out.emplace_back(*text);
  const size_t count = details.is_array() ? details.size() : 0;
  const size_t first = count > limits::kHawkbitDetailsMax ? count - limits::kHawkbitDetailsMax : 0;
  for (size_t i = first; i < count; ++i) {
    if (auto text = plain_value(details.at(i))) out.push_back(std::move(*text));
  }
  return out;
}

// Control characters are for people to read over, not for terminals to obey; and the output of a
// script may be in any encoding.
void append_plain(std::string& out, std::string_view text) {
  const bool valid = base::valid_utf8(text);
  for (const char c : base::trim(text)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool control = byte < 0x20 || byte == 0x7f;
    out += control ? ' ' : (byte >= 0x80 && !valid ? '?' : c);
  }
}

// The text behind `"member" :` as far as the next quote; empty when it is not there.
std::string_view raw_word(std::string_view text, std::string_view member) {
  const size_t at = text.find("\"" + std::string(member) + "\"");
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + member.size() + 2);
  const size_t open = text.find_first_not_of(": \t\r\n");
  if (open == std::string_view::npos || text[open] != '"') return {};
  text.remove_prefix(open + 1);
  return text.substr(0, text.find('"'));
}

// SWUpdate copies what a script printed into `details`, the last member, as it is: quotes in it
// make the body no JSON, and the report counts all the same.
base::Result<Feedback> salvage_feedback(std::string_view body) {
  const size_t at = body.find("\"details\"");
  const std::string_view head = body.substr(0, at);
  const auto execution = word_of(kExecutions, raw_word(head, "execution"));
  if (at == std::string_view::npos || !execution) {
    return base::fail(Code::invalid, "the body is no JSON object");
  }
  Feedback out;
  out.execution = *execution;
  out.finished = word_of(kFinished, raw_word(head, "finished")).value_or(Finished::none);
  std::string_view rest = body.substr(at + std::string_view("\"details\"").size());
  const size_t first = rest.find('[');
  const size_t last = rest.rfind(']');
  if (first != std::string_view::npos && last != std::string_view::npos && first < last) {
    out.details.emplace_back(base::trim(rest.substr(first + 1, last - first - 1)));
  }
  return out;
}

void write_link(JsonWriter& writer, std::string_view rel, std::string_view href) {
  writer.key(rel);
  writer.begin_object();
  writer.member("href", href);
  writer.end_object();
}

void write_links(JsonWriter& writer, std::span<const Link> links) {
  writer.key("_links");
  writer.begin_object();
  for (const Link& link : links) write_link(writer, link.rel, link.href);
  writer.end_object();
}

void write_artifact(JsonWriter& writer, const Artifact& artifact) {
  writer.begin_object();
  writer.member("filename", artifact.file_name);
  writer.key("hashes");
  writer.begin_object();
  writer.member("sha1", artifact.digests->sha1);
  writer.member("md5", artifact.digests->md5);
  writer.member("sha256", artifact.digests->sha256);
  writer.end_object();
  writer.member("size", artifact.size_bytes);
  const std::string checksum = artifact.href + ".MD5SUM";
  // Clients differ in which of the two pairs they read: SWUpdate takes "download", others only
  // know "download-http".
  const std::array<Link, 4> links{{{"download", artifact.href},
                                   {"download-http", artifact.href},
                                   {"md5sum", checksum},
                                   {"md5sum-http", checksum}}};
  write_links(writer, links);
  writer.end_object();
}

void write_artifact_list(JsonWriter& writer, std::span<const Artifact> artifacts) {
  writer.begin_array();
  for (const Artifact& artifact : artifacts) write_artifact(writer, artifact);
  writer.end_array();
}

void write_chunk(JsonWriter& writer, const Chunk& chunk) {
  writer.begin_object();
  writer.member("part", chunk.part);
  writer.member("version", chunk.version);
  writer.member("name", chunk.name);
  writer.key("artifacts");
  write_artifact_list(writer, chunk.artifacts);
  writer.end_object();
}

}  // namespace

base::Result<ConfigData> read_config_data(std::string_view body) {
  OTARU_TRY(document, parse_object(body));
  ConfigData out;
  OTARU_TRY(mode, read_word(kModes, document.root().find("mode"), "mode",
                            std::optional(UpdateMode::merge)));
  out.mode = mode;
  const JsonView data = document.root().find("data");
  if (!data.is_object()) return bad_member("data", "is missing or no object");
  if (data.size() > limits::kAttributesPerDeviceMax) {
    return base::fail(
        Code::too_large,
        "data has more than " + std::to_string(limits::kAttributesPerDeviceMax) + " attributes");
  }
  for (size_t i = 0; i < data.size(); ++i) {
    const std::string_view key = data.key_at(i);
    auto value = plain_value(data.at(i));
    if (!value && out.mode == UpdateMode::remove) value.emplace();
    if (key.empty() || !value) return bad_member("data", "has a member that is no text");
    if (key.size() > limits::kNameBytesMax || value->size() > limits::kAttributeBytesMax) {
      return base::fail(Code::too_large, "data has an attribute that is too long (name " +
                                             std::to_string(limits::kNameBytesMax) + ", value " +
                                             std::to_string(limits::kAttributeBytesMax) +
                                             " bytes)");
    }
    out.data.emplace_back(key, std::move(*value));
  }
  return out;
}

base::Result<Feedback> read_feedback(std::string_view body) {
  const auto document = parse_object(body);
  if (!document) return salvage_feedback(body);
  const JsonView status = document->root().find("status");
  if (!status.is_object()) return bad_member("status", "is missing or no object");
  Feedback out;
  OTARU_TRY(execution, read_word(kExecutions, status.find("execution"), "status.execution",
                                 std::optional<Execution>()));
  out.execution = execution;
  const JsonView result = status.find("result");
  OTARU_TRY(finished, read_word(kFinished, result.find("finished"), "status.result.finished",
                                std::optional(Finished::none)));
  out.finished = finished;
  const JsonView progress = result.find("progress");
  out.count = progress.find("cnt").integer();
  out.of = progress.find("of").integer();
  out.code = status.find("code").integer();
  out.details = read_details(status.find("details"));
  return out;
}

base::Result<Confirmation> read_confirmation(std::string_view body) {
  OTARU_TRY(document, parse_object(body));
  const auto word = document.root().find("confirmation").text();
  const std::string text = word ? base::lower(*word) : std::string();
  if (text != "confirmed" && text != "denied") {
    return bad_member("confirmation", "is not one of confirmed, denied");
  }
  Confirmation out;
  out.confirmed = text == "confirmed";
  out.details = read_details(document.root().find("details"));
  return out;
}

base::Result<AutoConfirm> read_auto_confirm(std::string_view body) {
  AutoConfirm out;
  if (base::trim(body).empty()) return out;
  OTARU_TRY(document, parse_object(body));
  const auto initiator = document.root().find("initiator").text();
  const auto remark = document.root().find("remark").text();
  if (initiator) append_plain(out.initiator, *initiator);
  if (remark) append_plain(out.remark, *remark);
  return out;
}

std::string words_of(const Feedback& feedback) {
  std::string out;
  if (feedback.code) out = "code " + std::to_string(*feedback.code);
  const auto add = [&](const std::string& line) {
    if (base::trim(line).empty()) return;
    if (!out.empty()) out += "; ";
    append_plain(out, line);
  };
  size_t bytes = 0;
  for (const std::string& line : feedback.details) bytes += line.size();
  // SWUpdate sends pages of its log: of what does not fit, what went wrong is what counts.
  const bool fits = bytes < limits::kLogBytesMax;
  for (const bool errors : {true, false}) {
    for (const std::string& line : feedback.details) {
      if (out.size() >= limits::kLogBytesMax) return out;
      const bool is_error = line.find("ERROR") != std::string::npos;
      if (fits ? errors : is_error == errors) add(line);
    }
  }
  return out;
}

std::optional<std::string> read_segment(std::string_view segment) {
  auto text = base::percent_decode(segment, base::Plus::literal);
  if (!text || text->empty() || !base::valid_utf8(*text)) return std::nullopt;
  const bool control = std::any_of(text->begin(), text->end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (control) return std::nullopt;
  return text;
}

std::string_view name_of(Execution v) {
  return text_of(kExecutions, v);
}

std::string_view name_of(Finished v) {
  return text_of(kFinished, v);
}

std::string render_poll(std::string_view sleep, std::span<const Link> links) {
  JsonWriter writer;
  writer.begin_object();
  writer.key("config");
  writer.begin_object();
  writer.key("polling");
  writer.begin_object();
  writer.member("sleep", sleep);
  writer.end_object();
  writer.end_object();
  write_links(writer, links);
  writer.end_object();
  return writer.take();
}

std::string render_action(const ActionAnswer& answer) {
  JsonWriter writer;
  writer.begin_object();
  writer.member("id", answer.id);
  writer.key(answer.kind);
  writer.begin_object();
  writer.member("download", answer.download);
  writer.member("update", answer.update);
  if (!answer.window.empty()) writer.member("maintenanceWindow", answer.window);
  writer.key("chunks");
  writer.begin_array();
  for (const Chunk& chunk : answer.chunks) write_chunk(writer, chunk);
  writer.end_array();
  writer.end_object();
  if (!answer.messages.empty()) {
    writer.key("actionHistory");
    writer.begin_object();
    writer.member("status", answer.status);
    writer.key("messages");
    writer.begin_array();
    for (const std::string& message : answer.messages) writer.value(message);
    writer.end_array();
    writer.end_object();
  }
  writer.end_object();
  return writer.take();
}

std::string render_artifacts(std::span<const Artifact> artifacts) {
  JsonWriter writer;
  write_artifact_list(writer, artifacts);
  return writer.take();
}

std::string render_cancel(std::string_view action) {
  JsonWriter writer;
  writer.begin_object();
  writer.member("id", action);
  writer.key("cancelAction");
  writer.begin_object();
  writer.member("stopId", action);
  writer.end_object();
  writer.end_object();
  return writer.take();
}

std::string render_confirmation_base(const AutoConfirmState& state, std::span<const Link> links) {
  JsonWriter writer;
  writer.begin_object();
  writer.key("autoConfirm");
  writer.begin_object();
  writer.member("active", state.active);
  if (state.active) {
    writer.member("initiator", state.initiator);
    writer.member("activatedAt", state.activated_at_ms);
  }
  writer.end_object();
  write_links(writer, links);
  writer.end_object();
  return writer.take();
}

std::string render_md5sum(std::string_view md5, std::string_view file_name) {
  std::string out(md5);
  out += "  ";
  out += file_name;
  return out;
}

std::string render_error(std::string_view code, std::string_view message) {
  JsonWriter writer;
  writer.begin_object();
  writer.member("errorCode", code);
  writer.member("message", message);
  writer.end_object();
  return writer.take();
}

}  // namespace otaru::dialect::hawkbit
