// SPDX-License-Identifier: Apache-2.0
// Rows as lines of text, the same for every store: for comparing stores and checking crashes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "store/row_fields.h"

namespace otaru::store {

// One line: the table, then name="value" for each field.
class DumpLine {
 public:
  explicit DumpLine(std::string_view table) : text_(table) {}
  void operator()(const char* name, std::string_view value);
  void operator()(const char* name, int64_t value);
  void operator()(const char* name, base::Time value) { (*this)(name, value.ms); }
  template <class Tag>
  void operator()(const char* name, base::Id<Tag> value) {
    (*this)(name, value.value);
  }
  template <class Enum>
  requires std::is_enum_v<Enum>
  void operator()(const char* name, Enum value) { (*this)(name, word_of(value)); }
  void operator()(const char* name, const std::optional<base::Time>& value);
  template <app::Document T>
  void operator()(const char* name, const T& value) {
    const std::string text = app::document_text(value);
    if (!text.empty()) (*this)(name, std::string_view(text));
  }
  void operator()(const char* name, const domain::TextMap& value);
  void operator()(const char* name, const std::vector<std::string>& value);
  void operator()(const char* name, const std::vector<int64_t>& value);
  void operator()(const char* name, const domain::KeySet& value);
  template <class Tag>
  void operator()(const char* name, const std::vector<base::Id<Tag>>& value) {
    for (const auto id : value) (*this)(name, id);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

template <class Row>
std::string dump_line(std::string_view table, const Row& row) {
  DumpLine line(table);
  fields(line, row);
  return line.take();
}

std::string dump_component(domain::DeviceId device, const domain::Component& row);
std::string dump_log(int64_t n, const app::DeviceLogRow& row);
std::string dump_floor(std::string_view kind, int64_t bucket, int64_t id);
std::string dump_reason(domain::DeploymentId deployment, const domain::FailureReason& reason);

// The lines of the catalogue, shared by all stores.
void dump_catalogue(const domain::CatalogueRows& rows, std::vector<std::string>& lines);

}  // namespace otaru::store
