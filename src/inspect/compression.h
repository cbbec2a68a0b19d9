// SPDX-License-Identifier: Apache-2.0
// Whether something is compressed, how, and what that costs in deltas.
#pragma once

#include <string_view>

#include "base/result.h"
#include "inspect/findings.h"
#include "inspect/reader.h"

namespace otaru::inspect {

// By the first bytes (32 are enough).
Compression detect_compression(std::string_view head);

// Shannon entropy in bits per byte: 0 to 8; 0 for nothing.
double entropy(std::string_view bytes);

// Fills in compression and entropy of a payload from samples of its bytes.
base::Status sample(const Reader& reader, Payload& payload);

// Adds the payload, and a note when a change of its source would change most of its bytes.
// `what` for people: "kernel". Formats that know the compression better than its first bytes do
// set it beforehand.
void add_payload(Findings& findings, Payload payload, std::string_view what);

}  // namespace otaru::inspect
