// SPDX-License-Identifier: Apache-2.0
// Internal to domain: what must hold of the rows before a snapshot may be built from them.
#pragma once

#include "domain/catalogue.h"

namespace otaru::domain {

// Code::invalid naming the row; Code::exhausted or too_large naming the limit.
base::Status check_rows(const CatalogueRows& rows);

}  // namespace otaru::domain
