// SPDX-License-Identifier: Apache-2.0
// Digests, MACs and the small secrets toolbox, over OpenSSL.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace otaru::base {

enum class HashKind { md5, sha1, sha256 };

// Raw digest bytes (16, 20 or 32).
std::string digest(HashKind kind, std::string_view data);
// Raw HMAC bytes (RFC 2104).
std::string hmac(HashKind kind, std::string_view key, std::string_view data);
// Same length and same bytes, in time that does not depend on where they differ.
bool constant_time_equal(std::string_view a, std::string_view b);

// Lower-case hex of all three digests of one stream of bytes, as packages carry them.
struct Digests {
  std::string md5;
  std::string sha1;
  std::string sha256;
  friend bool operator==(const Digests&, const Digests&) = default;
};

// md5, sha1 and sha256 in one pass. One thread.
class MultiHasher {
 public:
  MultiHasher();
  ~MultiHasher();
  MultiHasher(MultiHasher&&) noexcept;
  MultiHasher& operator=(MultiHasher&&) noexcept;
  void update(std::string_view data);
  Digests finish();  // once
  MultiHasher copy() const;  // of what was hashed so far: a place to go back to

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Only for checking files that carry them; nothing here makes one.
enum class LongHashKind { sha384, sha512 };

// One digest of a stream of bytes. One thread.
class Hasher {
 public:
  explicit Hasher(HashKind kind);
  explicit Hasher(LongHashKind kind);
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  void update(std::string_view data);
  std::string finish();  // raw bytes; once

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Stable 64-bit hash of text (FNV-1a with a final mix): buckets, audience percentages. Never
// changes: it is part of the stored format.
uint64_t stable_hash(std::string_view text, uint64_t seed = 0);

// Authenticated encryption with a 32-byte key (libsodium secretbox): what we must be able to read
// again, such as HMAC keys of devices, is never at rest in the clear.
inline constexpr size_t kSealKeyBytes = 32;
std::string seal(std::string_view key, std::string_view plain);
Result<std::string> unseal(std::string_view key, std::string_view sealed);  // Code::invalid

}  // namespace otaru::base
