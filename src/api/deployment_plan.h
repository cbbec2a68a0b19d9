// SPDX-License-Identifier: Apache-2.0
// Internal to api: what a deployment says, as JSON. What is written can be read again and means the
// same: shares are percent, times are seconds, windows are texts, groups are names.
#pragma once

#include "api/call.h"
#include "app/deployment_change.h"

namespace otaru::api {

// The members that operators set; into an object that is open.
void write_plan(base::JsonWriter& out, const Call& call, const domain::Deployment& row);
// The same members, and the lists `devices` and `excluded_devices`.
app::DeploymentChange read_plan(Fields& fields);

void write_requirements(base::JsonWriter& out,
                        const std::vector<domain::Requirement>& requirements);
std::optional<std::vector<domain::Requirement>> read_requirements(Fields& fields);

}  // namespace otaru::api
