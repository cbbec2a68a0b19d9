// SPDX-License-Identifier: Apache-2.0
// A set of device keys, up to a million (limits::kExplicitDevicesMax), compressed, immutable and
// cheap to copy: a deployment's list travels through drafts, snapshots and journal as a pointer.
//
//   KeySet listed = KeySet::of({"b", "a"});
//   listed.contains("a");                       // exact, allocates nothing
//   listed = listed.united(KeySet{"c"}).without(KeySet{"a"});
//
// Keys are sorted by bytes and front-coded in blocks of kBlockKeys: the head of a block is written
// whole, each further key as what it does not share with the one before. A look-up strips what all
// keys begin with, finds the block among eight bytes of every head (one flat array), and walks the
// block without unpacking it. Measured with a million keys (-O2, in random order): 15-digit
// numbers 3.0 (one after the other) to 9.9 bytes (scattered over all) and 140 to 180 ns, random
// UUIDs 33.9 bytes and 280 to 450 ns; 0.75 bytes more in memory for finding blocks.
//
// Why no bitmap of hashes (CRoaring) beside it: hashes are scattered, so that a million of them
// take 2.5 bytes a key on disk and more in memory, and a look-up 130 to 230 ns. That is no faster,
// and a bitmap is neither exact nor can it be read back in order, paged or subtracted: the keys
// would have to be kept all the same.
//
// Threads: any, it never changes.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace otaru::domain {

class KeySet {
  struct Data;

 public:
  static constexpr size_t kBlockKeys = 16;

  KeySet() = default;
  KeySet(std::initializer_list<std::string_view> keys);
  static KeySet of(std::vector<std::string> keys);  // in any order, repeated or not

  size_t size() const;
  bool empty() const { return data_ == nullptr; }
  bool contains(std::string_view key) const;
  size_t longest_bytes() const;  // of the longest key

  // In order: `while (reader.next()) use(reader.key());`. Keeps the set alive.
  class Reader {
   public:
    bool next();
    std::string_view key() const { return key_; }  // until the next next()

   private:
    friend class KeySet;
    std::shared_ptr<const Data> data_;
    size_t at_ = 0;      // into the packed bytes
    size_t index_ = 0;   // of the next key
    bool held_ = false;  // key_ is the next one already
    std::string key_;
  };
  Reader read() const;
  Reader read_after(std::string_view key) const;  // the keys behind that one, there or not
  std::vector<std::string> page(std::string_view after, size_t limit) const;
  std::vector<std::string> keys() const;  // all: for small ones

  KeySet united(const KeySet& other) const;
  KeySet without(const KeySet& other) const;

  // The bytes that stores keep; the same for equal sets, empty for the empty one. unpack() takes
  // nothing else: Code::invalid for bytes that packed() does not give.
  std::string_view packed() const;
  static base::Result<KeySet> unpack(std::string bytes);
  const std::string& digest() const;  // SHA-256 of packed(), hex; made once

  // The very same object: a snapshot keeps what it has made of it.
  bool same_as(const KeySet& other) const { return data_ == other.data_; }
  const void* identity() const { return data_.get(); }  // equal while both live: the same object
  friend bool operator==(const KeySet& a, const KeySet& b) {
    return a.data_ == b.data_ || a.packed() == b.packed();
  }

 private:
  class Packer;
  explicit KeySet(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
  size_t block_of(std::string_view key) const;
  std::shared_ptr<const Data> data_;  // null: empty
};

}  // namespace otaru::domain
