// SPDX-License-Identifier: Apache-2.0
// Whether what a file says about itself fits the product and release it was uploaded for. Pure: the
// catalogue's values come in as plain text.
//
//   for (const auto& mismatch : mismatches(findings, {"gateway", "gateway-a", "1.0", "2.1.0"}))
//     if (mismatch.weight == Weight::refuse) refuse(mismatch.field, mismatch.sentence,
//     mismatch.remedy);
//
// A format refuses only by what its maker wrote for exactly this purpose: the version of a bundle,
// the devices of an artifact. The name of a kernel or a chip's number is mentioned at most. Texts
// are the same without regard to case and a leading "v"; "release-2.1.0" is version 2.1.0 as well,
// since Mender and others have names where others have versions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "inspect/findings.h"

namespace otaru::inspect {

// Empty: not known, and nothing is held against it.
struct Expected {
  std::string_view product;           // its name
  std::string_view model;             //
  std::string_view hardware_version;  //
  std::string_view version;           // of the release
  std::string_view base_version{};    // of a delta; empty for a full package
};

enum class Weight {
  refuse,   // it is another product's, version's or device's
  mention,  // an operator may want to look
};

struct Mismatch {
  Weight weight = Weight::refuse;
  std::string field;     // "version", "base_version", "hardware"
  std::string sentence;  // what the file says, where, and what was expected
  std::string remedy;
  Evidence evidence;
};

std::vector<Mismatch> mismatches(const Findings& findings, const Expected& expected);

// Whether a file's version is the release's.
bool same_version(std::string_view of_file, std::string_view of_release);

}  // namespace otaru::inspect
