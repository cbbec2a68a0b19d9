// SPDX-License-Identifier: Apache-2.0
// Which addresses are the public internet, by the registries of special-purpose addresses (RFC 6890
// and what IANA has added to it since). Everything else leads to this machine, to its network or to
// nobody. Pure.
#pragma once

#include <array>
#include <cstdint>

namespace otaru::outbound {

bool is_public(uint32_t ipv4);  // host byte order
bool is_public(const std::array<uint8_t, 16>& ipv6);

}  // namespace otaru::outbound
