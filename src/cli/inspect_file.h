// SPDX-License-Identifier: Apache-2.0
// `otaru inspect FILE`: what a file says about itself, without any server.
#pragma once

#include <string>

#include "base/result.h"
#include "inspect/findings.h"

namespace otaru::cli {

base::Result<inspect::Findings> findings_of(const std::string& path);
// Where a fact stands, for people.
std::string evidence_text(const inspect::Evidence& evidence);

// Prints; kExitRefused when the file is damaged.
int inspect_file(const std::string& path, bool json);

// The findings as tables for people.
std::string findings_text(const std::string& name, const inspect::Findings& findings);

}  // namespace otaru::cli
