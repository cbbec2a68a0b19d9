// SPDX-License-Identifier: Apache-2.0
// Passwords at rest: Argon2id (RFC 9106) over libsodium. Slow and hungry on purpose.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace otaru::base {

struct PasswordCost {
  uint64_t passes = 1;
  size_t memory_bytes = 8192;  // libsodium's least
};

// "$argon2id$v=19$m=...": salt and cost are in it. Code::unavailable without the memory.
Result<std::string> hash_password(std::string_view password, const PasswordCost& cost);
// A text of that form to which no password is known, made without the work.
std::string unknown_password_hash(const PasswordCost& cost, std::string_view random_32_bytes);
// In time that does not depend on where they differ.
bool password_matches(std::string_view stored, std::string_view password);
bool password_needs_rehash(std::string_view stored, const PasswordCost& cost);

}  // namespace otaru::base
