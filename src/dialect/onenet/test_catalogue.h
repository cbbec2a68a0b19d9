// SPDX-License-Identifier: Apache-2.0
// The catalogue that transcripts and tests of this dialect run against. Ids and keys appear in
// testdata/*.http, so they only ever grow.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "dialect/onenet/onenet.h"
#include "domain/catalogue.h"
#include "tests/support/world.h"

namespace otaru::dialect::onenet {

// The key of the test vectors: bytes 0x01 .. 0x20.
inline constexpr std::string_view kTestKey = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
// Of product 456456, in the second tenant: bytes 0x21 .. 0x40.
inline constexpr std::string_view kOtherKey = "ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0A=";
// A device's own key: bytes 0x41 .. 0x60.
inline constexpr std::string_view kDeviceKey = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVpbXF1eX2A=";
inline constexpr int64_t kTestEt = 2524608000;

inline constexpr domain::TenantId kSecondTenant{2};

// Ids of deployments.
inline constexpr domain::DeploymentId kSeedTask{1};    // M5310 -> 1.2, for 6523 alone
inline constexpr domain::DeploymentId kPolicy{2};      // M5311, newest stable, everyone
inline constexpr domain::DeploymentId kSoftPolicy{3};  // ESP32 software, everyone
inline constexpr domain::DeploymentId kDeltaTask{4};   // BC95-G -> 3.1, deltas, for 9001 9002
inline constexpr domain::DeploymentId kNamedTask{5};   // BC26 -> 5.0, for 8001 8002
inline constexpr domain::DeploymentId kLongTask{6};    // BC28 -> the longest version, for 7001

// Files of the packages, so that tests can compare.
std::string seed_file();   // 123 bytes
std::string small_file();  // 22 bytes, the recorded "121.bin"
std::string large_file();  // 100000 bytes

domain::CatalogueRows test_catalogue(const app::Secrets& secrets);

// A world with the catalogue, its blobs, and the dialect.
std::unique_ptr<tests::World> make_test_world(OnenetConfig config = {});

// Authorization of product 123123 with the test key.
std::string test_authorization();

}  // namespace otaru::dialect::onenet
