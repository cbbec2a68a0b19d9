// SPDX-License-Identifier: Apache-2.0
// The answer to a request that made something and carried an Idempotency-Key. The row is written in
// the transaction of what was made; the answer follows when it is known.
#pragma once

#include <string>

#include "base/time.h"

namespace otaru::app {

struct KeptAnswer {
  std::string key;          // who asked, and the key they gave
  std::string fingerprint;  // SHA-256 of the request, hex
  std::string subject;      // id or key of what was made; empty when it is not one row
  std::string sealed;       // the answer, sealed: it may show a secret; empty while it is not known
  base::Time at;
  friend bool operator==(const KeptAnswer&, const KeptAnswer&) = default;
};

}  // namespace otaru::app
