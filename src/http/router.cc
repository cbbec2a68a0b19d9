// SPDX-License-Identifier: Apache-2.0
#include "http/router.h"

#include <map>
#include <unordered_map>
#include <vector>

#include "base/encoding.h"
#include "http/characters.h"

namespace otaru::http {
namespace routing {  // not unnamed: Router::Impl holds these

struct RouteEntry {
  MethodSet methods;
  size_t route = 0;
  std::vector<std::string> names;  // of the parameters, from left to right
};

// One segment deeper than its parent. Patterns that differ only in parameter names share nodes.
struct RouteNode {
  std::map<std::string, std::unique_ptr<RouteNode>, std::less<>> literals;
  std::unique_ptr<RouteNode> param;
  std::vector<RouteEntry> here;  // the path may end at this node
  std::vector<RouteEntry> rest;  // "{name...}" below this node
};

struct PathHash {
  using is_transparent = void;
  size_t operator()(std::string_view path) const { return std::hash<std::string_view>{}(path); }
};

}  // namespace routing

namespace {

using routing::RouteEntry;
using routing::RouteNode;

struct Segment {
  enum class Kind { literal, param, rest };
  Kind kind = Kind::literal;
  std::string_view text;  // of the literal, or the parameter's name
};

base::Result<std::vector<Segment>> split_pattern(std::string_view pattern) {
  const auto bad = [&pattern](std::string_view why) {
    return base::fail(base::Code::invalid,
                      "pattern '" + std::string(pattern) + "': " + std::string(why));
  };
  if (pattern.empty() || pattern.front() != '/') return bad("must begin with '/'");
  std::vector<Segment> out;
  std::string_view left = pattern;
  while (!left.empty()) {
    left.remove_prefix(1);
    const size_t end = left.find('/');
    Segment segment{Segment::Kind::literal, left.substr(0, end)};
    left.remove_prefix(end == std::string_view::npos ? left.size() : end);
    if (!segment.text.empty() && segment.text.front() == '{') {
      if (segment.text.back() != '}') return bad("a parameter is a whole segment");
      segment.text = segment.text.substr(1, segment.text.size() - 2);
      segment.kind = Segment::Kind::param;
      if (segment.text.size() > 3 && segment.text.substr(segment.text.size() - 3) == "...") {
        segment.text.remove_suffix(3);
        segment.kind = Segment::Kind::rest;
        if (!left.empty()) return bad("'...' only at the end");
      }
      if (!is_token(segment.text)) return bad("a parameter needs a name");
    } else if (segment.text.find_first_of("{}?#") != std::string_view::npos) {
      return bad("a parameter is a whole segment");
    }
    out.push_back(segment);
    if (out.size() > base::limits::kPathSegmentsMax) return bad("too many segments");
  }
  return out;
}

// Walks the trie with the literal branch first; collects parameters on the way down and the
// methods of every pattern that fits, for Allow.
struct RouteWalk {
  Method method;
  RouteMatch* out;

  bool take(const std::vector<RouteEntry>& entries) const {
    for (const RouteEntry& entry : entries) {
      out->allowed.merge(entry.methods);
      if (!entry.methods.has(method)) continue;
      out->outcome = RouteMatch::Outcome::found;
      out->route = entry.route;
      out->param_count = entry.names.size();
      for (size_t i = 0; i < entry.names.size(); ++i) out->params[i].name = entry.names[i];
      return true;
    }
    return false;
  }

  // `left` begins with '/' or is empty; `count` parameters have been collected. Depth is that of
  // the deepest pattern, so recursion is bounded.
  bool walk(const RouteNode& node, std::string_view left, size_t count) const {
    if (left.empty()) return take(node.here);
    const std::string_view below = left.substr(1);
    const size_t end = below.find('/');
    const std::string_view segment = below.substr(0, end);
    const std::string_view next =
        end == std::string_view::npos ? std::string_view() : below.substr(end);
    const auto literal = node.literals.find(segment);
    if (literal != node.literals.end() && walk(*literal->second, next, count)) return true;
    if (node.param && !segment.empty()) {
      out->params[count].value = segment;
      if (walk(*node.param, next, count + 1)) return true;
    }
    if (node.rest.empty()) return false;
    out->params[count].value = below;
    return take(node.rest);
  }
};

}  // namespace

struct Router::Impl {
  routing::RouteNode root;
  // Paths without parameters, with their only node: most device requests end here.
  std::unordered_map<std::string, const routing::RouteNode*, routing::PathHash, std::equal_to<>>
      fixed;
};

Router::Router() : impl_(std::make_unique<Impl>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

base::Status Router::add(MethodSet methods, std::string_view pattern, size_t route) {
  OTARU_TRY(segments, split_pattern(pattern));
  RouteNode* node = &impl_->root;
  RouteEntry entry{methods, route, {}};
  bool to_rest = false;
  for (const Segment& segment : segments) {
    if (segment.kind != Segment::Kind::literal) {
      for (const auto& name : entry.names) {
        if (name == segment.text) return base::fail(base::Code::invalid, "parameter named twice");
      }
      entry.names.emplace_back(segment.text);
    }
    if (segment.kind == Segment::Kind::rest) {
      to_rest = true;
      break;
    }
    auto& child = segment.kind == Segment::Kind::param ? node->param
                                                       : node->literals[std::string(segment.text)];
    if (!child) child = std::make_unique<RouteNode>();
    node = child.get();
  }
  if (entry.names.size() > base::limits::kPathParamsMax) {
    return base::fail(base::Code::invalid, "too many parameters in a pattern");
  }
  auto& entries = to_rest ? node->rest : node->here;
  for (const RouteEntry& other : entries) {
    for (const Method m : {Method::get, Method::head, Method::post, Method::put, Method::patch,
                           Method::del, Method::options}) {
      if (other.methods.has(m) && methods.has(m)) {
        return base::fail(base::Code::conflict, "two routes for " + std::string(pattern));
      }
    }
  }
  if (entry.names.empty()) impl_->fixed[std::string(pattern)] = node;
  entries.push_back(std::move(entry));
  return {};
}

RouteMatch Router::match(Method method, std::string_view path) const {
  RouteMatch out;
  const RouteWalk walk{method, &out};
  const auto fixed = impl_->fixed.find(path);
  if (fixed != impl_->fixed.end() && walk.take(fixed->second->here)) return out;
  if (!path.empty() && path.front() == '/') walk.walk(impl_->root, path, 0);
  if (out.outcome != RouteMatch::Outcome::found && !out.allowed.empty()) {
    out.outcome = RouteMatch::Outcome::method_not_allowed;
  }
  return out;
}

std::string_view RouteMatch::param(std::string_view name) const {
  for (size_t i = 0; i < param_count; ++i) {
    if (params[i].name == name) return params[i].value;
  }
  return {};
}

std::optional<std::string> RouteMatch::decoded(std::string_view name) const {
  for (size_t i = 0; i < param_count; ++i) {
    if (params[i].name == name) return base::percent_decode(params[i].value, base::Plus::literal);
  }
  return std::nullopt;
}

std::string MethodSet::allow() const {
  std::string out;
  for (const Method m : {Method::get, Method::head, Method::post, Method::put, Method::patch,
                         Method::del, Method::options}) {
    if (!has(m)) continue;
    if (!out.empty()) out += ", ";
    out += method_name(m);
  }
  return out;
}

}  // namespace otaru::http
