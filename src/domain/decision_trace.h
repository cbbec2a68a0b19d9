// SPDX-License-Identifier: Apache-2.0
// Internal to domain: writes the trace if one is wanted. Details are made by a function that is
// only called then, so that a plain check builds no text.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "domain/decide.h"

namespace otaru::domain {

class DecisionTrace {
 public:
  explicit DecisionTrace(Trace* trace) : trace_(trace) {}

  template <class Detail>
  bool step(DeploymentId deployment, std::string_view rule, bool passed, Detail detail) const {
    if (trace_ != nullptr) {
      trace_->push_back(TraceStep{deployment, std::string(rule), passed, detail()});
    }
    return passed;
  }
  // For what would cost something to find out.
  bool wanted() const { return trace_ != nullptr; }
  // What was looked at only to explain a silence is not part of the reasoning.
  static DecisionTrace silent() { return DecisionTrace(nullptr); }

 private:
  Trace* trace_;
};

// A reported version for people.
inline std::string shown_version(std::string_view version) {
  return version.empty() ? std::string("(none)") : std::string(version);
}

}  // namespace otaru::domain
