// SPDX-License-Identifier: Apache-2.0
// Tests of domain only: the same decision, written a second time in the most direct way: whole
// lists filtered again and again, versions compared pairwise as texts, every chain of packages
// enumerated. Shares no code with the real one but the rows, place(), and the pure functions of
// windows, conditions and consent, which have tables of their own (window_test.cc,
// conditions_test.cc, consent_test.cc). Of filters it knows the few that property_test.cc writes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/decide.h"

namespace otaru::domain {

class NaiveModel {
 public:
  NaiveModel(const CatalogueRows& rows, const Device& device, const CheckIn& check_in,
             base::Time now, const Admissions* live = nullptr)
      : rows_(rows), device_(device), check_(check_in), now_(now), live_(live) {}

  Decision decide() const;
  // -1, 0, 1; nothing when one of them does not fit the product's scheme.
  std::optional<int> compare(const Product& product, const std::string& a,
                             const std::string& b) const;
  bool may_see(const Package& package) const;
  // Every chain from the reported version to `target` that these rules allow.
  std::vector<std::vector<const Package*>> chains(const Release& target,
                                                  const PlanRules& rules) const;
  // The best of them under the deployment's mode; empty if there is none.
  std::vector<const Package*> best_chain(const Deployment& deployment,
                                         const Release& release) const;
  const Release* release(ReleaseId id) const;
  const Package* package(PackageId id) const;
  const Deployment* deployment(DeploymentId id) const;
  const Product* product() const;

 private:
  struct Answer {
    Reason reason = Reason::no_deployment;
    const Deployment* deployment = nullptr;
    const Release* release = nullptr;
    const Release* final_release = nullptr;
    std::string_view label;
    std::vector<const Package*> chain;
    int64_t wave = 0;
    std::optional<base::Time> retry_at;
    bool holds = false;
  };
  // The rules, each in the words of docs/deployments.md.
  Answer concern(const Deployment& deployment) const;
  Answer newest(const Deployment& deployment, Answer answer) const;
  Answer fixed(const Deployment& deployment, Answer answer) const;
  Answer settle(const Deployment& deployment, const Release& wanted, Answer answer) const;
  Answer finish(const Deployment& deployment, const Release& release, Answer answer) const;
  Answer hold(Answer answer) const;
  void hold_of(const Deployment& deployment, int64_t bytes, Answer& answer) const;
  Answer best_answer() const;
  bool started(const Deployment& deployment) const;
  bool over(const Deployment& deployment) const;
  bool filter_holds(const std::string& text) const;
  bool in_group(GroupId id) const;
  bool in_one_of(const std::vector<GroupId>& groups) const;
  bool is_member(const Deployment& deployment) const;
  bool in_audience(const Deployment& deployment) const;
  bool from_fits(const Deployment& deployment) const;
  bool at_a_stone_of(const Deployment& deployment) const;
  std::optional<size_t> wave_of(const Deployment& deployment) const;
  bool taken_back(const Release& release) const;
  const Release* leads_to(const Deployment& deployment) const;
  bool concerns(const Deployment& deployment) const;
  const KitItem* item_of(const Deployment& deployment) const;
  const Requirement* missing(const std::vector<Requirement>& list) const;
  std::optional<std::string_view> comes_first(const Deployment& deployment) const;
  std::vector<const Deployment*> deployments(bool paused) const;
  const std::vector<const Release*>& published() const;              // of the product, oldest first
  const Release* fixed_release(const Deployment& deployment) const;  // in any state
  const Release* wanted_release(const Deployment& deployment) const;
  std::optional<size_t> label_depth(const Release& release, std::string_view& label) const;
  bool matches(const Release& release) const;
  bool language_served(const Deployment& deployment, std::string_view label) const;
  bool installable(const Release& release) const;
  bool may_lead_down(const Deployment& deployment, const Release& release) const;
  bool reports(const std::string& version) const;
  bool valid(const Product& product, const std::string& version) const;
  bool at_least(const Product& product, const std::string& runs, const std::string& least) const;
  bool was_published(const Product& product, const std::string& version) const;
  void extend(const Release& target, const PlanRules& rules, std::vector<const Package*>& chain,
              const std::string& at, std::vector<std::vector<const Package*>>& found) const;
  const Task* open_task() const;
  // True when the open task decides; `decision` is filled.
  bool judge_task(const Task& task, Decision& decision, bool& ends) const;
  bool task_lives(const Task& task) const;
  static void put(const Answer& answer, Decision& decision);

  const CatalogueRows& rows_;
  const Device& device_;
  const CheckIn& check_;
  base::Time now_;
  const Admissions* live_;
  mutable std::optional<std::vector<const Release*>> published_;
};

}  // namespace otaru::domain
