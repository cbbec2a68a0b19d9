// SPDX-License-Identifier: Apache-2.0
#include "api/input.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/encoding.h"
#include "base/limits.h"

namespace otaru::api {
namespace {

using base::Code;

constexpr size_t kPageMax = 1'000;

bool listed(const std::vector<std::string_view>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && base::unhex(text);
}

std::string shown_name(std::string_view name) {
  constexpr size_t kShown = 64;
  return std::string(name.substr(0, kShown));
}

}  // namespace

void Faults::add(std::string field, std::string_view rule, std::string message) {
  if (all_.size() >= base::limits::kFaultsNamedMax) return;
  const auto same = [&](const base::Error& known) { return known.field == field; };
  if (std::any_of(all_.begin(), all_.end(), same)) return;  // its first is the one to mend
  all_.push_back(
      base::fail_rule(Code::invalid, std::move(field), rule, std::move(message)).value());
}

void Faults::add(const Faults& others) {
  for (const auto& error : others.all_) add(error.field, error.rule, error.message);
}

base::Status Faults::status() const {
  if (all_.empty()) return {};
  base::Error error = all_.front();
  error.others.assign(all_.begin() + 1, all_.end());
  return base::fail(std::move(error));
}

// --- Members ------------------------------------------------------------------------------------

base::JsonView Fields::take(std::string_view name) {
  taken_.push_back(name);
  return object_.find(name);
}

void Fields::refuse(std::string_view name, std::string_view rule, std::string message) {
  faults_.add(prefix_ + std::string(name), rule, std::move(message));
}

std::optional<std::string> Fields::text(std::string_view name) {
  const auto view = take(name);
  if (!view.exists()) return std::nullopt;
  if (const auto value = view.text()) return std::string(*value);
  refuse(name, "type", "it must be a string");
  return std::nullopt;
}

std::optional<int64_t> Fields::integer(std::string_view name) {
  const auto view = take(name);
  if (!view.exists()) return std::nullopt;
  if (const auto value = view.integer()) return value;
  refuse(name, "type", "it must be an integer");
  return std::nullopt;
}

std::optional<bool> Fields::flag(std::string_view name) {
  const auto view = take(name);
  if (!view.exists()) return std::nullopt;
  if (const auto value = view.boolean()) return value;
  refuse(name, "type", "it must be true or false");
  return std::nullopt;
}

std::optional<std::vector<int64_t>> Fields::integers(std::string_view name) {
  const auto view = take(name);
  if (!view.exists()) return std::nullopt;
  std::vector<int64_t> out;
  for (size_t i = 0; view.is_array() && i < view.size(); ++i) {
    const auto value = view.at(i).integer();
    if (!value) break;
    out.push_back(*value);
  }
  if (view.is_array() && out.size() == view.size()) return out;
  refuse(name, "type", "it must be an array of integers");
  return std::nullopt;
}

std::optional<std::vector<std::string>> Fields::texts(std::string_view name) {
  const auto view = take(name);
  if (!view.exists()) return std::nullopt;
  std::vector<std::string> out;
  for (size_t i = 0; view.is_array() && i < view.size(); ++i) {
    const auto value = view.at(i).text();
    if (!value) break;
    out.emplace_back(*value);
  }
  if (view.is_array() && out.size() == view.size()) return out;
  refuse(name, "type", "it must be an array of strings");
  return std::nullopt;
}

std::optional<domain::TextMap> Fields::text_map(std::string_view name) {
  const auto view = take(name);
  if (!view.exists()) return std::nullopt;
  domain::TextMap out;
  for (size_t i = 0; view.is_object() && i < view.size(); ++i) {
    const auto value = view.at(i).text();
    if (!value) break;
    out.emplace_back(view.key_at(i), *value);
  }
  if (view.is_object() && out.size() == view.size()) return out;
  refuse(name, "type", "it must be an object of strings");
  return std::nullopt;
}

TextChanges Fields::text_changes(std::string_view name) {
  const auto view = take(name);
  if (!view.exists()) return {};
  TextChanges out;
  for (size_t i = 0; view.is_object() && i < view.size(); ++i) {
    const auto member = view.at(i);
    const auto value = member.text();
    if (!value && !member.is_null()) break;
    out.emplace_back(view.key_at(i), std::nullopt);
    if (value) out.back().second = std::string(*value);
  }
  if (view.is_object() && out.size() == view.size()) return out;
  refuse(name, "type", "it must be an object of strings and nulls");
  return {};
}

std::optional<std::optional<base::Time>> Fields::time_or_null(std::string_view name) {
  const auto view = take(name);
  if (!view.exists()) return std::nullopt;
  if (view.is_null()) return std::optional<base::Time>();
  base::Time time;
  if (const auto text = view.text(); text && base::parse_iso8601(std::string(*text), time)) {
    return std::optional(time);
  }
  refuse(name, "type", "it must be a time such as 2026-05-01T12:00:00.000Z, or null");
  return std::nullopt;
}

std::optional<Fields> Fields::object(std::string_view name) {
  const auto view = take(name);
  if (!view.exists()) return std::nullopt;
  if (view.is_object()) return Fields(view, prefix_ + std::string(name) + ".");
  refuse(name, "type", "it must be an object");
  return std::nullopt;
}

int64_t Fields::id_or_null(std::string_view name) {
  const auto view = take(name);
  if (!view.exists() || view.is_null()) return 0;
  const auto value = view.integer();
  if (value && *value > 0) return *value;
  refuse(name, "type", "it must be the id of one, a positive integer, or null");
  return 0;
}

std::optional<std::vector<Fields>> Fields::objects(std::string_view name) {
  const auto view = take(name);
  if (!view.exists()) return std::nullopt;
  std::vector<Fields> out;
  for (size_t i = 0; view.is_array() && i < view.size() && view.at(i).is_object(); ++i) {
    out.push_back({view.at(i), prefix_ + std::string(name) + "[" + std::to_string(i) + "]."});
  }
  if (view.is_array() && out.size() == view.size()) return out;
  refuse(name, "type", "it must be an array of objects");
  return std::nullopt;
}

std::optional<int64_t> Fields::percent(std::string_view name) {
  const auto view = take(name);
  if (!view.exists()) return std::nullopt;
  const auto given = view.number();
  if (!given) {
    refuse(name, "type", "it must be a number");
    return std::nullopt;
  }
  if (*given < 0 || *given > 100) {
    refuse(name, "range", "it must be from 0 to 100");
    return std::nullopt;
  }
  const double parts = *given * (domain::kWholeShare / 100);
  const int64_t whole = std::llround(parts);
  if (std::abs(parts - static_cast<double>(whole)) > 1e-6) {
    refuse(name, "precision", "it has more than four decimals");
    return std::nullopt;
  }
  return whole;
}

std::optional<int64_t> Fields::seconds(std::string_view name) {
  const auto given = integer(name);
  constexpr int64_t kMost = INT64_MAX / base::kSecondMs;
  if (!given || (*given <= kMost && *given >= -kMost)) {
    return given ? std::optional(*given * base::kSecondMs) : std::nullopt;
  }
  refuse(name, "range", "there are not so many seconds");
  return std::nullopt;
}

std::optional<std::vector<Fields::Ref>> Fields::refs(std::string_view name) {
  const auto view = take(name);
  if (!view.exists()) return std::nullopt;
  std::vector<Ref> out;
  for (size_t i = 0; view.is_array() && i < view.size(); ++i) {
    const auto text = view.at(i).text();
    const auto id = view.at(i).integer();
    if (!text && (!id || *id < 1)) break;
    out.push_back({id.value_or(0), std::string(text.value_or(""))});
  }
  if (view.is_array() && out.size() == view.size()) return out;
  refuse(name, "type", "it must be an array of names or ids");
  return std::nullopt;
}

std::optional<std::string> Fields::text_or_null(std::string_view name) {
  const auto view = object_.find(name);
  if (!view.is_null()) return text(name);
  taken_.push_back(name);
  return std::nullopt;
}

std::string Fields::sha256(std::string_view name) {
  const auto given = text(name);
  if (given && !is_sha256(*given)) refuse(name, "pattern", "a SHA-256 is 64 hex digits");
  return given.value_or("");
}

std::string Fields::required_text(std::string_view name) {
  auto value = text(name);
  if (!value) refuse(name, "required", "it is missing");
  return value.value_or("");
}

int64_t Fields::required_integer(std::string_view name) {
  const auto value = integer(name);
  if (!value) refuse(name, "required", "it is missing");
  return value.value_or(0);
}

Faults Fields::all_faults() const {
  Faults all = faults_;
  for (size_t i = 0; i < object_.size(); ++i) {
    const auto name = object_.key_at(i);
    if (listed(taken_, name)) continue;
    all.add(prefix_ + shown_name(name), "known", "this operation knows no such member");
  }
  return all;
}

// --- Bodies -------------------------------------------------------------------------------------

base::Result<Body> Body::of(const http::Request& request, Presence presence) {
  if (base::trim(request.body).empty()) {
    if (presence == Presence::required) {
      return base::fail(Code::invalid, "the body is missing; it must be a JSON object");
    }
    OTARU_TRY(nothing, base::JsonDocument::parse("{}"));
    return Body(std::move(nothing));
  }
  const auto type = request.header("Content-Type").value_or("");
  if (!base::iequals(base::trim(type.substr(0, type.find(';'))), "application/json")) {
    return base::fail_rule(Code::invalid, "Content-Type", "content_type",
                           "the body must be application/json",
                           "send Content-Type: application/json");
  }
  auto document = base::JsonDocument::parse(request.body);
  if (!document) {
    return base::fail(Code::invalid, "the body is not JSON: " + document.error().message);
  }
  if (!document->root().is_object()) {
    return base::fail(Code::invalid, "the body must be a JSON object");
  }
  return Body(std::move(*document));
}

// --- Queries ------------------------------------------------------------------------------------

base::Result<Query> Query::of(const http::Request& request) {
  auto form = http::Form::parse(request.query, base::Plus::space);
  if (!form) return base::fail(Code::invalid, "the query is wrong: " + form.error().message);
  return Query(std::move(*form));
}

void Query::refuse(std::string_view name, std::string_view rule, std::string message) {
  faults_.add(std::string(name), rule, std::move(message));
}

std::optional<std::string> Query::text(std::string_view name) {
  const auto values = all(name);
  if (values.size() > 1) refuse(name, "once", "it is given more than once");
  if (values.empty()) return std::nullopt;
  return values.front();
}

std::optional<int64_t> Query::integer(std::string_view name) {
  const auto given = text(name);
  if (!given) return std::nullopt;
  const auto value = base::parse_int(*given);
  if (!value) refuse(name, "type", "it must be an integer");
  return value;
}

std::optional<bool> Query::flag(std::string_view name) {
  const auto given = text(name);
  if (!given) return std::nullopt;
  if (*given != "true" && *given != "false") refuse(name, "type", "it must be true or false");
  return *given == "true";
}

std::vector<std::string> Query::all(std::string_view name) {
  taken_.push_back(name);
  std::vector<std::string> out;
  for (const auto& field : form_.fields()) {
    if (field.name == name) out.push_back(field.value);
  }
  return out;
}

std::vector<int64_t> Query::all_integers(std::string_view name) {
  std::vector<int64_t> out;
  for (const auto& given : all(name)) {
    const auto value = base::parse_int(given);
    if (!value) refuse(name, "type", "it must be an integer");
    out.push_back(value.value_or(0));
  }
  return out;
}

std::string Query::sha256(std::string_view name) {
  const auto given = text(name);
  if (given && !is_sha256(*given)) refuse(name, "pattern", "a SHA-256 is 64 hex digits");
  return given.value_or("");
}

Page Query::page() {
  Page out;
  const auto limit = integer("limit");
  if (limit && (*limit < 1 || *limit > static_cast<int64_t>(kPageMax))) {
    refuse("limit", "range", "it must be from 1 to " + std::to_string(kPageMax));
  } else if (limit) {
    out.limit = static_cast<size_t>(*limit);
  }
  out.cursor = text("cursor").value_or("");
  return out;
}

ListOptions Query::list_options() {
  ListOptions out;
  out.filter = text("filter").value_or("");
  out.sort = text("sort").value_or("");
  std::string fields = text("fields").value_or("");
  while (!fields.empty()) {
    const size_t end = std::min(fields.find(','), fields.size());
    const auto name = base::trim(std::string_view(fields).substr(0, end));
    if (!name.empty()) out.fields.emplace_back(name);
    fields.erase(0, end + 1);
  }
  out.page = page();
  return out;
}

base::Status Query::done() const {
  Faults all = faults_;
  for (const auto& field : form_.fields()) {
    if (listed(taken_, field.name)) continue;
    all.add(shown_name(field.name), "known", "this operation knows no such parameter");
  }
  return all.status();
}

base::Status wrong_cursor() {
  return base::fail_rule(Code::invalid, "cursor", "pattern", "it is not one that a list gave",
                         "use next_cursor of the page before, as it is");
}

}  // namespace otaru::api
