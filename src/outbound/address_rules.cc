// SPDX-License-Identifier: Apache-2.0
#include "outbound/address_rules.h"

#include <algorithm>
#include <cstddef>

namespace otaru::outbound {
namespace {

struct Block4 {
  uint32_t address;
  int bits;
};

// https://www.iana.org/assignments/iana-ipv4-special-registry, and multicast (RFC 5771).
constexpr Block4 kNotPublic4[] = {
    {0x00000000, 8},   // 0.0.0.0/8: this network
    {0x0A000000, 8},   // 10.0.0.0/8: private
    {0x64400000, 10},  // 100.64.0.0/10: shared address space of providers
    {0x7F000000, 8},   // 127.0.0.0/8: this machine
    {0xA9FE0000, 16},  // 169.254.0.0/16: link-local, also the metadata service of clouds
    {0xAC100000, 12},  // 172.16.0.0/12: private
    {0xC0000000, 24},  // 192.0.0.0/24: protocol assignments
    {0xC0000200, 24},  // 192.0.2.0/24: documentation
    {0xC0586300, 24},  // 192.88.99.0/24: 6to4 relays, withdrawn
    {0xC0A80000, 16},  // 192.168.0.0/16: private
    {0xC6120000, 15},  // 198.18.0.0/15: benchmarks
    {0xC6336400, 24},  // 198.51.100.0/24: documentation
    {0xCB007100, 24},  // 203.0.113.0/24: documentation
    {0xE0000000, 3},   // 224.0.0.0/3: multicast, reserved, broadcast
};

struct Block6 {
  std::array<uint8_t, 6> address;
  size_t bits;
};

// Within 2000::/3, which is all of IPv6 that is given out as public (RFC 4291 2.4 and
// https://www.iana.org/assignments/iana-ipv6-special-registry).
constexpr Block6 kNotPublic6[] = {
    {{0x20, 0x01, 0x00}, 23},        // 2001::/23: protocol assignments, Teredo among them
    {{0x20, 0x01, 0x0d, 0xb8}, 32},  // 2001:db8::/32: documentation
    {{0x3f, 0xff}, 20},              // 3fff::/20: documentation
};

uint32_t ipv4_at(const std::array<uint8_t, 16>& address, size_t from) {
  uint32_t out = 0;
  for (size_t i = 0; i < 4; ++i) out = out << 8 | address[from + i];
  return out;
}

bool starts_with(const std::array<uint8_t, 16>& address, const Block6& block) {
  for (size_t bit = 0; bit < block.bits; ++bit) {
    const unsigned mask = 0x80u >> (bit % 8);
    if (((address[bit / 8] ^ block.address[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

}  // namespace

bool is_public(uint32_t ipv4) {
  return std::none_of(std::begin(kNotPublic4), std::end(kNotPublic4), [&](const Block4& block) {
    const uint32_t mask = ~uint32_t{0} << (32 - block.bits);
    return (ipv4 & mask) == block.address;
  });
}

bool is_public(const std::array<uint8_t, 16>& ipv6) {
  // Forms that carry an IPv4 address are judged by it: a translator would deliver there.
  constexpr std::array<uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr std::array<uint8_t, 12> kTranslated{0, 0x64, 0xff, 0x9b};  // RFC 6052
  if (std::equal(kMapped.begin(), kMapped.end(), ipv6.begin()) ||
      std::equal(kTranslated.begin(), kTranslated.end(), ipv6.begin())) {
    return is_public(ipv4_at(ipv6, 12));
  }
  if (ipv6[0] == 0x20 && ipv6[1] == 0x02) return is_public(ipv4_at(ipv6, 2));  // 6to4, RFC 3056
  if ((ipv6[0] & 0xe0) != 0x20) return false;
  return std::none_of(std::begin(kNotPublic6), std::end(kNotPublic6),
                      [&](const Block6& block) { return starts_with(ipv6, block); });
}

}  // namespace otaru::outbound
