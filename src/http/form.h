// SPDX-License-Identifier: Apache-2.0
// Queries and application/x-www-form-urlencoded bodies (WHATWG URL 5.1): fields in their order, the
// first of a name wins.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/result.h"

namespace otaru::http {

// Walks over the undecoded pairs, without allocating. Empty pairs ("a=1&&b=2") are left out.
//   for (FormReader reader(request.query); auto pair = reader.next();) use(pair->name);
class FormReader {
 public:
  struct Pair {
    std::string_view name;   // undecoded
    std::string_view value;  // undecoded; empty without '='
  };
  explicit FormReader(std::string_view text) : rest_(text) {}
  std::optional<Pair> next();

 private:
  std::string_view rest_;
};

// The decoded value of the first field of that name: nothing when there is none, an
// error (Code::invalid) when its percent-encoding is broken.
base::Result<std::optional<std::string>> form_value(std::string_view text, std::string_view name,
                                                    base::Plus plus);

struct FormField {
  std::string name;
  std::string value;
  bool broken = false;  // an escape that is none: name and value are as they came
};

// All fields, decoded.
class Form {
 public:
  // Code::invalid on any broken escape, Code::too_large on more fields than the limit.
  static base::Result<Form> parse(std::string_view text, base::Plus plus,
                                  size_t fields_max = base::limits::kFormFieldsMax);
  // A field with a broken escape is kept and marked instead, so that one bad value is one error.
  static base::Result<Form> parse_lenient(std::string_view text, base::Plus plus,
                                          size_t fields_max = base::limits::kFormFieldsMax);

  const std::vector<FormField>& fields() const { return fields_; }
  const FormField* find(std::string_view name) const;                 // the first of that name
  std::optional<std::string_view> text(std::string_view name) const;  // unless broken

 private:
  std::vector<FormField> fields_;
};

}  // namespace otaru::http
