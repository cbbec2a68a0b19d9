// SPDX-License-Identifier: Apache-2.0
// The formats' own entry points: each is in the file of its name.
#pragma once

#include "inspect/format.h"

namespace otaru::inspect {

// Binary images
extern const Format kEspIdfApp;  // esp_idf.cc
extern const Format kMcuboot;    // mcuboot.cc
extern const Format kUimage;     // uimage.cc
extern const Format kFit;        // fit.cc: also device trees

// Archives and bundles.
extern const Format kSwupdate;   // swupdate.cc
extern const Format kMender;     // mender.cc
extern const Format kRauc;       // rauc.cc
extern const Format kRaucCrypt;  // rauc.cc: the last of all, its sign is weak

}  // namespace otaru::inspect
