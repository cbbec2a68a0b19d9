// SPDX-License-Identifier: Apache-2.0
#include "dialect/sim_device.h"

#include <algorithm>
#include <optional>

#include "base/encoding.h"

namespace otaru::dialect {
namespace {

// A server that asks for more than a week is not believed.
constexpr int64_t kWaitSecondsMax = 7 * 24 * 3600;

// Seconds only: small devices do not read dates.
std::optional<int64_t> seconds_to_wait(const WireReply& reply) {
  const std::string* text = reply.header("Retry-After");
  const auto seconds = text == nullptr ? std::nullopt : base::parse_int(*text);
  if (!seconds || *seconds < 0) return std::nullopt;
  return std::min(*seconds, kWaitSecondsMax);
}

}  // namespace

SimDevice::~SimDevice() = default;

bool SimDevice::step(const Transport& transport, base::Time now, base::Random& random,
                     std::vector<SimEvent>& events) {
  if (silent_) return false;
  const bool obeys = identity_.conduct == nullptr || identity_.conduct->obeys_waits;
  if (obeys && now < not_before_) return false;
  const Transport heeded = [&](const std::string& bytes) {
    auto reply = transport(bytes);
    if (reply) {
      if (const auto seconds = seconds_to_wait(*reply)) {
        wait_until(now + *seconds * base::kSecondMs);
      }
    }
    return reply;
  };
  return act(heeded, now, random, events);
}

SimOutcome SimDevice::outcome_of(std::string_view version, base::Random& random) const {
  if (identity_.conduct == nullptr || !identity_.conduct->install) return {};
  return identity_.conduct->install(identity_.key, version, random);
}

bool SimDevice::fall_silent(std::string_view version, std::vector<SimEvent>& events) {
  silent_ = true;
  events.push_back({"silent", "with " + std::string(version)});
  return false;
}

SimPhase phase_of(domain::FailureClass failure) {
  using domain::FailureClass;
  switch (failure) {
    case FailureClass::none:
    case FailureClass::download:
    case FailureClass::space:
    case FailureClass::memory:
    case FailureClass::power:
    case FailureClass::signal:
    case FailureClass::timeout:
      return SimPhase::before_download;
    case FailureClass::verification:
    case FailureClass::version:
    case FailureClass::hardware:
    case FailureClass::retries:
    case FailureClass::expired:
      return SimPhase::after_download;
    case FailureClass::boot:
    case FailureClass::unknown:
      return SimPhase::after_install;
  }
  return SimPhase::after_install;
}

std::string_view name_of(SimFate fate) {
  switch (fate) {
    case SimFate::good:
      return "good";
    case SimFate::fails:
      return "fails";
    case SimFate::dies:
      return "dies";
    case SimFate::vanishes:
      return "vanishes";
    case SimFate::unwell:
      return "unwell";
    case SimFate::declines:
      return "declines";
  }
  return "good";
}

base::Result<SimFate> parse_sim_fate(std::string_view text) {
  std::string known;
  for (const SimFate fate : {SimFate::good, SimFate::fails, SimFate::dies, SimFate::vanishes,
                             SimFate::unwell, SimFate::declines}) {
    if (name_of(fate) == text) return fate;
    known += known.empty() ? "" : ", ";
    known += name_of(fate);
  }
  return base::fail(base::Code::invalid, "'" + std::string(text) + "' is none of: " + known);
}

const std::string* WireReply::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (base::iequals(key, name)) return &value;
  }
  return nullptr;
}

const std::string& SimIdentity::word(std::string_view name) const {
  static const std::string kNone;
  for (const auto& [word_name, value] : words) {
    if (word_name == name) return value;
  }
  if (shared_words != nullptr) {
    for (const auto& [word_name, value] : *shared_words) {
      if (word_name == name) return value;
    }
  }
  return kNone;
}

}  // namespace otaru::dialect
