// SPDX-License-Identifier: Apache-2.0
// Packages of Linux distributions that come inside of other archives.
#pragma once

#include "inspect/archive.h"
#include "inspect/findings.h"

namespace otaru::inspect {

// The members of a .deb or .ipk, whose outer archive (ar or tar) has been opened; `in_file`: its
// offsets are offsets in the file.
base::Status read_debian_members(Archive& archive, Budget& budget, bool in_file,
                                 Findings& findings);

}  // namespace otaru::inspect
