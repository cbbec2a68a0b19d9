// SPDX-License-Identifier: Apache-2.0
// The strong ids of the domain. Catalogue ids are small consecutive numbers. Device and task ids
// carry their bucket in the low byte (base/ids.h) and stay below 2^31 for tasks, because DDI
// clients keep an action id in a signed 32-bit integer.
#pragma once

#include "base/ids.h"

namespace otaru::domain {

using TenantId = base::Id<struct TenantTag>;
using ProductId = base::Id<struct ProductTag>;
using ReleaseId = base::Id<struct ReleaseTag>;
using PackageId = base::Id<struct PackageTag>;
using KitId = base::Id<struct KitTag>;
using KitItemId = base::Id<struct KitItemTag>;
using DeploymentId = base::Id<struct DeploymentTag>;
using CredentialId = base::Id<struct CredentialTag>;
using UserId = base::Id<struct UserTag>;
using DeviceId = base::Id<struct DeviceTag>;
using GroupId = base::Id<struct GroupTag>;
using TaskId = base::Id<struct TaskTag>;

inline constexpr TenantId kDefaultTenant{1};

}  // namespace otaru::domain
