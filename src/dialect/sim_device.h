// SPDX-License-Identifier: Apache-2.0
// A simulated device: speaks one dialect byte for byte, the way real firmware does, over whatever
// carries bytes. Used by `otaru demo`, `otaru device simulate`, the simulation, end-to-end tests
// and benchmarks. Deterministic: time and randomness come in as parameters.
//
// What is wrong with a device, or with a release, is told by SimConduct:
//
//   auto conduct = std::make_shared<SimConduct>();
//   conduct->install = [](std::string_view key, std::string_view version, base::Random&) {
//     return version == "2.0" ? SimOutcome{SimFate::vanishes, {}} : SimOutcome{};
//   };
//   SimIdentity identity;
//   identity.key = "100001";
//   identity.shared_words = words;  // one list for the whole fleet
//   identity.conduct = conduct;     // and one conduct
//
// A fleet of 100 000 shares words and conduct, so that a resting device costs a few hundred bytes;
// what an update needs is held only while it lasts.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "domain/task.h"

namespace otaru::dialect {

// One HTTP exchange: the raw request bytes to send, and what came back. The transport opens, keeps
// and loses connections as it likes.
struct WireReply {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  const std::string* header(std::string_view name) const;  // case-insensitive; nullptr if absent
};
// Code::unavailable: the network failed; the device cannot know whether the server saw the request.
using Transport = std::function<base::Result<WireReply>(const std::string& request_bytes)>;

// What the device would tell its owner, in order. Also what checkers look at.
struct SimEvent {
  // "check", "offer", "download", "verify", "install", "report", "idle", "error"; and of devices
  // that do not do well: "fail", "decline", "silent", "complain"
  std::string step;
  std::string detail;  // human readable
};

// What becomes of an update on a device.
enum class SimFate : uint8_t {
  good,
  // It goes wrong, at the moment that SimOutcome::failure belongs to (space: before the download;
  // verification: after it; boot: the new image was started, and the old one runs again). The
  // device says so where its protocol has a word for it.
  fails,
  dies,      // while installing: never heard of again, the server does not know what it runs
  vanishes,  // installs it, says that it is done, and is never heard of again
  unwell,    // installs it, says that it is done, and then that it is not well, where it can
  declines,  // its owner does not agree, or it is busy: the offer is left alone until the next poll
};
struct SimOutcome {
  SimFate fate = SimFate::good;
  domain::FailureClass failure = domain::FailureClass::unknown;  // with SimFate::fails
};

// How the devices of a fleet behave. Shared and not changed while they live; any thread.
struct SimConduct {
  // Asked once per offer of a version that the device takes up. Null: everything goes well.
  std::function<SimOutcome(std::string_view key, std::string_view version, base::Random& random)>
      install;
  // Whether the device comes back no earlier than it was told to.
  bool obeys_waits = true;
};

inline constexpr int16_t kSimUnsaid = -32768;
// What the device measures; said, and acted upon, where its protocol has a field for it.
struct SimCondition {
  int16_t signal = kSimUnsaid;
  int16_t battery_percent = kSimUnsaid;
};

using SimWords = std::vector<std::pair<std::string, std::string>>;

struct SimIdentity {
  std::string key;   // dev_id, guid, robot_id
  std::string host;  // for the Host header
  // Protocol-specific words: "manuf", "model", "product", "feature", "access_key", "pid",
  // "client_id" ... each dialect's README lists its keys. Its own words win over shared ones.
  SimWords words;
  std::shared_ptr<const SimWords> shared_words;
  std::shared_ptr<const SimConduct> conduct;  // null: everything goes well, waits are obeyed
  SimCondition condition;
  const std::string& word(std::string_view name) const;  // "" if absent
};

class SimDevice {
 public:
  virtual ~SimDevice();
  // One step of the device's life: at most one HTTP exchange. Returns true while an update is under
  // way, false when there is nothing to do until the next poll. A device that is silent, or was
  // told to come back later, does nothing.
  bool step(const Transport& transport, base::Time now, base::Random& random,
            std::vector<SimEvent>& events);
  virtual std::string running_version() const = 0;
  // Hex SHA-256 of the image that is running after an install ("" before the first one).
  virtual std::string running_image_sha256() const = 0;

  const std::string& key() const { return identity_.key; }
  // Before that moment a poll is of no use: the server, or the task, said so.
  base::Time not_before() const { return not_before_; }
  // Died or vanished: it will never speak again.
  bool silent() const { return silent_; }
  void set_condition(SimCondition condition) { identity_.condition = condition; }

 protected:
  explicit SimDevice(SimIdentity identity) : identity_(std::move(identity)) {}
  virtual bool act(const Transport& transport, base::Time now, base::Random& random,
                   std::vector<SimEvent>& events) = 0;

  SimOutcome outcome_of(std::string_view version, base::Random& random) const;
  void wait_until(base::Time when) { not_before_ = when; }
  // False, as the last step of a life.
  bool fall_silent(std::string_view version, std::vector<SimEvent>& events);

  SimIdentity identity_;

 private:
  base::Time not_before_;
  bool silent_ = false;
};

// Whether a failure of that class shows before any byte is fetched, or with the file complete.
enum class SimPhase : uint8_t { before_download, after_download, after_install };
SimPhase phase_of(domain::FailureClass failure);

// The words of name_of: "good", "fails" ... Code::invalid with the list of them.
std::string_view name_of(SimFate fate);
base::Result<SimFate> parse_sim_fate(std::string_view text);

}  // namespace otaru::dialect
