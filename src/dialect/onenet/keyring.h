// SPDX-License-Identifier: Apache-2.0
// Opened access keys. They are sealed at rest, and unsealing one for every request would cost more
// than the rest of the check; so opened ones are kept for a while, found by what they were opened
// from: a key that an operator changes is another sealed text, and the old entry is never hit
// again. Threads: any.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "app/secrets.h"

namespace otaru::dialect::onenet {

class Keyring {
 public:
  explicit Keyring(const app::Secrets& secrets);

  // The bytes of the access key that is sealed in `sealed` for the credential or device `id`. Empty
  // when there is no usable key: nothing may be accepted with it.
  std::shared_ptr<const std::string> open(int64_t id, std::string_view sealed) const;
  size_t count() const;  // entries held now

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  struct Entry {
    int64_t id = 0;
    std::shared_ptr<const std::string> key;
  };
  using Map = std::unordered_map<std::string, Entry, Hash, std::equal_to<>>;
  // Two generations: when the young one is full it becomes the old one, and the old one goes. What
  // is in use moves to the young one again.
  struct Shard {
    std::mutex mutex;
    Map young;
    Map old;
  };
  std::shared_ptr<const std::string> unsealed(std::string_view sealed) const;

  const app::Secrets& secrets_;
  mutable std::array<Shard, 16> shards_;
};

}  // namespace otaru::dialect::onenet
