// SPDX-License-Identifier: Apache-2.0
// Result<T>: a value or an Error. No exceptions for flow anywhere in Otaru.
//
//   Result<int> parse_port(std::string_view text);
//   Status open() { OTARU_TRY(port, parse_port("80")); use(port); return {}; }
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace otaru::base {

// The canonical codes: the only ones that cross a port. Each dialect maps them to its own words in
// one switch without default, so a new code cannot be forgotten.
enum class Code {
  invalid,          // The caller's input is wrong and will stay wrong: fix it, do not repeat it.
  unauthenticated,  // Who the caller is could not be established.
  forbidden,        // Known caller, but not allowed to do this.
  not_found,        // The thing named does not exist, or must look as if it did not.
  conflict,         // Exists already, or was changed by somebody else meanwhile.
  precondition,     // The thing is in a state that does not allow this.
  gone,             // It existed and has ended for good (expired token, finished task).
  too_large,        // Over a named limit of size or length.
  exhausted,        // Over a named limit of number or rate; later may work.
  unavailable,      // A part we need is not there now (store busy, disk full); later may work.
  timeout,          // A deadline passed.
  internal,         // Our fault. Logged with an incident id.
};

std::string_view code_name(Code code);

struct Error {
  Code code = Code::internal;
  std::string message;  // May be shown to a device or an operator.
  std::string detail;   // Only logged; never leaves the server.
  // For operators, both may be empty: the input that is wrong, and what to do about it.
  std::string field = {};
  std::string remedy = {};
  std::string rule = {};           // the rule that was broken, a word: "required", "range"
  std::vector<Error> others = {};  // more that is wrong with the same input
};

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

using Status = Result<void>;

inline tl::unexpected<Error> fail(Code code, std::string message, std::string detail = {}) {
  return tl::unexpected<Error>(Error{code, std::move(message), std::move(detail)});
}
inline tl::unexpected<Error> fail_field(Code code, std::string field, std::string message,
                                        std::string remedy = {}) {
  return tl::unexpected<Error>(
      Error{code, std::move(message), {}, std::move(field), std::move(remedy)});
}
// As above, with the rule that was broken.
inline tl::unexpected<Error> fail_rule(Code code, std::string field, std::string_view rule,
                                       std::string message, std::string remedy = {}) {
  Error error{code, std::move(message), {}, std::move(field), std::move(remedy)};
  error.rule = rule;
  return tl::unexpected<Error>(std::move(error));
}
inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

// Aborts with a message; on in release builds too: state is transactional, a restart is safe.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace otaru::base

#define OTARU_ASSERT(expression) \
  ((expression) ? void(0) : ::otaru::base::assertion_failed(#expression, __FILE__, __LINE__))

#define OTARU_CONCAT_INNER(a, b) a##b
#define OTARU_CONCAT(a, b) OTARU_CONCAT_INNER(a, b)

// OTARU_TRY(name, expression): declares `name` with the value, or returns the error. Ordinary
// functions only, never inside a coroutine.
#define OTARU_TRY(name, expression)                                                 \
  auto OTARU_CONCAT(try_result_, name) = (expression);                              \
  if (!OTARU_CONCAT(try_result_, name))                                             \
    return ::otaru::base::fail(std::move(OTARU_CONCAT(try_result_, name)).error()); \
  auto&& name = *OTARU_CONCAT(try_result_, name)

// OTARU_CHECK(expression): for a Status; returns its error if it has one.
#define OTARU_CHECK(expression)                                  \
  if (auto OTARU_CONCAT(check_result_, __LINE__) = (expression); \
      !OTARU_CONCAT(check_result_, __LINE__))                    \
  return ::otaru::base::fail(std::move(OTARU_CONCAT(check_result_, __LINE__)).error())
