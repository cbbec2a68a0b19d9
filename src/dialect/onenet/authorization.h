// SPDX-License-Identifier: Apache-2.0
// The Authorization header: five key=value pairs joined by '&' (version, res, et, method, sign),
// where sign = base64(HMAC-<method>(base64-decoded access key, et LF method LF res LF version)).
// Pure. What real devices do to it is in docs/dialects/onenet.md, "Authorization".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"
#include "base/time.h"

namespace otaru::dialect::onenet {

// Header buffers of devices are 128 to 256 bytes; percent-encoding at worst trebles a value.
inline constexpr size_t kAuthorizationBytesMax = 1024;
inline constexpr std::string_view kAuthorizationVersion = "2018-10-31";

struct Authorization {
  base::HashKind method = base::HashKind::sha1;
  std::string method_text;  // "sha1"; signed as it is written
  std::string res;          // decoded
  std::string et_text;      // as it came: part of what is signed
  int64_t et = 0;           // unix seconds
  std::string sign;         // raw bytes
};

// Code::unauthenticated, always with the same words: nobody learns which part was wrong.
base::Result<Authorization> parse_authorization(std::string_view header);

// What `res` names: a product, or one device of it. Views into the argument.
struct AuthorizedResource {
  std::string_view product_id;
  std::string_view device_name;  // empty: the product
};
std::optional<AuthorizedResource> parse_resource(std::string_view res);

bool signed_by(const Authorization& authorization, std::string_view key);  // key: decoded bytes
bool is_expired(const Authorization& authorization, base::Time now);

// For devices: the header's value. `encoded`: each value percent-encoded as the document wants it;
// otherwise raw, as the lazy ones do.
struct AuthorizationWords {
  base::HashKind method = base::HashKind::sha1;
  std::string_view res;
  int64_t et = 0;
  std::string_view key;  // decoded bytes
  bool encoded = true;
};
std::string write_authorization(const AuthorizationWords& words);
std::string_view method_word(base::HashKind method);

}  // namespace otaru::dialect::onenet
