// SPDX-License-Identifier: Apache-2.0
// For tests: a world with the rows of the vendor document's samples and what the other cases need.
#pragma once

#include <memory>

#include "dialect/ubtech/ubtech.h"
#include "tests/support/world.h"

namespace otaru::dialect::ubtech {

// Products, in tenant "default" if not said otherwise:
//   com.ubtechinc.alpha2services service5mic: versions 17 and 18, language CN, each as a delta
//     (6 -> 17 -> 18), packages 23 and 25; for everyone.
//   com.ubtechinc.full main: version 2.0, robot_version 2, one full package 31; for everyone.
//   com.ubtechinc.listed main: version 9, full package 32; for robot "listed-1" only.
//   com.ubtechinc.idle main: nothing deployed.
//   com.ubtechinc.foreign main: tenant "other".
// Clients: mobile_1/secret_1, brief_1/secret_2 (no refresh, scope read, 60 s), other_1/secret_3 (of
// tenant "other"). Users: aa/aa, locked/aa, off/aa, foreign/aa (of tenant "other").
// Devices: "blocked-1" is blocked.
std::unique_ptr<tests::World> make_seed_world(const UbtechConfig& config = {});

inline constexpr std::string_view kPatch17 = "patch from 6 to 17\n";
inline constexpr std::string_view kPatch18 = "patch from 17 to 18\n";

}  // namespace otaru::dialect::ubtech
