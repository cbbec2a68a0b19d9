// SPDX-License-Identifier: Apache-2.0
// Whether the person or application behind a device lets an update go on. A pure function of what
// the deployment asks for, what the device chose, and what was said of its task.
//
//  1. A forced deployment asks nobody.
//  2. A task that is under way (downloading, upgrading, paused) is not stopped halfway.
//  3. A device that opted out gets nothing.
//  4. Postponed: nothing until then.
//  5. "No" to this deployment holds until the device's choice is set anew; a later deployment is a
//     new question.
//  6. A device that agrees to everything beforehand gets it, and so does one that is not asked:
//     its choice is `ask`, or unset and the deployment asks.
//  7. "Yes" is that a task waits no longer; until then somebody has to agree.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "domain/deployment.h"
#include "domain/device.h"

namespace otaru::domain {

enum class ConsentVerdict { goes, needed, postponed, refused };

struct ConsentAnswer {
  ConsentVerdict verdict = ConsentVerdict::goes;
  std::optional<base::Time> until;  // postponed: worth asking again then
};

// Task::result of a task that was cancelled because somebody said no.
inline constexpr std::string_view kConsentRefused = "consent_refused";

// Task::result of a task that still waits although somebody said yes: for a place of the rate.
inline constexpr std::string_view kConsentGiven = "consent_given";

// Task::result of a task that was cancelled or expired, once its device said that it stopped.
inline constexpr std::string_view kEndAcknowledged = "acknowledged";
// Whether the device of an ended task has nothing left to stop: it said so, or it was the one (or
// somebody behind it) that refused.
bool end_acknowledged(const Task& task);
// The result of that task from then on.
std::string acknowledged_result(const Task& task);

// `open_task`: of the component in question, whichever deployment it belongs to; nullptr: none.
// Allocates nothing.
ConsentAnswer consent_of(const Deployment& deployment, const Device& device, const Task* open_task,
                         base::Time now);
// "the deployment asks; the device chose automatic (app, 2026-05-01T12:00:00.000Z)", for the trace.
std::string consent_text(const Deployment& deployment, const Device& device);

}  // namespace otaru::domain
