// SPDX-License-Identifier: Apache-2.0
// A simulated device: speaks one dialect byte for byte, the way real firmware does, over whatever
// carries bytes. Used by `otaru demo`, `otaru device simulate`, the simulation, end-to-end tests
// and benchmarks. Deterministic: time and randomness come in as parameters.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"

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
  // "check", "offer", "download", "verify", "install", "report", "idle", "error"
  std::string step;
  std::string detail;  // human readable
};

struct SimIdentity {
  std::string key;        // dev_id, guid, robot_id
  std::string host;       // for the Host header
  // Protocol-specific words: "manuf", "model", "product", "feature", "access_key", "pid",
  // "client_id" ... each dialect's README lists its keys.
  std::vector<std::pair<std::string, std::string>> words;
  const std::string& word(std::string_view name) const;  // "" if absent
};

class SimDevice {
 public:
  virtual ~SimDevice();
  // One step of the device's life: at most one HTTP exchange. Returns true while an update is under
  // way, false when there is nothing to do until the next poll.
  virtual bool step(const Transport& transport, base::Time now, base::Random& random,
                    std::vector<SimEvent>& events) = 0;
  virtual std::string running_version() const = 0;
  // Hex SHA-256 of the image that is running after an install ("" before the first one).
  virtual std::string running_image_sha256() const = 0;
};

}  // namespace otaru::dialect
