// SPDX-License-Identifier: Apache-2.0
// Tests of domain only: the same decision, written a second time in the most direct way: whole
// lists filtered again and again, versions compared pairwise as texts, every chain of packages
// enumerated. Shares no code with the real one but the rows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/decide.h"

namespace otaru::domain {

class NaiveModel {
 public:
  NaiveModel(const CatalogueRows& rows, const Device& device, const CheckIn& check_in,
             base::Time now)
      : rows_(rows), device_(device), check_(check_in), now_(now) {}

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
    std::string_view label;
    std::vector<const Package*> chain;
  };
  Answer answer_of(const Deployment& deployment) const;
  Answer newest(const Deployment& deployment, Answer answer) const;
  Answer finish(const Deployment& deployment, const Release& release, Answer answer) const;
  Answer best_answer() const;
  std::vector<const Deployment*> deployments(DeploymentState state) const;
  std::vector<const Release*> published() const;  // of the product, oldest first
  const Release* wanted_release(const Deployment& deployment) const;
  std::optional<size_t> label_depth(const Release& release, std::string_view& label) const;
  bool matches(const Release& release) const;
  bool language_served(const Deployment& deployment, std::string_view label) const;
  bool installable(const Release& release) const;
  bool reports(const std::string& version) const;
  bool valid(const std::string& version) const;
  bool in_audience(const Deployment& deployment) const;
  void extend(const Release& target, const PlanRules& rules, std::vector<const Package*>& chain,
              const std::string& at, std::vector<std::vector<const Package*>>& found) const;
  // True when the open task decides; `decision` is filled.
  bool judge_task(const Task& task, Decision& decision, bool& ends) const;
  bool task_lives(const Task& task) const;
  static void put(const Answer& answer, Decision& decision);

  const CatalogueRows& rows_;
  const Device& device_;
  const CheckIn& check_;
  base::Time now_;
};

}  // namespace otaru::domain
