// SPDX-License-Identifier: Apache-2.0
// The catalogue of the tests: the rows that the vendor's two samples speak of, with their ids,
// versions, times and sizes, and some that they do not. Tests only.
#pragma once

#include <string>
#include <string_view>

#include "dialect/oomi/oomi.h"
#include "domain/catalogue.h"
#include "tests/support/world.h"

namespace otaru::dialect::oomi {

// Products 34 31 30 32 33 19 (the samples), 40 41 42 (first generation), kit 190 with items
// 379-384, deployment 1 "newest published in channel stable" for everyone.
// Accounts: 111 holds permission 79, 222 (access token kBetaToken) 1 and 79.
// The newest OOMI_Cube_APP (V2.1.0.0) and kit 191 are for permission 1 only.
struct Fixture {
  bool download_pair = false;  // a credential of kind download_basic: kDownloadUser
};
inline constexpr std::string_view kBetaToken = "0123456789abcdef0123456789abcdef";
inline constexpr std::string_view kDownloadUser = "Awx0YRuq8LNzrn21";
inline constexpr std::string_view kDownloadPassword = "R37z96hdh53a8oG9A52s";
inline constexpr std::string_view kGuid = "8C26D21152544D3DB8555055D9A949E9";

// The bytes of a package's file: text, different for each package and at each place.
std::string blob_bytes(int64_t package, int64_t size);
// Puts the blobs into the world and makes the rows.
domain::CatalogueRows fixture_rows(tests::World& world, Fixture options = {});
// A world with the catalogue and the dialect.
std::shared_ptr<tests::World> make_world(OomiConfig config = {}, Fixture options = {});

}  // namespace otaru::dialect::oomi
