// SPDX-License-Identifier: Apache-2.0
// Internal to domain: the values that sentences about a decision are made of, in both languages.
#pragma once

#include <string>
#include <string_view>

#include "domain/decide.h"

namespace otaru::domain {

class ExplainWords {
 public:
  ExplainWords(const Snapshot& snapshot, const Device& device, const CheckIn& check_in,
               const Decision& decision, std::string_view language)
      : snapshot_(snapshot),
        device_(device),
        check_in_(check_in),
        decision_(decision),
        chinese_(language.substr(0, 2) == "zh") {}

  const Snapshot& snapshot() const { return snapshot_; }
  const Device& device() const { return device_; }
  const CheckIn& check_in() const { return check_in_; }
  const Decision& decision() const { return decision_; }

  std::string say(std::string english, std::string chinese) const {
    return chinese_ ? std::move(chinese) : std::move(english);
  }
  std::string quoted(std::string_view text) const;
  std::string version(std::string_view text) const;  // reported: may be empty
  std::string running() const { return version(check_in_.version); }
  std::string product() const;
  std::string product(ProductId id) const;
  std::string deployment() const { return deployment(decision_.deployment); }
  std::string deployment(DeploymentId id) const;
  std::string release() const { return release(decision_.release); }
  std::string release(ReleaseId id) const;
  // "Deployment 'spring' has 2.0, but "
  std::string holds() const;

  const CompiledDeployment* compiled() const { return snapshot_.deployment(decision_.deployment); }
  const Deployment& row() const;  // an empty one if there is none

  // On the clock of the device: "Sun 2026-03-29 03:10 +02:00".
  std::string when(base::Time t) const;
  std::string when() const;  // decision().retry_at; "a later check" without one
  std::string zone() const;  // whose clock that is: "Asia/Shanghai (reported by the device)"

  static std::string grouped(int64_t number);     // 4711 -> "4 711"
  static std::string percent(int64_t share_ppm);  // 125'000 -> "12.5 %"
  std::string duration(int64_t ms) const;         // "24 h", "90 min", "45 s"
  std::string list(const std::vector<std::string>& texts) const;

 private:
  const Snapshot& snapshot_;
  const Device& device_;
  const CheckIn& check_in_;
  const Decision& decision_;
  bool chinese_;
};

// Whether a deployment that says this would serve the device, if not at this moment.
bool serves_later(Reason reason);

// Reasons of the rules that only say whom and when: not_started, not_in_audience, not_in_wave.
std::string explain_audience(const ExplainWords& words);
// Reasons of a deployment that would serve the device, but not now, or not with this release.
std::string explain_wait(const ExplainWords& words);

}  // namespace otaru::domain
