// SPDX-License-Identifier: Apache-2.0
// Which route a method and a path belong to. Patterns are literal segments and parameters:
//
//   Router router;
//   OTARU_CHECK(router.add({Method::get, Method::head}, "/ota/south/download/{token}", 7));
//   const RouteMatch match = router.match(request.method, request.path);
//   if (match.outcome == RouteMatch::Outcome::found) use(match.route, match.param("token"));
//
// "{name}" matches one segment that is not empty, "{name...}" at the end matches all that is left.
// A literal wins over a parameter. Paths are compared as sent, undecoded. Filled before use; after
// that any number of threads may match.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"
#include "http/message.h"

namespace otaru::http {

class MethodSet {
 public:
  constexpr MethodSet() = default;
  constexpr MethodSet(std::initializer_list<Method> methods) {
    for (const Method m : methods) add(m);
  }
  constexpr void add(Method m) {
    if (m != Method::other) bits_ = static_cast<uint16_t>(bits_ | (1u << static_cast<unsigned>(m)));
  }
  constexpr bool has(Method m) const {
    return m != Method::other && (bits_ & (1u << static_cast<unsigned>(m))) != 0;
  }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr void merge(MethodSet other) { bits_ = static_cast<uint16_t>(bits_ | other.bits_); }
  std::string allow() const;  // "GET, HEAD": the value of an Allow header

 private:
  uint16_t bits_ = 0;
};

struct RouteMatch {
  enum class Outcome { found, not_found, method_not_allowed };
  struct Param {
    std::string_view name;   // lives as long as the router
    std::string_view value;  // undecoded, a view into the path
  };
  Outcome outcome = Outcome::not_found;
  size_t route = 0;   // when found
  MethodSet allowed;  // when method_not_allowed
  std::array<Param, base::limits::kPathParamsMax> params;
  size_t param_count = 0;

  std::string_view param(std::string_view name) const;  // undecoded; empty if there is none
  // Percent-decoded ('+' is a plus); nothing if there is none or its escapes are broken.
  std::optional<std::string> decoded(std::string_view name) const;
};

class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  // Code::invalid: the pattern is not one, or holds too many parameters; Code::conflict: one of the
  // methods has a route for this pattern already.
  base::Status add(MethodSet methods, std::string_view pattern, size_t route);
  RouteMatch match(Method method, std::string_view path) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otaru::http
