// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "base/encoding.h"
#include "base/json.h"
#include "base/time.h"

namespace otaru::base::log {
namespace {

std::atomic<Level> g_level{Level::info};
std::atomic<Format> g_format{Format::text};
std::mutex g_mutex;
Sink g_sink;  // guarded by g_mutex

std::string_view level_name(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    case Level::error:
      return "error";
    case Level::off:
      return "off";
  }
  return "info";
}

bool is_plain(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c <= '~' && c != '"' && c != '\\' && c != '=';
  });
}

// A JSON string; what is not UTF-8 would confuse readers and terminals and is written as hex.
std::string quoted(std::string_view text) {
  JsonWriter json;
  json.value(valid_utf8(text) ? std::string(text) : "hex:" + hex(text));
  std::string out = json.take();
  for (size_t at; (at = out.find('\x7f')) != std::string::npos;) out.replace(at, 1, "\\u007f");
  return out;
}

}  // namespace

void configure(Level level, Format format) {
  g_level = level;
  g_format = format;
}

void set_sink(Sink sink) {
  const std::lock_guard lock(g_mutex);
  g_sink = std::move(sink);
}

bool enabled(Level level) {
  return level >= g_level.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  JsonWriter json;
  std::string line;
  if (g_format == Format::json) {
    json.begin_object();
    json.member("time", iso8601(SystemClock().now()));
    json.member("level", level_name(level));
    json.member("event", event);
    for (const auto& field : fields) {
      json.key(field.key);
      json.raw(quoted(field.value));
    }
    json.end_object();
    line = json.take();
  } else {
    line = iso8601(SystemClock().now());
    line += ' ';
    line += level_name(level);
    line += ' ';
    line += event;
    for (const auto& field : fields) {
      line += ' ';
      line += field.key;
      line += '=';
      // Quoted and escaped when needed, so that a device cannot forge a second log line.
      if (is_plain(field.value)) {
        line += field.value;
      } else {
        line += quoted(field.value);
      }
    }
  }
  line += '\n';
  const std::lock_guard lock(g_mutex);
  if (g_sink) {
    g_sink(line);
  } else {
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
  }
}

}  // namespace otaru::base::log
