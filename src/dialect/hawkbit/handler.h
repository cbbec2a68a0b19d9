// SPDX-License-Identifier: Apache-2.0
// What a device asks and reports, as gateway verbs. No HTTP heads here.
//
// Errors: not_found (nothing of that kind concerns this device), gone (the action is over),
// exhausted (too many messages), invalid, and what the gateway answers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/device_gateway.h"
#include "base/result.h"
#include "dialect/hawkbit/codec.h"
#include "domain/door.h"

namespace otaru::dialect::hawkbit {

domain::CheckDefaults check_defaults();

// One request of a device that was let in.
struct Visit {
  app::DeviceGateway& gateway;
  app::DeviceRef device;
  std::string root;  // "https://host/TENANT/controller/v1/ID": what links begin with
  int64_t polling_s = 0;
};

// The bodies of GETs.
base::Result<std::string> answer_poll(const Visit& visit);
// `messages_max`: of actionHistory; negative: all that are kept.
base::Result<std::string> answer_deployment(const Visit& visit, std::string_view action,
                                            int64_t messages_max);
base::Result<std::string> answer_installed(const Visit& visit, std::string_view action,
                                           int64_t messages_max);
base::Result<std::string> answer_cancel(const Visit& visit, std::string_view action);
base::Result<std::string> answer_confirmation_base(const Visit& visit);
base::Result<std::string> answer_confirmation(const Visit& visit, std::string_view action);
base::Result<std::string> answer_artifacts(const Visit& visit, std::string_view module);

enum class Purpose { look, fetch };
// The file of a module that an action of this device names. To fetch it begins the download.
base::Result<const domain::Package*> find_artifact(const Visit& visit, std::string_view module,
                                                   std::string_view file_name, Purpose purpose);

// PUT and POST (feedback.cc).
base::Status take_config_data(const Visit& visit, const ConfigData& said);
base::Status take_feedback(const Visit& visit, std::string_view action, const Feedback& said);
base::Status take_cancel_feedback(const Visit& visit, std::string_view action,
                                  const Feedback& said);
base::Status take_confirmation(const Visit& visit, std::string_view action,
                               const Confirmation& said);
base::Status activate_auto_confirm(const Visit& visit, const AutoConfirm& said);
base::Status deactivate_auto_confirm(const Visit& visit);

// Whether the device is to be asked for its attributes: until it has sent them, and again whenever
// an operator changes its attribute kAskConfigData.
inline constexpr std::string_view kAskConfigData = "ask_config_data";
// What it sent them for, as a reported attribute.
inline constexpr std::string_view kConfigDataSent = "config_data";
std::string_view config_data_wanted(const domain::Device& device);
bool config_data_missing(const domain::Device& device);

// What a poll asks about (domain/door.h).
std::vector<domain::Component> asked_components(const Visit& visit);

}  // namespace otaru::dialect::hawkbit
