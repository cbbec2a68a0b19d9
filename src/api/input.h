// SPDX-License-Identifier: Apache-2.0
// Reading requests strictly: what is asked for by name is taken, of the right kind or an error, and
// what nobody asked for is an error too. The first error wins and is told by done().
//
//   OTARU_TRY(body, Body::of(request, Presence::required));
//   auto fields = body.fields();
//   with.name = fields.text("name");
//   OTARU_CHECK(fields.done());
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "domain/catalogue.h"
#include "http/form.h"
#include "http/message.h"

namespace otaru::api {

using TextChanges = std::vector<std::pair<std::string, std::optional<std::string>>>;

// What is wrong so far; the first is told, the others with it.
class Faults {
 public:
  void add(std::string field, std::string_view rule, std::string message);
  void add(const Faults& others);
  base::Status status() const;

 private:
  std::vector<base::Error> all_;
};

// The members of one JSON object.
class Fields {
 public:
  Fields(base::JsonView object, std::string prefix) : object_(object), prefix_(std::move(prefix)) {}

  std::optional<std::string> text(std::string_view name);
  std::optional<int64_t> integer(std::string_view name);
  std::optional<bool> flag(std::string_view name);
  std::optional<std::vector<int64_t>> integers(std::string_view name);
  std::optional<std::vector<std::string>> texts(std::string_view name);
  std::optional<domain::TextMap> text_map(std::string_view name);
  TextChanges text_changes(std::string_view name);  // null: nothing
  std::optional<std::optional<base::Time>> time_or_null(std::string_view name);
  std::optional<Fields> object(std::string_view name);
  // An array of objects, each with its own prefix: "waves[1].".
  std::optional<std::vector<Fields>> objects(std::string_view name);
  // A number from 0 to 100 with at most four decimals, as parts per million.
  std::optional<int64_t> percent(std::string_view name);
  // A whole number of seconds, as milliseconds.
  std::optional<int64_t> seconds(std::string_view name);
  // An array of names (texts) and ids (numbers).
  struct Ref {
    int64_t id = 0;
    std::string name;
  };
  std::optional<std::vector<Ref>> refs(std::string_view name);
  // What is wrong inside of an object() is told with what is wrong here.
  void include(const Fields& inner) { faults_.add(inner.all_faults()); }
  // A rule that the reader of a member knows better.
  void refuse(std::string_view name, std::string_view rule, std::string message);
  // An integer, or null or absent for zero.
  int64_t id_or_null(std::string_view name);
  std::optional<std::string> text_or_null(std::string_view name);
  // A SHA-256, or empty when none is given; a given empty one is wrong.
  std::string sha256(std::string_view name);
  // One of the words a domain parser knows.
  template <class Enum>
  std::optional<Enum> word(std::string_view name, base::Result<Enum> (*parse)(std::string_view)) {
    const auto given = text(name);
    if (!given) return std::nullopt;
    auto parsed = parse(*given);
    if (!parsed) {
      refuse(name, "enum", parsed.error().message);
      return std::nullopt;
    }
    return *parsed;
  }
  // As above, but an error when it is not there.
  std::string required_text(std::string_view name);
  int64_t required_integer(std::string_view name);

  base::Status done() const { return all_faults().status(); }

 private:
  base::JsonView take(std::string_view name);
  Faults all_faults() const;
  base::JsonView object_;
  std::string prefix_;
  std::vector<std::string_view> taken_;
  Faults faults_;
};

enum class Presence { required, optional };

// A request's JSON body.
class Body {
 public:
  static base::Result<Body> of(const http::Request& request, Presence presence);
  Fields fields() const { return {document_.root(), ""}; }

 private:
  explicit Body(base::JsonDocument document) : document_(std::move(document)) {}
  base::JsonDocument document_;
};

// A page of a list.
struct Page {
  size_t limit = 100;
  std::string cursor;
};

// What every list of rows knows: filter (docs/filter.md), sort ("name", "-name"), fields.
struct ListOptions {
  Page page;
  std::string filter;
  std::string sort;
  std::vector<std::string> fields;  // empty: all members
};

class Query {
 public:
  static base::Result<Query> of(const http::Request& request);
  std::optional<std::string> text(std::string_view name);
  std::optional<int64_t> integer(std::string_view name);
  std::optional<bool> flag(std::string_view name);
  std::vector<std::string> all(std::string_view name);  // repeatable
  std::vector<int64_t> all_integers(std::string_view name);
  template <class Enum>
  std::optional<Enum> word(std::string_view name, base::Result<Enum> (*parse)(std::string_view)) {
    const auto given = text(name);
    if (!given) return std::nullopt;
    auto parsed = parse(*given);
    if (!parsed) {
      refuse(name, "enum", parsed.error().message);
      return std::nullopt;
    }
    return *parsed;
  }
  std::string sha256(std::string_view name);  // empty: not given
  Page page();
  ListOptions list_options();
  base::Status done() const;

 private:
  explicit Query(http::Form form) : form_(std::move(form)) {}
  void refuse(std::string_view name, std::string_view rule, std::string message);
  http::Form form_;
  std::vector<std::string_view> taken_;
  Faults faults_;
};

base::Status wrong_cursor();

}  // namespace otaru::api
