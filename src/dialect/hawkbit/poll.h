// SPDX-License-Identifier: Apache-2.0
// One poll: the decision for every product that concerns the device, and the one thing of it that
// the device is told to do.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/hawkbit/actions.h"
#include "dialect/hawkbit/handler.h"

namespace otaru::dialect::hawkbit {

class Poll {
 public:
  // What it refers to must outlive it.
  explicit Poll(const Visit& visit) : visit_(visit), gateway_(visit.gateway) {}

  base::Status ask();

  // After ask(). What the device has to stop, goes on with or begins, is to confirm; at most one of
  // them, in this order. Refer to the device as it is now.
  std::optional<Action> to_stop() const;
  std::optional<Action> to_install() const;
  std::optional<Action> to_confirm() const;
  std::optional<Action> installed() const;  // the newest that went well

  // How long it is worth sleeping: where it is known when to ask again, no longer than that.
  int64_t sleep_s() const;
  // There is, or will be, something for it, only not now.
  bool waits() const { return retry_at_.has_value(); }

 private:
  void note(const app::CheckResult& found);
  std::optional<Action> best_of(const std::vector<domain::TaskId>& tasks) const;
  const domain::Device& device() const { return gateway_.describe(visit_.device); }

  const Visit& visit_;
  app::DeviceGateway& gateway_;
  std::vector<domain::TaskId> offered_;
  std::vector<domain::TaskId> asked_;
  std::optional<base::Time> retry_at_;
};

}  // namespace otaru::dialect::hawkbit
