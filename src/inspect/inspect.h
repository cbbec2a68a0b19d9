// SPDX-License-Identifier: Apache-2.0
// "The file describes itself": format, product, version, hardware, checksums, read from the bytes,
// each with the place where it stands.
//
//   FileSource source(file);
//   OTARU_TRY(findings, inspect(source));
//   show(findings.title, findings.get(FactName::version), to_json(findings));
//
// Any bytes give findings (kind "raw" at worst) within the limits kInspect... of base/limits.h; an
// error is one of reading. Blocks: not for I/O threads. Threads: any, one source each.
#pragma once

#include "inspect/findings.h"
#include "inspect/source.h"

namespace otaru::inspect {

base::Result<Findings> inspect(Source& source);

}  // namespace otaru::inspect
