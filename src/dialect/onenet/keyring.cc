// SPDX-License-Identifier: Apache-2.0
#include "dialect/onenet/keyring.h"

#include "base/encoding.h"
#include "base/limits.h"

namespace otaru::dialect::onenet {
namespace {

// Longer ones than devices have buffers for are not worth the memory.
constexpr size_t kHeaderBytesKept = 320;

std::string id_key(int64_t id, std::string_view text) {
  std::string out = std::to_string(id);
  out += '\n';
  out += text;
  return out;
}

}  // namespace

Keyring::Keyring(const app::Secrets& secrets)
    : secrets_(secrets),
      keys_(base::limits::kOnenetKeysCachedMax),
      headers_(base::limits::kOnenetHeadersCachedMax),
      tokens_(base::limits::kOnenetTokensCachedMax),
      read_tokens_(base::limits::kOnenetTokensCachedMax) {}

std::shared_ptr<const std::string> Keyring::unsealed(std::string_view sealed) const {
  auto key = std::make_shared<std::string>();
  if (const auto text = secrets_.unseal_text(sealed)) {
    if (auto bytes = base::unbase64(base::trim(*text))) *key = std::move(*bytes);
  }
  return key;
}

std::shared_ptr<const std::string> Keyring::open(int64_t id, std::string_view sealed) {
  static const auto kNone = std::make_shared<const std::string>();
  if (sealed.empty()) return kNone;
  const std::string key = id_key(id, sealed);
  if (auto known = keys_.find(key)) return *known;
  auto opened = unsealed(sealed);
  keys_.put(key, opened);
  return opened;
}

Keyring::Header Keyring::read(std::string_view text) {
  if (auto known = headers_.find(text)) {
    known->text = text;
    return std::move(*known);
  }
  auto parsed = parse_authorization(text);
  if (!parsed) return {};
  return {text, std::make_shared<const Authorization>(std::move(*parsed)), nullptr};
}

bool Keyring::is_signed(const Header& header, int64_t id, std::string_view sealed) {
  if (header.good_with && *header.good_with == sealed) return true;
  const auto key = open(id, sealed);
  if (key->empty() || !signed_by(*header.authorization, *key)) return false;
  if (header.text.size() <= kHeaderBytesKept) {
    headers_.put(header.text,
                 {{}, header.authorization, std::make_shared<const std::string>(sealed)});
  }
  return true;
}

std::string Keyring::token_of(domain::TaskId task, int64_t generation) {
  const std::string key = id_key(task.value, std::to_string(generation));
  if (auto known = tokens_.find(key)) return *known;
  std::string token = secrets_.task_token(task, generation);
  tokens_.put(key, token);
  return token;
}

std::optional<app::Secrets::TaskToken> Keyring::read_token(std::string_view token) {
  if (auto known = read_tokens_.find(token)) return known;
  auto read = secrets_.read_task_token(token);
  if (read) read_tokens_.put(token, *read);
  return read;
}

size_t Keyring::count() {
  return keys_.count() + headers_.count() + tokens_.count() + read_tokens_.count();
}

}  // namespace otaru::dialect::onenet
