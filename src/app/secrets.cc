// SPDX-License-Identifier: Apache-2.0
#include "app/secrets.h"

#include <algorithm>
#include <array>
#include <functional>
#include <vector>

#include "base/encoding.h"
#include "base/hash.h"

namespace otaru::app {
namespace {

using base::HashKind;

constexpr size_t kTokenCharacters = 20;
// 62^20 < 2^120: the token is one number of 15 bytes written in base 62. Its bytes: 5 of task id, 1
// of generation, then 9 of MAC of which the top bit is cleared, so that the number fits.
constexpr size_t kTokenBytes = 15;
constexpr size_t kTokenMacBytes = 9;

// In place: divides the big-endian number by 62 and returns the remainder.
uint32_t divide_by_62(std::array<unsigned char, kTokenBytes>& number) {
  uint32_t rest = 0;
  for (auto& byte : number) {
    const uint32_t value = rest * 256 + byte;
    byte = static_cast<unsigned char>(value / 62);
    rest = value % 62;
  }
  return rest;
}

bool multiply_add(std::array<unsigned char, kTokenBytes>& number, uint32_t digit) {
  uint32_t carry = digit;
  for (auto at = number.rbegin(); at != number.rend(); ++at) {
    const uint32_t value = static_cast<uint32_t>(*at) * 62 + carry;
    *at = static_cast<unsigned char>(value & 0xff);
    carry = value >> 8;
  }
  return carry == 0;
}

std::array<unsigned char, kTokenBytes> token_bytes(const std::string& mac_key, int64_t task,
                                                   int64_t generation) {
  std::array<unsigned char, kTokenBytes> out{};
  std::string payload;
  for (int shift = 32; shift >= 0; shift -= 8) {
    payload.push_back(static_cast<char>((task >> shift) & 0xff));
  }
  payload.push_back(static_cast<char>(generation & 0xff));
  const std::string mac = base::hmac(HashKind::sha256, mac_key, "task-token\n" + payload);
  // The MAC goes first: task ids are small, and leading zeros would make every token look alike.
  for (size_t i = 0; i < kTokenMacBytes; ++i) out[i] = static_cast<unsigned char>(mac[i]);
  out[0] &= 0x3f;  // 2^118 < 62^20
  // The payload is masked with more of the MAC's input-independent key stream: ids do not show.
  const std::string mask = base::hmac(
      HashKind::sha256, mac_key,
      "task-token-mask\n" + std::string(reinterpret_cast<const char*>(out.data()), kTokenMacBytes));
  for (size_t i = 0; i < payload.size(); ++i) {
    out[kTokenMacBytes + i] = static_cast<unsigned char>(payload[i] ^ mask[i]);
  }
  return out;
}

// Hashes that this thread has computed lately. Devices show the same token with every request, and
// a hash of SHA-256 costs more than all the rest of a check. A slot is the value of a pure function
// of what stands in it, so nothing here can become wrong. Texts are compared only where the
// fingerprints agree: the time it takes says nothing about a secret that is remembered.
struct Remembered {
  uint64_t fingerprint = 0;
  std::string key;
  std::string message;
  std::string hash;
};
// About 300 kB per thread at most; the tokens of OAuth clients and the packages on offer are few.
constexpr size_t kRememberedMax = 1024;
constexpr size_t kRememberedBytesMax = 128;

Remembered& remembered(std::string_view key, std::string_view message) {
  thread_local std::vector<Remembered> slots(kRememberedMax);
  const uint64_t fingerprint = std::hash<std::string_view>{}(message);
  Remembered& slot = slots[fingerprint % kRememberedMax];
  if (slot.fingerprint != fingerprint || slot.key != key || slot.message != message) {
    slot.fingerprint = fingerprint;
    slot.key = key;
    slot.message = message;
    slot.hash = base::hex(base::hmac(HashKind::sha256, key, message));
  }
  return slot;
}

}  // namespace

Secrets::Secrets(std::string master_key) {
  OTARU_ASSERT(master_key.size() == base::kSealKeyBytes);
  seal_key_ = base::hmac(HashKind::sha256, master_key, "otaru seal key 1");
  mac_key_ = base::hmac(HashKind::sha256, master_key, "otaru mac key 1");
}

std::string Secrets::seal_text(std::string_view plain) const {
  return base::hex(base::seal(seal_key_, plain));
}

base::Result<std::string> Secrets::unseal_text(std::string_view sealed) const {
  const auto bytes = base::unhex(sealed);
  if (!bytes) return base::fail(base::Code::invalid, "sealed value is not hex");
  return base::unseal(seal_key_, *bytes);
}

std::string Secrets::keyed_hash(std::string_view purpose, std::string_view secret) const {
  std::string message(purpose);
  message += '\n';
  message += secret;
  if (message.size() <= kRememberedBytesMax) return remembered(mac_key_, message).hash;
  return base::hex(base::hmac(HashKind::sha256, mac_key_, message));
}

bool Secrets::matches(std::string_view purpose, std::string_view secret,
                      std::string_view stored) const {
  return base::constant_time_equal(keyed_hash(purpose, secret), stored);
}

std::string Secrets::derive_hex(std::string_view purpose, std::string_view input,
                                size_t bytes) const {
  OTARU_ASSERT(bytes <= 32);
  return keyed_hash(std::string("derive ") + std::string(purpose), input).substr(0, bytes * 2);
}

std::string Secrets::task_token(domain::TaskId task, int64_t generation) const {
  auto number = token_bytes(mac_key_, task.value, generation);
  std::string out(kTokenCharacters, '0');
  for (auto at = out.rbegin(); at != out.rend(); ++at) {
    *at = base::kAlphanumeric[divide_by_62(number)];
  }
  return out;
}

std::optional<Secrets::TaskToken> Secrets::read_task_token(std::string_view token) const {
  if (token.size() != kTokenCharacters) return std::nullopt;
  std::array<unsigned char, kTokenBytes> number{};
  for (const char c : token) {
    const size_t digit = base::kAlphanumeric.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    if (!multiply_add(number, static_cast<uint32_t>(digit))) return std::nullopt;
  }
  const std::string mask =
      base::hmac(HashKind::sha256, mac_key_,
                 "task-token-mask\n" +
                     std::string(reinterpret_cast<const char*>(number.data()), kTokenMacBytes));
  int64_t payload[6];
  for (size_t i = 0; i < 6; ++i) {
    payload[i] = number[kTokenMacBytes + i] ^ static_cast<unsigned char>(mask[i]);
  }
  int64_t task = 0;
  for (size_t i = 0; i < 5; ++i) task = task * 256 + payload[i];
  const auto expected = token_bytes(mac_key_, task, payload[5]);
  const std::string_view a(reinterpret_cast<const char*>(expected.data()), expected.size());
  const std::string_view b(reinterpret_cast<const char*>(number.data()), number.size());
  if (!base::constant_time_equal(a, b)) return std::nullopt;
  return TaskToken{domain::TaskId{task}, payload[5]};
}

std::string generate_access_key(base::Random& random) {
  std::string key = random.bytes(32);
  // Demo libraries measure the decoded key with strlen (docs/dialects/onenet.md, authorization).
  for (char& c : key) {
    while (c == '\0') c = random.bytes(1)[0];
  }
  return base::base64(key);
}

std::string generate_secret(base::Random& random, std::string_view prefix) {
  return std::string(prefix) + random.text(40, base::kAlphanumeric);
}

}  // namespace otaru::app
