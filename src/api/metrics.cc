// SPDX-License-Identifier: Apache-2.0
#include "api/metrics.h"

namespace otaru::api {
namespace {

// Label values: backslash, quote and line feed are escaped; nothing else is special.
void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
}

}  // namespace

void MetricsWriter::family(std::string_view name, MetricType type, std::string_view help) {
  name_ = std::string(name);
  out_ += "# HELP " + name_ + " ";
  out_ += help;
  out_ += "\n# TYPE " + name_;
  out_ += type == MetricType::counter ? " counter\n" : " gauge\n";
}

void MetricsWriter::sample(
    std::initializer_list<std::pair<std::string_view, std::string_view>> labels, int64_t value) {
  out_ += name_;
  if (labels.size() > 0) {
    char separator = '{';
    for (const auto& [label, text] : labels) {
      out_ += separator;
      out_ += label;
      out_ += "=\"";
      append_escaped(out_, text);
      out_ += '"';
      separator = ',';
    }
    out_ += '}';
  }
  out_ += ' ' + std::to_string(value) + '\n';
}

void MetricsWriter::counter(std::string_view name, std::string_view help, int64_t value) {
  family(name, MetricType::counter, help);
  sample(value);
}

void MetricsWriter::gauge(std::string_view name, std::string_view help, int64_t value) {
  family(name, MetricType::gauge, help);
  sample(value);
}

}  // namespace otaru::api
