// SPDX-License-Identifier: Apache-2.0
#include "dialect/onenet/keyring.h"

#include "base/encoding.h"
#include "base/limits.h"

namespace otaru::dialect::onenet {

Keyring::Keyring(const app::Secrets& secrets) : secrets_(secrets) {}

std::shared_ptr<const std::string> Keyring::unsealed(std::string_view sealed) const {
  auto key = std::make_shared<std::string>();
  if (const auto text = secrets_.unseal_text(sealed)) {
    if (auto bytes = base::unbase64(base::trim(*text))) *key = std::move(*bytes);
  }
  return key;
}

std::shared_ptr<const std::string> Keyring::open(int64_t id, std::string_view sealed) const {
  static const auto kNone = std::make_shared<const std::string>();
  if (sealed.empty()) return kNone;
  const size_t hash = Hash{}(sealed);
  Shard& shard = shards_[hash % shards_.size()];
  {
    const std::lock_guard lock(shard.mutex);
    const auto young = shard.young.find(sealed);
    if (young != shard.young.end() && young->second.id == id) return young->second.key;
    const auto old = shard.old.find(sealed);
    if (old != shard.old.end() && old->second.id == id) {
      auto node = shard.old.extract(old);
      auto key = node.mapped().key;
      shard.young.insert(std::move(node));
      return key;
    }
  }
  auto key = unsealed(sealed);
  const std::lock_guard lock(shard.mutex);
  if (shard.young.size() >= base::limits::kOnenetKeysCachedMax / shards_.size() / 2) {
    shard.old = std::move(shard.young);
    shard.young = Map{};
  }
  shard.young.insert_or_assign(std::string(sealed), Entry{id, key});
  return key;
}

size_t Keyring::count() const {
  size_t sum = 0;
  for (auto& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    sum += shard.young.size() + shard.old.size();
  }
  return sum;
}

}  // namespace otaru::dialect::onenet
