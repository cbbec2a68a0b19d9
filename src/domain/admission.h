// SPDX-License-Identifier: Apache-2.0
// What decide() has to ask about this very moment: whether a deployment lets another task begin.
// Everything else it knows from the snapshot. Asking changes nothing; whoever gives a task to a
// device reserves its admission (app/rollout_board.h), which may fail although asking said yes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "domain/ids.h"

namespace otaru::domain {

struct Admission {
  // A brake has tripped and the deployment's state is about to follow: nothing goes on.
  bool braked = false;
  // Set: not before then. An estimate where it depends on other devices; never earlier than `now`.
  std::optional<base::Time> retry_at;
  // The limit in the way: "per_minute", "concurrent_max", "bytes_per_second"; else empty. Static.
  std::string_view limit;
};

class Admissions {
 public:
  virtual ~Admissions();
  // `bytes`: of the offer.
  virtual Admission look(DeploymentId deployment, int64_t bytes, base::Time now) const = 0;
};

}  // namespace otaru::domain
