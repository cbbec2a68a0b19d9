// SPDX-License-Identifier: Apache-2.0
// The bytes of the Direct Device Integration API and what they mean. Pure. Source: Eclipse hawkBit,
// "Direct Device Integration API", resources ROOT CONTROLLER and CONFIRMATION BASE; the names of
// members are its own.
//
// Readers answer Code::invalid for what is no such message and never repeat its text. They take
// control characters inside strings, and a feedback whose `details` break the JSON: SWUpdate puts
// the raw output of a failed script there, and a device whose report is refused repeats it for
// ever.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/result.h"

namespace otaru::dialect::hawkbit {

// --- What devices send --------------------------------------------------------------------------

enum class UpdateMode { merge, replace, remove };

// PUT configData. Values that are numbers or truth values are taken as their text. Also too many
// attributes, or too long ones: Code::too_large.
struct ConfigData {
  UpdateMode mode = UpdateMode::merge;
  std::vector<std::pair<std::string, std::string>> data;
};
base::Result<ConfigData> read_config_data(std::string_view body);

enum class Execution {
  closed,
  proceeding,
  canceled,
  scheduled,
  rejected,
  resumed,
  downloaded,
  download,
};
enum class Finished { success, failure, none };

// POST .../feedback of deploymentBase and cancelAction.
struct Feedback {
  Execution execution = Execution::proceeding;
  Finished finished = Finished::none;
  std::optional<int64_t> count;      // progress: so many ...
  std::optional<int64_t> of;         // ... of so many
  std::optional<int64_t> code;       // the device's own
  std::vector<std::string> details;  // at most kHawkbitDetailsMax; of more the last ones
};
base::Result<Feedback> read_feedback(std::string_view body);

// POST confirmationBase/{actionId}/feedback.
struct Confirmation {
  bool confirmed = false;
  std::vector<std::string> details;
};
base::Result<Confirmation> read_confirmation(std::string_view body);

// POST confirmationBase/activateAutoConfirm; an empty body says nothing of either.
struct AutoConfirm {
  std::string initiator;
  std::string remark;
};
base::Result<AutoConfirm> read_auto_confirm(std::string_view body);

// The details as one line of history, the code in front; when they are too long, lines that say
// ERROR first.
std::string words_of(const Feedback& feedback);

// The path segments of a tenant and the others come percent-encoded: the plain text, or
// nothing when the escapes are broken or it has characters that no identity can have.
std::optional<std::string> read_segment(std::string_view segment);

std::string_view name_of(Execution v);
std::string_view name_of(Finished v);

// --- What devices get ---------------------------------------------------------------------------

struct Link {
  std::string_view rel;
  std::string href;
};
// GET /{tenant}/controller/v1/{controllerId}. `sleep`: base/duration.h; SWUpdate 2022.12 reads the
// time of a clock only.
std::string render_poll(std::string_view sleep, std::span<const Link> links);

struct Artifact {
  std::string_view file_name;
  int64_t size_bytes = 0;
  const base::Digests* digests = nullptr;
  std::string href;  // of the file; that of its checksum is the same and ".MD5SUM"
};
struct Chunk {
  std::string_view part;
  std::string_view version;
  std::string_view name;
  std::vector<Artifact> artifacts;
};
struct ActionAnswer {
  std::string_view kind = "deployment";  // or "confirmation"
  std::string id;
  std::string_view download;  // skip, attempt, forced
  std::string_view update;
  std::string_view window;  // available, unavailable; empty: the deployment has no window
  std::vector<Chunk> chunks;
  std::string_view status;            // of actionHistory
  std::vector<std::string> messages;  // newest first; none: there is no actionHistory
};
// GET deploymentBase/{actionId}, installedBase/{actionId} and confirmationBase/{actionId}
std::string render_action(const ActionAnswer& answer);
// GET softwaremodules/{id}/artifacts
std::string render_artifacts(std::span<const Artifact> artifacts);
// GET cancelAction/{actionId}
std::string render_cancel(std::string_view action);

struct AutoConfirmState {
  bool active = false;
  std::string_view initiator;
  int64_t activated_at_ms = 0;
};
// GET confirmationBase
std::string render_confirmation_base(const AutoConfirmState& state, std::span<const Link> links);

// GET .../{fileName}.MD5SUM: a line for md5sum(1).
std::string render_md5sum(std::string_view md5, std::string_view file_name);
// The body of every refusal but 401.
std::string render_error(std::string_view code, std::string_view message);

}  // namespace otaru::dialect::hawkbit
