// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

#include "base/encoding.h"

namespace otaru::base {
namespace {

const EVP_MD* algorithm(HashKind kind) {
  switch (kind) {
    case HashKind::md5:
      return EVP_md5();
    case HashKind::sha1:
      return EVP_sha1();
    case HashKind::sha256:
      return EVP_sha256();
  }
  return EVP_sha256();
}

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}
const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string digest(HashKind kind, std::string_view data) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned int length = 0;
  OTARU_ASSERT(
      EVP_Digest(data.data(), data.size(), bytes_of(out), &length, algorithm(kind), nullptr) == 1);
  out.resize(length);
  return out;
}

std::string hmac(HashKind kind, std::string_view key, std::string_view data) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned int length = 0;
  // OpenSSL wants a non-null key even when it is empty.
  const char* key_data = key.empty() ? "" : key.data();
  OTARU_ASSERT(HMAC(algorithm(kind), key_data, static_cast<int>(key.size()), bytes_of(data),
                    data.size(), bytes_of(out), &length) != nullptr);
  out.resize(length);
  return out;
}

bool constant_time_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

struct MultiHasher::Impl {
  EVP_MD_CTX* contexts[3] = {EVP_MD_CTX_new(), EVP_MD_CTX_new(), EVP_MD_CTX_new()};
  Impl() {
    OTARU_ASSERT(EVP_DigestInit_ex(contexts[0], EVP_md5(), nullptr) == 1);
    OTARU_ASSERT(EVP_DigestInit_ex(contexts[1], EVP_sha1(), nullptr) == 1);
    OTARU_ASSERT(EVP_DigestInit_ex(contexts[2], EVP_sha256(), nullptr) == 1);
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
