// SPDX-License-Identifier: Apache-2.0
// Signatures of others, verified with public keys as JSON Web Keys give them (RFC 7518 6). Numbers
// are big-endian bytes.
#pragma once

#include <string_view>

namespace otaru::base {

// RSASSA-PKCS1-v1_5 with SHA-256 (RS256). False for anything that is not right, also for a key of
// fewer than 2048 bits.
bool verify_rs256(std::string_view modulus, std::string_view exponent, std::string_view data,
                  std::string_view signature);
// ECDSA with P-256 and SHA-256 (ES256); x, y and the two halves of the signature have 32 bytes.
bool verify_es256(std::string_view x, std::string_view y, std::string_view data,
                  std::string_view signature);

}  // namespace otaru::base
