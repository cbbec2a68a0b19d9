// SPDX-License-Identifier: Apache-2.0
#include "api/conditions.h"

#include <algorithm>
#include <functional>

#include "base/hash.h"

namespace otaru::api {
namespace {

// Members that change by themselves, of any resource.
constexpr std::string_view kMoving[] = {"counts",           "components",   "last_seen_at",
                                        "progress_percent", "steps_done",   "last_used_at",
                                        "last_login_at",    "last_used_ip", "statistics",
                                        "offset",           "expires_at",   "rollout"};

std::string short_hash(std::string_view text) {
  return base::hex(base::digest(base::HashKind::sha256, text).substr(0, 8));
}

bool moves(base::JsonView resource, std::string_view member) {
  if (std::find(std::begin(kMoving), std::end(kMoving), member) != std::end(kMoving)) return true;
  // A task is written to with every report.
  return member == "updated_at" && resource.find("progress_percent").exists();
}

// A list of entity tags; nothing when it is none. "*" is the one element "*".
std::optional<std::vector<std::string>> read_tags(std::string_view text) {
  std::vector<std::string> out;
  text = base::trim(text);
  if (text == "*") return std::vector<std::string>{"*"};
  while (!text.empty()) {
    const bool weak = text.starts_with("W/");
    if (weak) text.remove_prefix(2);
    if (text.front() != '"') return std::nullopt;
    const size_t end = text.find('"', 1);
    if (end == std::string_view::npos) return std::nullopt;
    out.push_back((weak ? "W/" : "") + std::string(text.substr(0, end + 1)));
    text = base::trim(text.substr(end + 1));
    if (text.empty()) break;
    if (text.front() != ',') return std::nullopt;
    text = base::trim(text.substr(1));
    if (text.empty()) return std::nullopt;
  }
  if (out.empty()) return std::nullopt;
  return out;
}

// Weak comparison (RFC 9110 8.8.3.2), whole tag.
bool same_answer(const std::string& given, const Tag& tag) {
  return given == "*" || given == tag.text() || given == "W/" + tag.text();
}

// Strong: a weak tag never matches.
bool same_state(const std::string& given, const Tag& tag) {
  return given == "*" ||
         (given.starts_with('"' + tag.state + '-') && given.size() == tag.text().size());
}

http::Response refused(const std::optional<Tag>& current, std::string_view field) {
  Problem what;
  what.status = 412;
  what.code = "precondition_failed";
  what.field = field;
  what.rule = "unchanged";
  std::string detail = "there is no such resource";
  if (current) {
    detail = field == "If-Match" ? "it was changed meanwhile: its entity tag is "
                                 : "it is there already: its entity tag is ";
    detail += current->text();
  }
  what.detail = detail;
  what.remedy = "GET it again, look at what changed, and send the change with the new ETag";
  auto response = problem(what);
  if (current) response.header("ETag", current->text());
  return response;
}

base::Error wrong_tags(std::string_view field) {
  auto error = base::fail_field(base::Code::invalid, std::string(field),
                                "it must be * or a list of entity tags in quotes",
                                "send the ETag of the last GET as it is")
                   .value();
  error.rule = "pattern";
  return error;
}

}  // namespace

std::string_view json_of(const http::Response& response) {
  if (response.source || response.body.size() != 1) return {};
  const auto* type = response.find("Content-Type");
  if (type == nullptr || type->value != "application/json") return {};
  const auto* text = std::get_if<std::string>(&response.body.front());
  return text == nullptr ? std::string_view() : std::string_view(*text);
}

std::optional<Tag> tag_of(const http::Response& response) {
  const auto text = json_of(response);
  if (text.empty()) return std::nullopt;
  base::JsonRules rules;
  rules.elements_max = SIZE_MAX;  // our own words
  rules.members_max = SIZE_MAX;
  const auto document = base::JsonDocument::parse(text, rules);
  if (!document || !document->root().is_object()) return std::nullopt;
  const auto root = document->root();
  std::string state;
  for (size_t i = 0; i < root.size(); ++i) {
    const auto name = root.key_at(i);
    if (moves(root, name)) continue;
    state += name;
    state += '\n';
    state += base::json_text(root.at(i));
    state += '\n';
  }
  return Tag{short_hash(state), short_hash(text)};
}

bool has_it(const http::Request& request, const Tag& tag) {
  const auto header = request.header("If-None-Match");
  if (!header) return false;
  const auto tags = read_tags(*header);
  return tags && std::any_of(tags->begin(), tags->end(),
                             [&](const auto& given) { return same_answer(given, tag); });
}

base::Result<std::optional<http::Response>> check_conditions(const http::Request& request,
                                                             const std::optional<Tag>& current) {
  if (const auto header = request.header("If-Match")) {
    const auto tags = read_tags(*header);
    if (!tags) return base::fail(wrong_tags("If-Match"));
    const bool holds = current && std::any_of(tags->begin(), tags->end(), [&](const auto& given) {
                         return same_state(given, *current);
                       });
    if (!holds) return std::optional(refused(current, "If-Match"));
  }
  if (const auto header = request.header("If-None-Match")) {
    if (!read_tags(*header)) return base::fail(wrong_tags("If-None-Match"));
    if (current && has_it(request, *current)) {
      return std::optional(refused(current, "If-None-Match"));
    }
  }
  return std::optional<http::Response>();
}

http::Response not_modified(const Tag& tag) {
  http::Response out(304);
  out.framing = http::Framing::none;
  out.slot(http::Slot::date)
      .header("ETag", tag.text())
      .header("Cache-Control", "no-store")
      .slot(http::Slot::connection_if_close);
  return out;
}

http::Response condition_required() {
  Problem what;
  what.status = 428;
  what.code = "precondition_required";
  what.field = "If-Match";
  what.rule = "required";
  what.detail = "this server takes changes only from those who say what they change";
  what.remedy = "GET it and send its ETag as If-Match, or If-Match: * for whatever it is";
  return problem(what);
}

std::unique_lock<std::mutex> Gates::close(std::string_view what) {
  return std::unique_lock(gates_[std::hash<std::string_view>()(what) % kGates]);
}

}  // namespace otaru::api
