// SPDX-License-Identifier: Apache-2.0
// What is known about keys and tokens without computing it again. Access keys are sealed at rest,
// and unsealing one for every request would cost more than the rest of the check; devices sign once
// and repeat the same header for years; a download repeats its token for every slice.
//
// Everything is found by what it was computed from: a key that an operator changes is another
// sealed text, and the old entry is never hit again. Threads: any.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/secrets.h"
#include "dialect/onenet/authorization.h"
#include "dialect/bounded_cache.h"

namespace otaru::dialect::onenet {

class Keyring {
 public:
  explicit Keyring(const app::Secrets& secrets);

  // The bytes of the access key in `sealed`, which belongs to the credential or device `id`. Empty
  // when there is no usable key: nothing may be accepted with it.
  std::shared_ptr<const std::string> open(int64_t id, std::string_view sealed);

  // An Authorization header, taken apart: `authorization` is null when it is none. A header whose
  // signature was good is remembered, with the sealed key it was good with.
  struct Header {
    std::string_view text;
    std::shared_ptr<const Authorization> authorization;
    std::shared_ptr<const std::string> good_with;  // null: not known to be good
  };
  Header read(std::string_view text);
  // Whether the header (one with authorization) was signed with the key in `sealed`.
  bool is_signed(const Header& header, int64_t id, std::string_view sealed);

  // Download tokens, 20 characters (app::Secrets::task_token).
  std::string token_of(domain::TaskId task, int64_t generation);
  std::optional<app::Secrets::TaskToken> read_token(std::string_view token);

  size_t count();  // entries held now

 private:
  std::shared_ptr<const std::string> unsealed(std::string_view sealed) const;

  const app::Secrets& secrets_;
  BoundedCache<std::shared_ptr<const std::string>> keys_;
  BoundedCache<Header> headers_;                       // by text; without it
  BoundedCache<std::string> tokens_;                   // by task and generation
  BoundedCache<app::Secrets::TaskToken> read_tokens_;  // by token; authentic ones only
};

}  // namespace otaru::dialect::onenet
