// SPDX-License-Identifier: Apache-2.0
// Packed bytes: version (1), number of keys, then the keys. The head of a block: length, bytes.
// Another key: one byte of two nibbles, what it shares with the key before (15: a number of what is
// beyond follows) and how many bytes follow, less one (15: the same), then these. Numbers are
// written seven bits at a time, lowest first, the top bit saying that there is more.
#include "domain/key_set.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/encoding.h"
#include "base/hash.h"

namespace otaru::domain {
namespace {

constexpr char kPackedVersion = 1;
constexpr size_t kNibbleMax = 15;
constexpr size_t kNoBlock = std::numeric_limits<size_t>::max();

size_t common_bytes(std::string_view a, std::string_view b) {
  const size_t most = std::min(a.size(), b.size());
  size_t count = 0;
  while (count < most && a[count] == b[count]) ++count;
  return count;
}

// Eight bytes from `at` on as a number that sorts as they do; missing ones count as zero.
uint64_t sample_of(std::string_view key, size_t at) {
  uint64_t out = 0;
  for (size_t i = at; i < at + 8; ++i) {
    out = (out << 8) | (i < key.size() ? static_cast<unsigned char>(key[i]) : 0u);
  }
  return out;
}

void put_number(std::string& out, size_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

// Reads packed bytes that are known to be whole.
size_t get_number(const char* bytes, size_t& at) {
  size_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes[at++]);
    value |= static_cast<size_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

struct Entry {
  size_t shared = 0;
  std::string_view suffix;
};

Entry get_entry(const char* bytes, size_t& at) {
  const auto head = static_cast<unsigned char>(bytes[at++]);
  size_t shared = head >> 4;
  if (shared == kNibbleMax) shared += get_number(bytes, at);
  size_t length = head & 0x0f;
  if (length == kNibbleMax) length += get_number(bytes, at);
  ++length;
  const Entry out{shared, std::string_view(bytes + at, length)};
  at += length;
  return out;
}

std::string_view get_head(const char* bytes, size_t& at) {
  const size_t length = get_number(bytes, at);
  const std::string_view out(bytes + at, length);
  at += length;
  return out;
}

// Reads bytes that may be anything.
class Suspicious {
 public:
  explicit Suspicious(std::string_view bytes) : bytes_(bytes) {}

  size_t at() const { return at_; }
  bool done() const { return at_ == bytes_.size(); }

  bool byte(unsigned char& out) {
    if (done()) return false;
    out = static_cast<unsigned char>(bytes_[at_++]);
    return true;
  }
  // Below 2^32, written as short as can be.
  bool number(size_t& out) {
    out = 0;
    unsigned char next = 0x80;
    for (int shift = 0; shift < 35; shift += 7) {
      if (!byte(next)) return false;
      out |= static_cast<size_t>(next & 0x7f) << shift;
      if (next >= 0x80) continue;
      return (shift == 0 || next != 0) && out <= std::numeric_limits<uint32_t>::max();
    }
    return false;
  }
  bool text(size_t length, std::string_view& out) {
    if (length > bytes_.size() - at_) return false;
    out = bytes_.substr(at_, length);
    at_ += length;
    return true;
  }
  // The next key over the one before it; false unless it lies behind that and is written as
  // packed() writes it.
  bool key(bool head, bool first, std::string& key) {
    std::string_view text_read;
    if (head) {
      size_t length = 0;
      if (!number(length) || !text(length, text_read)) return false;
      if (!first && text_read <= key) return false;
      key.assign(text_read);
      return true;
    }
    unsigned char nibbles = 0;
    size_t more = 0;
    if (!byte(nibbles)) return false;
    size_t shared = nibbles >> 4;
    if (shared == kNibbleMax && !number(more)) return false;
    shared += shared == kNibbleMax ? more : 0;
    size_t length = nibbles & 0x0f;
    if (length == kNibbleMax && !number(more)) return false;
    length += 1 + (length == kNibbleMax ? more : 0);
    if (shared > key.size() || !text(length, text_read)) return false;
    const auto byte_of = [](char c) { return static_cast<unsigned char>(c); };
    if (shared < key.size() && byte_of(text_read[0]) <= byte_of(key[shared])) return false;
    key.resize(shared);
    key.append(text_read);
    return true;
  }

 private:
  std::string_view bytes_;
  size_t at_ = 0;
};

}  // namespace

struct KeySet::Data {
  std::string bytes;
  size_t count = 0;
  size_t first = 0;  // where the first key begins
  size_t longest = 0;
  std::string prefix;               // what all keys begin with
  std::vector<uint32_t> offsets;    // of the heads
  std::vector<uint64_t> samples;    // of the heads, behind the prefix
  std::string digest;

  std::string_view head(size_t block) const {
    size_t at = offsets[block];
    return get_head(bytes.data(), at);
  }

  // Everything but the bytes, from offsets, count and longest.
  std::shared_ptr<const Data> finish(std::string_view last_key) {
    prefix = std::string(last_key.substr(0, common_bytes(head(0), last_key)));
    samples.reserve(offsets.size());
    for (size_t i = 0; i < offsets.size(); ++i) {
      samples.push_back(sample_of(head(i), prefix.size()));
    }
    digest = base::hex(base::digest(base::HashKind::sha256, bytes));
    return std::make_shared<const Data>(std::move(*this));
  }
};

// Takes keys in ascending order.
class KeySet::Packer {
 public:
  void add(std::string_view key) {
    if (data_.count % kBlockKeys == 0) {
      data_.offsets.push_back(static_cast<uint32_t>(data_.bytes.size()));
      put_number(data_.bytes, key.size());
      data_.bytes.append(key);
    } else {
      const size_t shared = common_bytes(last_, key);
      const size_t length = key.size() - shared - 1;
      const size_t high = std::min(shared, kNibbleMax);
      const size_t low = std::min(length, kNibbleMax);
      data_.bytes += static_cast<char>(high << 4 | low);
      if (high == kNibbleMax) put_number(data_.bytes, shared - kNibbleMax);
      if (low == kNibbleMax) put_number(data_.bytes, length - kNibbleMax);
      data_.bytes.append(key.substr(shared));
    }
    last_.assign(key);
    data_.longest = std::max(data_.longest, key.size());
    ++data_.count;
  }

  KeySet take() {
    if (data_.count == 0) return KeySet();
    std::string begin(1, kPackedVersion);
    put_number(begin, data_.count);
    data_.first = begin.size();
    data_.bytes.insert(0, begin);
    data_.bytes.shrink_to_fit();
    OTARU_ASSERT(data_.bytes.size() <= std::numeric_limits<uint32_t>::max());
    for (uint32_t& offset : data_.offsets) offset += static_cast<uint32_t>(begin.size());
    return KeySet(data_.finish(last_));
  }

 private:
  Data data_;
  std::string last_;
};

KeySet::KeySet(std::initializer_list<std::string_view> keys)
    : KeySet(of(std::vector<std::string>(keys.begin(), keys.end()))) {}

KeySet KeySet::of(std::vector<std::string> keys) {
  std::sort(keys.begin(), keys.end());
  Packer packer;
  const std::string* before = nullptr;
  for (const std::string& key : keys) {
    if (before == nullptr || *before != key) packer.add(key);
    before = &key;
  }
  return packer.take();
}

size_t KeySet::size() const {
  return data_ == nullptr ? 0 : data_->count;
}

size_t KeySet::longest_bytes() const {
  return data_ == nullptr ? 0 : data_->longest;
}

std::string_view KeySet::packed() const {
  return data_ == nullptr ? std::string_view() : std::string_view(data_->bytes);
}

const std::string& KeySet::digest() const {
  static const std::string none = base::hex(base::digest(base::HashKind::sha256, {}));
  return data_ == nullptr ? none : data_->digest;
}

// The last block whose head is not behind `key`, which begins as all keys do; kNoBlock before all.
size_t KeySet::block_of(std::string_view key) const {
  const std::vector<uint64_t>& samples = data_->samples;
  const uint64_t sample = sample_of(key, data_->prefix.size());
  const auto low = std::lower_bound(samples.begin(), samples.end(), sample);
  auto block = static_cast<size_t>(low - samples.begin());
  size_t end = block;
  if (low != samples.end() && *low == sample) {
    end = static_cast<size_t>(std::upper_bound(low, samples.end(), sample) - samples.begin());
  }
  // Among heads with the same sample only the whole texts tell.
  while (block < end) {
    const size_t middle = block + (end - block) / 2;
    if (data_->head(middle) <= key) {
      block = middle + 1;
    } else {
      end = middle;
    }
  }
  return block == 0 ? kNoBlock : block - 1;
}

bool KeySet::contains(std::string_view key) const {
  if (data_ == nullptr) return false;
  const std::string& prefix = data_->prefix;
  if (key.size() < prefix.size() || key.compare(0, prefix.size(), prefix) != 0) return false;
  const size_t block = block_of(key);
  if (block == kNoBlock) return false;
  const char* bytes = data_->bytes.data();
  size_t at = data_->offsets[block];
  const std::string_view head = get_head(bytes, at);
  size_t matched = common_bytes(head, key);
  if (matched == key.size() && matched == head.size()) return true;
  // `matched`: bytes that the key shares with the entry before, which lies before the key.
  const size_t left = std::min(kBlockKeys, data_->count - block * kBlockKeys);
  for (size_t i = 1; i < left; ++i) {
    const Entry entry = get_entry(bytes, at);
    if (entry.shared > matched) continue;       // differs from the key where the one before did
    if (entry.shared < matched) return false;   // lies behind the key
    const std::string_view rest = key.substr(matched);
    const size_t more = common_bytes(entry.suffix, rest);
    matched += more;
    if (more == rest.size()) return more == entry.suffix.size();
    if (more == entry.suffix.size()) continue;
    if (static_cast<unsigned char>(entry.suffix[more]) > static_cast<unsigned char>(rest[more])) {
      return false;
    }
  }
  return false;
}

// --- Reading in order ---------------------------------------------------------------------------

bool KeySet::Reader::next() {
  if (held_) {
    held_ = false;
    return true;
  }
  if (data_ == nullptr || index_ == data_->count) return false;
  const char* bytes = data_->bytes.data();
  if (index_ % kBlockKeys == 0) {
    key_.assign(get_head(bytes, at_));
  } else {
    const Entry entry = get_entry(bytes, at_);
    key_.resize(entry.shared);
    key_.append(entry.suffix);
  }
  ++index_;
  return true;
}

KeySet::Reader KeySet::read() const {
  Reader out;
  out.data_ = data_;
  if (data_ != nullptr) out.at_ = data_->first;
  return out;
}

KeySet::Reader KeySet::read_after(std::string_view key) const {
  Reader out = read();
  if (data_ == nullptr) return out;
  const std::string_view prefix = data_->prefix;
  const int side = key.substr(0, prefix.size()).compare(prefix);
  if (side < 0) return out;
  if (side > 0) {
    out.index_ = data_->count;
    return out;
  }
  if (const size_t block = block_of(key); block != kNoBlock) {
    out.at_ = data_->offsets[block];
    out.index_ = block * kBlockKeys;
  }
  while (out.next()) {
    if (out.key() <= key) continue;
    out.held_ = true;
    break;
  }
  return out;
}

std::vector<std::string> KeySet::page(std::string_view after, size_t limit) const {
  std::vector<std::string> out;
  Reader reader = read_after(after);
  while (out.size() < limit && reader.next()) out.emplace_back(reader.key());
  return out;
}

std::vector<std::string> KeySet::keys() const {
  std::vector<std::string> out;
  out.reserve(size());
  Reader reader = read();
  while (reader.next()) out.emplace_back(reader.key());
  return out;
}

// --- Sets of sets -------------------------------------------------------------------------------

KeySet KeySet::united(const KeySet& other) const {
  if (other.empty() || same_as(other)) return *this;
  if (empty()) return other;
  Packer packer;
  Reader left = read();
  Reader right = other.read();
  bool more_left = left.next();
  bool more_right = right.next();
  while (more_left || more_right) {
    const int side = !more_right ? -1 : !more_left ? 1 : left.key().compare(right.key());
    packer.add(side <= 0 ? left.key() : right.key());
    if (side <= 0) more_left = left.next();
    if (side >= 0) more_right = right.next();
  }
  return packer.take();
}

KeySet KeySet::without(const KeySet& other) const {
  if (empty() || other.empty()) return *this;
  Packer packer;
  Reader left = read();
  Reader right = other.read();
  bool more_right = right.next();
  while (left.next()) {
    while (more_right && right.key() < left.key()) more_right = right.next();
    if (!more_right || right.key() != left.key()) packer.add(left.key());
  }
  return packer.take();
}

// --- Bytes --------------------------------------------------------------------------------------

base::Result<KeySet> KeySet::unpack(std::string bytes) {
  if (bytes.empty()) return KeySet();
  const auto damaged = [] {
    return base::fail(base::Code::invalid, "the packed keys are damaged");
  };
  Suspicious input(bytes);
  unsigned char version = 0;
  Data data;
  if (bytes.size() > std::numeric_limits<uint32_t>::max() || !input.byte(version) ||
      version != kPackedVersion || !input.number(data.count) || data.count == 0 ||
      data.count > bytes.size()) {
    return damaged();
  }
  data.first = input.at();
  data.offsets.reserve(data.count / kBlockKeys + 1);
  std::string key;
  for (size_t i = 0; i < data.count; ++i) {
    const bool head = i % kBlockKeys == 0;
    if (head) data.offsets.push_back(static_cast<uint32_t>(input.at()));
    if (!input.key(head, i == 0, key)) return damaged();
    data.longest = std::max(data.longest, key.size());
  }
  if (!input.done()) return damaged();
  data.bytes = std::move(bytes);
  return KeySet(data.finish(key));
}

}  // namespace otaru::domain
