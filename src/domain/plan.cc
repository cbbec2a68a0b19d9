// SPDX-License-Identifier: Apache-2.0
// Planning. Deltas lead upwards only, so the graph has no cycles and one pass over the releases in
// version order finds the cheapest chain of every length.
#include "domain/plan.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/limits.h"
#include "domain/labels.h"
#include "domain/version_index.h"

namespace otaru::domain {
namespace {

constexpr int64_t kUnreachable = std::numeric_limits<int64_t>::max();

// Cheapest way to a node with a given number of steps.
struct PlanCell {
  int64_t bytes = kUnreachable;
  const Package* last = nullptr;  // null at the start
  int32_t previous = -1;          // node before `last`; -1: `last` is a full package
};

enum class ChainParts { deltas, deltas_and_full };

class ChainSearch {
 public:
  ChainSearch(const CompiledProduct& product, size_t target, const VersionPlace& from,
              std::span<const int64_t> permissions, const PlanRules& rules, size_t steps_max)
      : product_(product),
        index_(*product.versions),
        target_(target),
        from_(from),
        permissions_(permissions),
        rules_(rules),
        width_(steps_max + 1),
        low_(from.node >= 0 ? from.node : from.upper),
        high_(index_.releases[target].node) {}

  // The best chain to the target; false if there is none.
  bool run(ChainParts parts, Plan& plan) {
    if (low_ > high_ || from_.node == high_) return false;
    collect();
    cells_.assign(nodes_.size() * width_, PlanCell{});
    if (std::binary_search(nodes_.begin(), nodes_.end(), from_.node)) at(from_.node, 0).bytes = 0;
    for (const size_t i : releases_) {
      add_deltas(index_.releases[i]);
      if (parts == ChainParts::deltas_and_full) {
        add_full(product_.releases[i], index_.releases[i].node);
      }
    }
    return take_best(plan);
  }

 private:
  // What can lead to the target within the steps, walking back from it: the search looks at these
  // only, however many releases the product has.
  void collect() {
    if (!nodes_.empty()) return;
    std::vector<bool> seen(static_cast<size_t>(high_ - low_ + 1));
    nodes_.push_back(high_);
    size_t next = 0;
    for (size_t steps = 1; steps < width_; ++steps) {
      const size_t level_end = nodes_.size();
      for (; next < level_end; ++next) collect_before(nodes_[next], seen);
    }
    std::sort(nodes_.begin(), nodes_.end());
    std::sort(releases_.begin(), releases_.end());
  }

  void collect_before(int32_t node, std::vector<bool>& seen) {
    const auto first = std::lower_bound(
        index_.releases.begin(), index_.releases.end(), node,
        [](const ReleaseNode& release, int32_t wanted) { return release.node < wanted; });
    for (auto it = first; it != index_.releases.end() && it->node == node; ++it) {
      const auto i = static_cast<size_t>(it - index_.releases.begin());
      // Another release may carry the same version, for another language say.
      if (node == high_ && i != target_) continue;
      const Release& row = *product_.releases[i].release;
      if (!from_.older_than(node) || first_mismatch(row, rules_.labels, rules_.strict_labels)) {
        continue;
      }
      if (rules_.veto != nullptr && i != target_ && rules_.veto->forbids(i)) continue;
      releases_.push_back(i);
      for (const DeltaEdge& edge : it->deltas) {
        if (edge.from_node < low_ || seen[static_cast<size_t>(edge.from_node - low_)]) continue;
        seen[static_cast<size_t>(edge.from_node - low_)] = true;
        nodes_.push_back(edge.from_node);
      }
    }
  }

  PlanCell& at(int32_t node, size_t steps) {
    const auto slot = std::lower_bound(nodes_.begin(), nodes_.end(), node) - nodes_.begin();
    return cells_[static_cast<size_t>(slot) * width_ + steps];
  }

  void add_deltas(const ReleaseNode& release) {
    for (const DeltaEdge& edge : release.deltas) {
      if (edge.from_node < low_ || !visible(*edge.package, permissions_)) continue;
      const PlanCell* base = &at(edge.from_node, 0);
      for (size_t steps = 1; steps < width_; ++steps) {
        const int64_t before = base[steps - 1].bytes;
        if (before == kUnreachable) continue;
        offer(release.node, steps,
              PlanCell{before + edge.package->size_bytes, edge.package, edge.from_node});
      }
    }
  }

  void add_full(const CompiledRelease& release, int32_t node) {
    for (const Package* package : release.packages) {
      if (package->kind != PackageKind::full || !visible(*package, permissions_)) continue;
      offer(node, 1, PlanCell{package->size_bytes, package, -1});
    }
  }

  using Ids = std::array<int64_t, base::limits::kPatchChainMax>;

  Ids ids_of(const PlanCell& cell, size_t steps) {
    Ids ids{};
    const PlanCell* step = &cell;
    while (step->last != nullptr) {
      ids[--steps] = step->last->id.value;
      if (step->previous < 0) break;
      step = &at(step->previous, steps);
    }
    return ids;
  }

  // Ties: the chain with the lower package ids, so that equal catalogues give equal answers.
  void offer(int32_t node, size_t steps, const PlanCell& found) {
    PlanCell& cell = at(node, steps);
    if (found.bytes > cell.bytes) return;
    if (found.bytes == cell.bytes && ids_of(cell, steps) <= ids_of(found, steps)) return;
    cell = found;
  }

  bool take_best(Plan& plan) {
    size_t best = 0;
    for (size_t steps = 1; steps < width_; ++steps) {
      if (at(high_, steps).bytes < at(high_, best).bytes) best = steps;
    }
    if (best == 0) return false;
    plan.bytes = at(high_, best).bytes;
    plan.chain.assign(best, nullptr);
    int32_t node = high_;
    for (size_t steps = best; steps > 0; --steps) {
      const PlanCell& cell = at(node, steps);
      plan.chain[steps - 1] = cell.last;
      node = cell.previous;
    }
    return true;
  }

  const CompiledProduct& product_;
  const VersionIndex& index_;
  size_t target_;  // index of the release
  const VersionPlace& from_;
  std::span<const int64_t> permissions_;
  const PlanRules& rules_;
  size_t width_;
  int32_t low_;                   // nothing older is of use
  int32_t high_;                  // node of the target
  std::vector<int32_t> nodes_;    // sorted
  std::vector<size_t> releases_;  // sorted, so in version order
  std::vector<PlanCell> cells_;   // nodes_ x steps
};

bool cheaper(const Package* a, const Package* b) {
  if (b == nullptr) return true;
  if (a->size_bytes != b->size_bytes) return a->size_bytes < b->size_bytes;
  return a->id < b->id;
}

void take_single(const Package* package, Plan& plan) {
  plan.chain.assign(1, package);
  plan.bytes = package->size_bytes;
}

// What lies at the target itself.
struct DirectPackages {
  const Package* full = nullptr;   // best visible full package
  const Package* delta = nullptr;  // best visible delta from the reported version
  bool any_delta = false;          // a visible delta from anywhere
};

DirectPackages look_at_target(const CompiledRelease& target, const ReleaseNode& release,
                              const VersionPlace& from, std::span<const int64_t> permissions) {
  DirectPackages out;
  for (const Package* package : target.packages) {
    if (package->kind != PackageKind::full || !visible(*package, permissions)) continue;
    if (cheaper(package, out.full)) out.full = package;
  }
  for (const DeltaEdge& edge : release.deltas) {
    if (!visible(*edge.package, permissions)) continue;
    out.any_delta = true;
    if (from.equals(edge.from_node) && cheaper(edge.package, out.delta)) out.delta = edge.package;
  }
  return out;
}

// Without chains: one package at most, nothing to search.
bool plan_single_step(const DirectPackages& direct, const PlanRules& rules, Plan& plan) {
  const Package* full = rules.mode == PackageMode::delta_only ? nullptr : direct.full;
  const Package* delta = rules.mode == PackageMode::full_only ? nullptr : direct.delta;
  const Package* best = full != nullptr ? full : delta;
  if (full != nullptr && delta != nullptr) {
    switch (rules.order) {
      case PlanOrder::cheapest:
        best = cheaper(full, delta) ? full : delta;
        break;
      case PlanOrder::full_first:
        best = full;
        break;
      case PlanOrder::delta_first:
        best = delta;
        break;
    }
  }
  if (best == nullptr) return false;
  take_single(best, plan);
  return true;
}

bool plan_chain(const DirectPackages& direct, const PlanRules& rules, ChainSearch& search,
                Plan& plan) {
  if (rules.mode == PackageMode::delta_only) return search.run(ChainParts::deltas, plan);
  switch (rules.order) {
    case PlanOrder::cheapest:
      break;
    case PlanOrder::full_first:
      if (direct.full == nullptr) break;
      take_single(direct.full, plan);
      return true;
    case PlanOrder::delta_first:
      if (search.run(ChainParts::deltas, plan)) return true;
      if (direct.full == nullptr) break;
      take_single(direct.full, plan);
      return true;
  }
  if (search.run(ChainParts::deltas_and_full, plan)) return true;
  // The target is not newer than what runs (a reinstall): only its own full package can help.
  if (direct.full == nullptr) return false;
  take_single(direct.full, plan);
  return true;
}

}  // namespace

bool visible(const Package& package, std::span<const int64_t> permissions) {
  if (package.hidden) return false;
  if (package.permissions.empty()) return true;
  for (const int64_t wanted : package.permissions) {
    if (std::find(permissions.begin(), permissions.end(), wanted) != permissions.end()) return true;
  }
  return false;
}

Plan plan_update(const CompiledProduct& product, const CompiledRelease& target,
                 std::string_view from_version, std::span<const int64_t> permissions,
                 const PlanRules& rules) {
  const VersionIndex& index = *product.versions;
  const auto target_index = static_cast<size_t>(&target - product.releases.data());
  const ReleaseNode& release = index.releases[target_index];
  const VersionPlace from = index.place_of(from_version);
  const DirectPackages direct = look_at_target(target, release, from, permissions);
  const size_t steps_max = static_cast<size_t>(
      std::clamp<int64_t>(rules.steps_max, 1, static_cast<int64_t>(base::limits::kPatchChainMax)));
  Plan plan;
  // A chain ends with a delta at the target: without one there is nothing to search.
  if (rules.mode == PackageMode::full_only || steps_max == 1 || !direct.any_delta) {
    if (plan_single_step(direct, rules, plan)) return plan;
  } else {
    ChainSearch search(product, target_index, from, permissions, rules, steps_max);
    if (plan_chain(direct, rules, search, plan)) return plan;
  }
  const bool deltas_meant = rules.mode != PackageMode::full_only && direct.any_delta;
  plan.failure = deltas_meant ? PlanFailure::base_unknown : PlanFailure::no_package;
  return plan;
}

}  // namespace otaru::domain
