// SPDX-License-Identifier: Apache-2.0
// The names under which devices report what conditions, windows and brakes look at, whichever
// protocol they speak: a dialect puts what its messages say under these into Device::reported, in
// these units. What a device never said is unknown, which is not the same as bad.
#pragma once

#include <string_view>

#include "domain/text_map.h"

namespace otaru::domain::facts {

// IANA name or offset (base/time_zone.h).
inline constexpr std::string_view kTimeZone = "time_zone";
// Strength of the radio signal, a whole number, higher is better, as the device's protocol has it:
// dBm, or the steps of its module (GSM 0 to 31). A deployment's signal_min is in the same unit.
inline constexpr std::string_view kSignal = "signal";
// Charge of the battery, 0 to 100. Devices on mains say none, or 100.
inline constexpr std::string_view kBatteryPercent = "battery_percent";
// "true" while power comes from outside.
inline constexpr std::string_view kCharging = "charging";
// Where an update is kept before it is installed, in bytes.
inline constexpr std::string_view kFreeBytes = "free_bytes";
// How it is connected: wifi, ethernet, 2g, 3g, 4g, 5g, nb-iot, lora ...; lower case.
inline constexpr std::string_view kNetwork = "network";
// "healthy" or "unhealthy", by the device's own judgement.
inline constexpr std::string_view kHealth = "health";
inline constexpr std::string_view kHealthy = "healthy";
inline constexpr std::string_view kUnhealthy = "unhealthy";
// Revision of the board, as the product's hw_version is written.
inline constexpr std::string_view kHwVersion = "hw_version";

// What is known under a name: what operators set for the device, else what it reported; empty:
// nothing. Points into the maps.
std::string_view find(const TextMap& attributes, const TextMap& reported, std::string_view name);

}  // namespace otaru::domain::facts
