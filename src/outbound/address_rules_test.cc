// SPDX-License-Identifier: Apache-2.0
#include "outbound/address_rules.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace otaru::outbound {
namespace {

bool public4(const char* text) {
  in_addr address{};
  EXPECT_EQ(::inet_pton(AF_INET, text, &address), 1) << text;
  return is_public(ntohl(address.s_addr));
}

bool public6(const char* text) {
  std::array<uint8_t, 16> address{};
  EXPECT_EQ(::inet_pton(AF_INET6, text, address.data()), 1) << text;
  return is_public(address);
}

TEST(AddressRules, IPv4) {
  for (const char* text :
       {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
        "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255"}) {
    EXPECT_TRUE(public4(text)) << text;
  }
  for (const char* text :
       {"0.0.0.0", "10.0.0.1", "10.255.255.255", "100.64.0.1", "127.0.0.1", "127.255.255.255",
        "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.7", "192.168.0.1",
        "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255"}) {
    EXPECT_FALSE(public4(text)) << text;
  }
}

TEST(AddressRules, IPv6) {
  for (const char* text : {"2606:4700::1111", "2a00:1450::1", "2001:4860:4860::8888",
                           "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::1"}) {
    EXPECT_TRUE(public6(text)) << text;
  }
  for (const char* text :
       {"::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1",
        "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::1", "2002:a00:1::1",
        "3fff::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1"}) {
    EXPECT_FALSE(public6(text)) << text;
  }
}

}  // namespace
}  // namespace otaru::outbound
