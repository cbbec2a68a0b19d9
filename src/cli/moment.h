// SPDX-License-Identifier: Apache-2.0
// A time on the command line.
#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"

namespace otaru::cli {

// "2026-05-01T12:00:00Z", "+90m", "+2h", "+3d" (from now). Code::invalid says what is allowed.
base::Result<base::Time> parse_moment(const std::string& text, base::Time now);

}  // namespace otaru::cli
