// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

#include "base/encoding.h"
#include "cli/cli.h"
#include "cli/process.h"

namespace otaru::cli {
namespace {

constexpr uint32_t kBroken = 0xFFFD;
// Of an answer that is no problem document: a proxy's page, for instance.
constexpr size_t kRefusalBytesShown = 300;

bool g_json_errors = false;
std::optional<std::string> g_capture;  // what is emitted goes here while there is one

// The code point at `at`, which moves behind it; kBroken for a byte that begins none.
uint32_t next_point(std::string_view text, size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  if (lead < 0x80) return lead;
  const size_t more = lead >= 0xF8 ? 0 : lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC2 ? 1 : 0;
  if (more == 0 || at + more > text.size()) return kBroken;
  uint32_t point = more == 3 ? lead & 0x07u : more == 2 ? lead & 0x0Fu : lead & 0x1Fu;
  for (size_t i = 0; i < more; ++i) {
    const auto byte = static_cast<unsigned char>(text[at + i]);
    if ((byte & 0xC0u) != 0x80u) return kBroken;
    point = (point << 6) | (byte & 0x3Fu);
  }
  at += more;
  return point;
}

bool is_control(uint32_t point) {
  return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x2028 || point == 0x2029;
}

// Marks that turn the direction of writing: a name could show as another.
bool is_direction(uint32_t point) {
  return point == 0x061C || point == 0x200E || point == 0x200F ||
         (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);
}

bool takes_no_column(uint32_t point) {
  return (point >= 0x0300 && point <= 0x036F) || (point >= 0x200B && point <= 0x200D) ||
         (point >= 0x20D0 && point <= 0x20FF) || (point >= 0xFE00 && point <= 0xFE0F);
}

// The wide blocks of Unicode's East Asian Width table that firmware names and notes use.
bool is_wide(uint32_t point) {
  return (point >= 0x1100 && point <= 0x115F) || (point >= 0x2E80 && point <= 0xA4CF) ||
         (point >= 0xAC00 && point <= 0xD7A3) || (point >= 0xF900 && point <= 0xFAFF) ||
         (point >= 0xFE30 && point <= 0xFE6F) || (point >= 0xFF00 && point <= 0xFF60) ||
         (point >= 0xFFE0 && point <= 0xFFE6) || (point >= 0x1F300 && point <= 0x1FAFF) ||
         (point >= 0x20000 && point <= 0x3FFFD);
}

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return (c >= '0' && c <= '9') || c == '-'; });
}

}  // namespace

size_t display_width(std::string_view text) {
  size_t width = 0;
  for (size_t at = 0; at < text.size();) {
    const uint32_t point = next_point(text, at);
    width += takes_no_column(point) ? 0 : is_wide(point) ? 2 : 1;
  }
  return width;
}

std::string printable(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t from = at;
    const uint32_t point = next_point(text, at);
    if (point == kBroken && text[from] != '\xEF') {
      out.push_back('?');
    } else if (is_control(point)) {
      out.push_back(' ');
    } else if (!is_direction(point)) {
      out += text.substr(from, at - from);
    }
  }
  return out;
}

std::string json_line(base::JsonView value) {
  const std::string json = base::json_text(value);
  std::string out;
  for (size_t at = 0; at < json.size();) {
    const size_t from = at;
    const uint32_t point = next_point(json, at);
    if (is_control(point) || is_direction(point)) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", point & 0xFFFFu);
      out += escape;
    } else if (point == kBroken && json[from] != '\xEF') {
      out += "\\ufffd";
    } else {
      out += json.substr(from, at - from);
    }
  }
  return out;
}

bool emit(std::string_view text) {
  if (g_capture) {
    *g_capture += text;
    return true;
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
  return std::ferror(stdout) == 0;
}

void begin_capture() {
  g_capture = "";
}

std::string end_capture() {
  std::string kept = std::move(*g_capture);
  g_capture.reset();
  return kept;
}

bool output_broken() {
  return std::ferror(stdout) != 0;
}

int finish_output(int exit_code) {
  errno = 0;
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (written) return exit_code;
  // Whoever closed the pipe knows; anything else is worth a word.
  if (errno != EPIPE && errno != 0) {
    std::fprintf(stderr, "otaru: cannot write the output: %s\n", std::strerror(errno));
  }
  return exit_code == kExitOk ? kExitRefused : exit_code;
}

std::string format_table(const std::vector<Column>& columns,
                         const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  std::vector<bool> numeric;
  for (size_t c = 0; c < columns.size(); ++c) {
    size_t width = display_width(columns[c].title);
    bool all_numbers = !rows.empty();
    for (const auto& row : rows) {
      width = std::max(width, display_width(row[c]));
      all_numbers = all_numbers && is_number(row[c]);
    }
    widths.push_back(width);
    numeric.push_back(all_numbers);
  }
  std::string out;
  const auto add_row = [&](const auto& cell_of) {
    std::string line;
    for (size_t c = 0; c < columns.size(); ++c) {
      const std::string cell(cell_of(c));
      const std::string padding(widths[c] - display_width(cell), ' ');
      line += numeric[c] ? padding + cell : cell + padding;
      line += "  ";
    }
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  };
  add_row([&](size_t c) { return columns[c].title; });
  for (const auto& row : rows) add_row([&](size_t c) { return row[c]; });
  return out;
}

std::string value_text(base::JsonView value) {
  if (auto text = value.text()) return printable(*text);
  if (auto number = value.integer()) return std::to_string(*number);
  if (auto flag = value.boolean()) return *flag ? "yes" : "no";
  if (auto number = value.number()) {
    base::JsonWriter out;
    out.value(*number);
    return out.take();
  }
  std::string out;
  for (size_t i = 0; i < value.size(); ++i) {
    if (i > 0) out += ", ";
    if (value.is_object()) out += printable(value.key_at(i)) + "=";
    out += value_text(value.at(i));
  }
  return out.empty() ? "-" : out;
}

base::JsonView member_at(base::JsonView object, std::string_view path) {
  while (!path.empty()) {
    const size_t dot = path.find('.');
    object = object.find(path.substr(0, dot));
    if (dot == std::string_view::npos) return object;
    path.remove_prefix(dot + 1);
  }
  return object;
}

std::string format_details(base::JsonView object, size_t indent) {
  size_t width = 0;
  for (size_t i = 0; i < object.size(); ++i) width = std::max(width, object.key_at(i).size());
  std::string out;
  for (size_t i = 0; i < object.size(); ++i) {
    const auto value = object.at(i);
    out += std::string(indent, ' ') + printable(object.key_at(i));
    const bool objects = value.is_array() && value.size() > 0 && value.at(0).is_object();
    if (objects) {
      out += "\n";
      for (size_t k = 0; k < value.size(); ++k) {
        if (k > 0) out += "\n";
        out += format_details(value.at(k), indent + 2);
      }
    } else if (value.is_object() && value.size() > 0) {
      out += "\n" + format_details(value, indent + 2);
    } else {
      const std::string text = value_text(value);
      out += std::string(width - object.key_at(i).size() + 2, ' ') + (text.empty() ? "-" : text) +
             "\n";
    }
  }
  return out;
}

std::string human_bytes(int64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  char out[48];
  std::snprintf(out, sizeof out, unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return out;
}

std::string progress_line(std::string_view what, int64_t done, int64_t total, double seconds,
                          int64_t begun_at) {
  const int64_t percent = total > 0 ? done * 100 / total : 100;
  constexpr int64_t kBar = 24;
  std::string out(what);
  out += " [" + std::string(static_cast<size_t>(percent * kBar / 100), '#') +
         std::string(static_cast<size_t>(kBar - percent * kBar / 100), '.') + "] " +
         std::to_string(percent) + " %  " + human_bytes(done) + " of " + human_bytes(total);
  if (seconds > 0.2) {
    const double rate = static_cast<double>(done - begun_at) / seconds;
    out += "  " + human_bytes(static_cast<int64_t>(rate)) + "/s";
    if (rate > 0 && done < total) {
      const auto left = static_cast<int64_t>(static_cast<double>(total - done) / rate);
      out += "  " + (left < 60 ? std::to_string(left) + " s" : std::to_string(left / 60) + " min") +
             " left";
    }
  }
  return out;
}

void print_errors_as_json() {
  g_json_errors = true;
}

int print_refusal(const ApiReply& reply) {
  const auto document = base::JsonDocument::parse(reply.body);
  const auto detail = document ? document->root().find("detail").text() : std::nullopt;
  if (!detail) {
    return print_error({base::Code::internal,
                        "the server answered " + std::to_string(reply.status) + ": " +
                            reply.body.substr(0, kRefusalBytesShown),
                        {}});
  }
  if (g_json_errors) {
    std::fprintf(stderr, "%s\n", json_line(document->root()).c_str());
    return kExitRefused;
  }
  std::fprintf(stderr, "otaru: %s\n", printable(*detail).c_str());
  if (const auto field = document->root().find("field").text()) {
    std::fprintf(stderr, "  field:  %s\n", printable(*field).c_str());
  }
  if (const auto remedy = document->root().find("remedy").text()) {
    std::fprintf(stderr, "  remedy: %s\n", printable(*remedy).c_str());
  }
  return kExitRefused;
}

base::Error refusal_error(const ApiReply& reply) {
  base::Error error{
      base::Code::conflict, "the server answered " + std::to_string(reply.status), {}};
  if (const auto document = base::JsonDocument::parse(reply.body)) {
    const auto detail = document->root().find("detail").text();
    if (detail) {
      error.message = *detail;
      error.detail = reply.body;
    }
    if (const auto remedy = document->root().find("remedy").text()) {
      error.message += " (" + std::string(*remedy) + ")";
    }
  }
  if (reply.status == 404) error.code = base::Code::not_found;
  return error;
}

int print_error(const base::Error& error) {
  const int exit_code = error.code == base::Code::unavailable ? kExitUnreachable
                        : error.code == base::Code::invalid   ? kExitUsage
                                                              : kExitRefused;
  if (!g_json_errors) {
    std::fprintf(stderr, "otaru: %s\n", printable(error.message).c_str());
    return interrupted() ? interrupt_exit_code() : exit_code;
  }
  // The server's own words, when it was the server that refused.
  const auto problem = base::JsonDocument::parse(error.detail);
  if (problem && problem->root().find("detail").exists()) {
    std::fprintf(stderr, "%s\n", json_line(problem->root()).c_str());
    return exit_code;
  }
  base::JsonWriter json;
  json.begin_object();
  json.member("code", base::code_name(error.code));
  json.member("detail", error.message);
  json.end_object();
  const auto document = base::JsonDocument::parse(json.text());
  std::fprintf(stderr, "%s\n", document ? json_line(document->root()).c_str() : "{}");
  return interrupted() ? interrupt_exit_code() : exit_code;
}

}  // namespace otaru::cli
