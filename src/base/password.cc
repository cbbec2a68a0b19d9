// SPDX-License-Identifier: Apache-2.0
#include "base/password.h"

#include <sodium.h>

#include "base/encoding.h"

namespace otaru::base {
namespace {

// base64 without padding, as in the stored form.
std::string unpadded(std::string_view bytes) {
  std::string out = base64(bytes);
  while (out.ends_with('=')) out.pop_back();
  return out;
}

// The library takes no null pointer, not even for nothing.
const char* text_of(std::string_view password) {
  return password.empty() ? "" : password.data();
}

}  // namespace

Result<std::string> hash_password(std::string_view password, const PasswordCost& cost) {
  OTARU_ASSERT(sodium_init() >= 0);
  std::string out(crypto_pwhash_STRBYTES, '\0');
  if (crypto_pwhash_str(out.data(), text_of(password), password.size(), cost.passes,
                        cost.memory_bytes) != 0) {
    return fail(Code::unavailable, "there is not enough memory to take a password in");
  }
  out.resize(out.find('\0'));
  return out;
}

std::string unknown_password_hash(const PasswordCost& cost, std::string_view random_32_bytes) {
  OTARU_ASSERT(random_32_bytes.size() == 32);
  return "$argon2id$v=19$m=" + std::to_string(cost.memory_bytes / 1024) +
         ",t=" + std::to_string(cost.passes) + ",p=1$" + unpadded(random_32_bytes.substr(0, 16)) +
         "$" + unpadded(random_32_bytes);
}

bool password_matches(std::string_view stored, std::string_view password) {
  OTARU_ASSERT(sodium_init() >= 0);
  if (stored.size() >= crypto_pwhash_STRBYTES) return false;
  const std::string ended(stored);
  return crypto_pwhash_str_verify(ended.c_str(), text_of(password), password.size()) == 0;
}

bool password_needs_rehash(std::string_view stored, const PasswordCost& cost) {
  const std::string ended(stored);
  return crypto_pwhash_str_needs_rehash(ended.c_str(), cost.passes, cost.memory_bytes) != 0;
}

}  // namespace otaru::base
