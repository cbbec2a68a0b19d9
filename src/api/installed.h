// SPDX-License-Identifier: Apache-2.0
// Internal to api: which devices run a release already, for whoever takes it back.
#pragma once

#include "api/call.h"

namespace otaru::api {

// The member "installed": devices of which a component reports the release's product and version,
// open tasks that lead to the release, whether all were counted, and the list of the devices.
// Looks at so many rows as a limit allows; what cannot be read is not counted, and it says so: the
// caller's change is done by then.
void installed_member(base::JsonWriter& out, const Call& call, const domain::Release& release);

}  // namespace otaru::api
