// SPDX-License-Identifier: Apache-2.0
// The description of rows (app/ports/fields.h) under the names that the visitors here call.
#pragma once

#include "app/ports/fields.h"

namespace otaru::store {

using app::fields;
using app::parse_word;
using app::word_of;

}  // namespace otaru::store
