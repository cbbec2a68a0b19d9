// SPDX-License-Identifier: Apache-2.0
#include "dialect/dialect.h"

namespace otaru::dialect {

Dialect::~Dialect() = default;

}  // namespace otaru::dialect
