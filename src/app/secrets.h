// SPDX-License-Identifier: Apache-2.0
// What the server must keep secret, behind one object: the master key (a file of 32 random bytes,
// mode 0600, in the data folder) and everything derived from it. Dialects never see the key.
// Threads: any, immutable after construction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "domain/ids.h"

namespace otaru::app {

// What a keyed hash is for: the operators' services store under these, the doors look up under
// them.
inline constexpr std::string_view kApiKeyPurpose = "api";
inline constexpr std::string_view kOauthSecretPurpose = "oauth";
inline constexpr std::string_view kOomiTokenPurpose = "oomi_account";
inline constexpr std::string_view kHawkbitGatewayPurpose = "hawkbit_gateway";

class Secrets {
 public:
  explicit Secrets(std::string master_key);  // kSealKeyBytes bytes

  // Reversible, for keys we must compute with (HMAC keys, Basic pairs). Hex text.
  std::string seal_text(std::string_view plain) const;
  base::Result<std::string> unseal_text(std::string_view sealed) const;

  // Irreversible keyed hash (HMAC-SHA-256, hex) of a secret we only compare.
  std::string keyed_hash(std::string_view purpose, std::string_view secret) const;
  bool matches(std::string_view purpose, std::string_view secret, std::string_view stored) const;

  // Deterministic opaque text derived from the key: 2 hex digits per byte, `bytes` <= 32.
  std::string derive_hex(std::string_view purpose, std::string_view input, size_t bytes) const;

  // Download tokens: 20 characters [0-9A-Za-z] that carry task id and generation and cannot be
  // guessed (71 bits of MAC), so that no index is needed to find the task again.
  std::string task_token(domain::TaskId task, int64_t generation) const;
  struct TaskToken {
    domain::TaskId task;
    int64_t generation = 0;
  };
  std::optional<TaskToken> read_task_token(std::string_view token) const;  // nothing if forged

 private:
  std::string seal_key_;
  std::string mac_key_;
};

// A fresh access key for a device or product: 32 bytes without a zero byte (strlen-based clients
// cut keys there: docs/dialects/onenet.md), base64.
std::string generate_access_key(base::Random& random);
// A fresh secret for people and programs to copy: `prefix` + 40 [0-9A-Za-z].
std::string generate_secret(base::Random& random, std::string_view prefix);

}  // namespace otaru::app
