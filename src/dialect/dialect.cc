// SPDX-License-Identifier: Apache-2.0
#include "dialect/dialect.h"

namespace otaru::dialect {

Dialect::~Dialect() = default;

http::BodyMode Dialect::body_mode(const Route&, const http::Request&) const {
  return http::BodyMode::buffer;
}

}  // namespace otaru::dialect
