// SPDX-License-Identifier: Apache-2.0
// The way from a hawkBit to an Otaru, phase by phase: what is read here, what is written there,
// what is told of the rest. The state is saved behind every thing that took effect. One thread.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "cli/hawkbit/management.h"
#include "cli/hawkbit/mapping.h"
#include "cli/hawkbit/otaru_side.h"
#include "cli/hawkbit/state.h"

namespace otaru::cli::hawkbit {

struct ImportOptions {
  bool dry_run = false;
  bool draft = false;
  std::string state_file;  // empty: none is kept (a dry run)
  std::string files;       // folder for artifacts on their way
  std::vector<Phase> skipped;
};

class Importer {
 public:
  // All outlive it.
  Importer(Management& hawkbit, OtaruSide& otaru, State& state, Report& report,
           const ImportOptions& options, const Session& session)
      : hawkbit_(hawkbit),
        otaru_(otaru),
        state_(state),
        report_(report),
        options_(options),
        session_(session) {}

  // From where the state is to the end.
  base::Status run();

 private:
  // --- Everywhere (importer.cc) -----------------------------------------------------------------
  base::Status run_phase(Phase phase);
  Counts& count(Kind kind) { return state_.tally[static_cast<size_t>(kind)]; }
  void not_mapped(Kind kind, std::string_view name, std::string_view reason);
  void done(Kind kind, Done what);
  base::Status save();
  void show(const std::string& line);
  void end_line();
  base::Status others(Kind kind, const std::string& path, const Management::Each& each);

  // --- Catalogue (import_catalogue.cc) ----------------------------------------------------------
  base::Status run_others();
  base::Status run_modules();
  base::Status run_sets();
  base::Status run_filters();
  base::Status run_rollouts();
  base::Status guess_schemes();
  base::Status take_module(const Module& module);
  // Code::conflict ...: why the artifact could not be taken.
  base::Result<Done> take_artifact(const Module& module, const Artifact& artifact,
                                   const Part& part);
  base::Status take_set(DistributionSet set);
  base::Status read_modules_of(DistributionSet& set);
  // The releases a set is made of; an error says why it cannot be a kit.
  base::Result<std::vector<int64_t>> releases_of(const DistributionSet& set);
  base::Status take_filter(const TargetFilter& filter);
  base::Status tell_metadata(Kind kind, const std::string& name, const std::string& path);
  base::Result<std::vector<Artifact>> artifacts_of(int64_t module);
  base::Result<std::vector<Part>> parts_of_module(const Module& module);

  // --- Targets (import_targets.cc) --------------------------------------------------------------
  base::Status run_targets();
  base::Status read_details(const Target& target, TargetDetails& details);
  base::Status read_texts(const Target& target, TargetDetails& details);
  base::Result<std::vector<Part>> parts_of_set(const Target& target, const char* which);
  base::Status read_tags(const std::string& controller_id, std::vector<std::string>& tags);
  base::Status read_page_tags(const Management::Page& page);
  base::Status take_target(const Target& target);
  base::Status flush_devices(int64_t place);

  Management& hawkbit_;
  OtaruSide& otaru_;
  State& state_;
  Report& report_;
  const ImportOptions& options_;
  const Session& session_;
  bool line_shown_ = false;

  std::map<std::pair<std::string, std::string>, SchemeGuess> schemes_;  // by name and type
  std::map<int64_t, std::vector<Part>> parts_;                          // by module; bounded
  std::string devices_;                                                 // lines of the next import
  size_t device_count_ = 0;
  bool tags_by_page_ = false;                          // this hawkBit has no tags of one target
  std::vector<std::pair<int64_t, std::string>> tags_;  // all there are, for that
  std::map<std::string, std::vector<std::string>> page_tags_;  // by target, of one page
};

}  // namespace otaru::cli::hawkbit
