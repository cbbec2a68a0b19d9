// SPDX-License-Identifier: Apache-2.0
// `otaru audit export` and `otaru audit verify`: more than one request, and none at all.
#pragma once

#include <string>

#include "cli/command.h"

namespace otaru::cli {

// Writes the whole chain, line by line, to a file or (empty) to standard output, and verifies it on
// the way. A file appears when it is whole.
int audit_export(const std::string& file, Session& session);

struct AuditVerifyArgs {
  std::string file;
  std::string head;   // SEQUENCE:HASH that must be in it; empty: none
  std::string after;  // the same, of the entry before the first line; empty: it begins at 1
};
// Needs no server. kExitRefused when something is wrong, with what and where.
int audit_verify(const AuditVerifyArgs& args, bool json);

}  // namespace otaru::cli
