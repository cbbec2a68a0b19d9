// SPDX-License-Identifier: Apache-2.0
// Packed sets of device keys come from the database file: any bytes must end in an error or in a
// set that is written as these very bytes again and holds what it lists.
#include <cstddef>
#include <cstdint>

#include "domain/key_set.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using otaru::domain::KeySet;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto set = KeySet::unpack(bytes);
  if (!set) return 0;
  OTARU_ASSERT(set->packed() == bytes);
  const std::vector<std::string> keys = set->keys();
  OTARU_ASSERT(keys.size() == set->size());
  for (const std::string& key : keys) OTARU_ASSERT(set->contains(key));
  OTARU_ASSERT(KeySet::of(keys) == *set && set->without(*set).empty());
  if (!keys.empty()) {
    const std::string beside = keys[size % keys.size()] + '\0';
    const KeySet more = set->united(KeySet{beside});
    OTARU_ASSERT(more.contains(beside) && set->contains(beside) == (more.size() == set->size()));
    OTARU_ASSERT(set->page(keys.back(), 1).empty());
  }
  return 0;
}
