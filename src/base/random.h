// SPDX-License-Identifier: Apache-2.0
// Randomness as a parameter: real bytes in the server, seeded ones in tests and simulation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace otaru::base {

class Random {
 public:
  virtual ~Random();
  virtual uint64_t next() = 0;
  uint64_t below(uint64_t bound);  // 0 <= result < bound; bound > 0
  std::string bytes(size_t count);
  std::string text(size_t count, std::string_view alphabet);
};

inline constexpr std::string_view kAlphanumeric =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

// The kernel's generator (getrandom through OpenSSL). Threads: any.
class SecureRandom final : public Random {
 public:
  uint64_t next() override;
};

// xoshiro256**, seeded with splitmix64. One thread.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed);
  uint64_t next() override;

 private:
  uint64_t state_[4];
};

}  // namespace otaru::base
