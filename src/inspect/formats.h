// SPDX-License-Identifier: Apache-2.0
// The formats' own entry points: each is in the file of its name.
#pragma once

#include "inspect/format.h"

namespace otaru::inspect {

extern const Format kEspIdfApp;  // esp_idf.cc

}  // namespace otaru::inspect
