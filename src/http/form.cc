// SPDX-License-Identifier: Apache-2.0
#include "http/form.h"

namespace otaru::http {
namespace {

base::Result<std::vector<FormField>> form_fields(std::string_view text, base::Plus plus,
                                                 size_t fields_max, bool strict) {
  std::vector<FormField> fields;
  FormReader reader(text);
  while (const auto pair = reader.next()) {
    if (fields.size() >= fields_max) return base::fail(base::Code::too_large, "too many fields");
    auto name = base::percent_decode(pair->name, plus);
    auto value = base::percent_decode(pair->value, plus);
    const bool broken = !name || !value;
    if (broken && strict) return base::fail(base::Code::invalid, "bad percent-encoding");
    fields.push_back({name ? std::move(*name) : std::string(pair->name),
                      value ? std::move(*value) : std::string(pair->value), broken});
  }
  return fields;
}

}  // namespace

std::optional<FormReader::Pair> FormReader::next() {
  while (!rest_.empty()) {
    const size_t end = rest_.find('&');
    const std::string_view item = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (item.empty()) continue;
    const size_t equals = item.find('=');
    if (equals == std::string_view::npos) return Pair{item, {}};
    return Pair{item.substr(0, equals), item.substr(equals + 1)};
  }
  return std::nullopt;
}

base::Result<std::optional<std::string>> form_value(std::string_view text, std::string_view name,
                                                    base::Plus plus) {
  FormReader reader(text);
  while (const auto pair = reader.next()) {
    bool same = pair->name == name;
    if (pair->name.find_first_of("%+") != std::string_view::npos) {
      const auto decoded = base::percent_decode(pair->name, plus);
      same = decoded && *decoded == name;
    }
    if (!same) continue;
    auto value = base::percent_decode(pair->value, plus);
    if (!value) return base::fail(base::Code::invalid, "bad percent-encoding");
    return std::optional<std::string>(std::move(*value));
  }
  return std::optional<std::string>();
}

base::Result<Form> Form::parse(std::string_view text, base::Plus plus, size_t fields_max) {
  OTARU_TRY(fields, form_fields(text, plus, fields_max, true));
  Form form;
  form.fields_ = std::move(fields);
  return form;
}

base::Result<Form> Form::parse_lenient(std::string_view text, base::Plus plus, size_t fields_max) {
  OTARU_TRY(fields, form_fields(text, plus, fields_max, false));
  Form form;
  form.fields_ = std::move(fields);
  return form;
}

const FormField* Form::find(std::string_view name) const {
  for (const auto& field : fields_) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

std::optional<std::string_view> Form::text(std::string_view name) const {
  const FormField* field = find(name);
  if (field == nullptr || field->broken) return std::nullopt;
  return field->value;
}

}  // namespace otaru::http
