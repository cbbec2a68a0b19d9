// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sodium.h>

#include "base/encoding.h"

namespace otaru::base {
namespace {

// Fetched once: EVP_sha256() and its kind are looked up again at every use, which costs more than
// hashing a token does.
const EVP_MD* algorithm(HashKind kind) {
  static const EVP_MD* const kMd5 = EVP_MD_fetch(nullptr, "MD5", nullptr);
  static const EVP_MD* const kSha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  static const EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  switch (kind) {
    case HashKind::md5:
      return kMd5;
    case HashKind::sha1:
      return kSha1;
    case HashKind::sha256:
      return kSha256;
  }
  return kSha256;
}

// One context per thread, used again and again.
EVP_MD_CTX* thread_context() {
  struct Owner {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    ~Owner() { EVP_MD_CTX_free(context); }
  };
  thread_local Owner owner;
  OTARU_ASSERT(owner.context != nullptr);
  return owner.context;
}

std::string digest_of(HashKind kind, std::string_view first, std::string_view second) {
  EVP_MD_CTX* context = thread_context();
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  OTARU_ASSERT(EVP_DigestInit_ex(context, algorithm(kind), nullptr) == 1);
  OTARU_ASSERT(EVP_DigestUpdate(context, first.data(), first.size()) == 1);
  OTARU_ASSERT(EVP_DigestUpdate(context, second.data(), second.size()) == 1);
  OTARU_ASSERT(EVP_DigestFinal_ex(context, out, &length) == 1);
  return {reinterpret_cast<const char*>(out), length};
}

// Of all three algorithms (RFC 2104, "B").
constexpr size_t kHmacBlockBytes = 64;

struct HmacPad {
  char bytes[kHmacBlockBytes] = {};
  HmacPad(std::string_view key, unsigned char pad) {
    key.copy(bytes, kHmacBlockBytes);
    for (char& c : bytes) c = static_cast<char>(static_cast<unsigned char>(c) ^ pad);
  }
  HmacPad(const HmacPad&) = delete;
  HmacPad& operator=(const HmacPad&) = delete;
  ~HmacPad() { OPENSSL_cleanse(bytes, sizeof bytes); }
  std::string_view view() const { return {bytes, sizeof bytes}; }
};

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}
const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string digest(HashKind kind, std::string_view data) {
  return digest_of(kind, data, {});
}

std::string hmac(HashKind kind, std::string_view key, std::string_view data) {
  std::string short_key;
  if (key.size() > kHmacBlockBytes) {
    short_key = digest(kind, key);
    key = short_key;
  }
  const HmacPad inner(key, 0x36);
  const HmacPad outer(key, 0x5c);
  OPENSSL_cleanse(short_key.data(), short_key.size());
  return digest_of(kind, outer.view(), digest_of(kind, inner.view(), data));
}

bool constant_time_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

struct Hasher::Impl {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  explicit Impl(const EVP_MD* algorithm) {
    OTARU_ASSERT(EVP_DigestInit_ex(context, algorithm, nullptr) == 1);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { EVP_MD_CTX_free(context); }
};

Hasher::Hasher(HashKind kind) : impl_(std::make_unique<Impl>(algorithm(kind))) {}
Hasher::Hasher(LongHashKind kind)
    : impl_(std::make_unique<Impl>(kind == LongHashKind::sha384 ? EVP_sha384() : EVP_sha512())) {}
Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::update(std::string_view data) {
  OTARU_ASSERT(EVP_DigestUpdate(impl_->context, data.data(), data.size()) == 1);
}

std::string Hasher::finish() {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  OTARU_ASSERT(EVP_DigestFinal_ex(impl_->context, out, &length) == 1);
  return {reinterpret_cast<const char*>(out), length};
}

struct MultiHasher::Impl {
  EVP_MD_CTX* contexts[3] = {EVP_MD_CTX_new(), EVP_MD_CTX_new(), EVP_MD_CTX_new()};
  Impl() {
    OTARU_ASSERT(EVP_DigestInit_ex(contexts[0], algorithm(HashKind::md5), nullptr) == 1);
    OTARU_ASSERT(EVP_DigestInit_ex(contexts[1], algorithm(HashKind::sha1), nullptr) == 1);
    OTARU_ASSERT(EVP_DigestInit_ex(contexts[2], algorithm(HashKind::sha256), nullptr) == 1);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    for (auto* context : contexts) EVP_MD_CTX_free(context);
  }
};

MultiHasher::MultiHasher() : impl_(std::make_unique<Impl>()) {}
MultiHasher::~MultiHasher() = default;
MultiHasher::MultiHasher(MultiHasher&&) noexcept = default;
MultiHasher& MultiHasher::operator=(MultiHasher&&) noexcept = default;

void MultiHasher::update(std::string_view data) {
  for (auto* context : impl_->contexts) {
    OTARU_ASSERT(EVP_DigestUpdate(context, data.data(), data.size()) == 1);
  }
}

MultiHasher MultiHasher::copy() const {
  MultiHasher out;
  for (int i = 0; i < 3; ++i) {
    OTARU_ASSERT(EVP_MD_CTX_copy_ex(out.impl_->contexts[i], impl_->contexts[i]) == 1);
  }
  return out;
}

Digests MultiHasher::finish() {
  std::string text[3];
  for (int i = 0; i < 3; ++i) {
    std::string out(EVP_MAX_MD_SIZE, '\0');
    unsigned int length = 0;
    OTARU_ASSERT(EVP_DigestFinal_ex(impl_->contexts[i], bytes_of(out), &length) == 1);
    out.resize(length);
    text[i] = hex(out);
  }
  return Digests{text[0], text[1], text[2]};
}

uint64_t stable_hash(std::string_view text, uint64_t seed) {
  uint64_t h = 0xcbf29ce484222325ull ^ (seed * 0x9E3779B97F4A7C15ull);
  for (const char c : text) {
    h ^= static_cast<unsigned char>(c);
    h *= 0x100000001b3ull;
  }
  // FNV's low bits are weak for short keys; the murmur3 finaliser spreads them.
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccdull;
  h ^= h >> 33;
  h *= 0xc4ceb9fe1a85ec53ull;
  return h ^ (h >> 33);
}

std::string seal(std::string_view key, std::string_view plain) {
  OTARU_ASSERT(key.size() == kSealKeyBytes && sodium_init() >= 0);
  std::string out(crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + plain.size(), '\0');
  randombytes_buf(out.data(), crypto_secretbox_NONCEBYTES);
  OTARU_ASSERT(crypto_secretbox_easy(bytes_of(out) + crypto_secretbox_NONCEBYTES, bytes_of(plain),
                                     plain.size(), bytes_of(out), bytes_of(key)) == 0);
  return out;
}

Result<std::string> unseal(std::string_view key, std::string_view sealed) {
  OTARU_ASSERT(key.size() == kSealKeyBytes && sodium_init() >= 0);
  if (sealed.size() < crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES) {
    return fail(Code::invalid, "sealed value is too short");
  }
  const auto body = sealed.substr(crypto_secretbox_NONCEBYTES);
  std::string out(body.size() - crypto_secretbox_MACBYTES, '\0');
  if (crypto_secretbox_open_easy(bytes_of(out), bytes_of(body), body.size(), bytes_of(sealed),
                                 bytes_of(key)) != 0) {
    return fail(Code::invalid, "sealed value does not open: was the master key changed?");
  }
  return out;
}

}  // namespace otaru::base
