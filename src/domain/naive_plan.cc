// SPDX-License-Identifier: Apache-2.0
// The naive model: versions, labels, and every chain of packages.
#include "domain/naive_model.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace otaru::domain {
namespace {

std::vector<std::string> naive_split(const std::string& text, char separator) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (c == separator) {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

bool naive_digits(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

std::string naive_number(std::string text) {
  text.erase(0, std::min(text.find_first_not_of('0'), text.size()));
  return text;
}

int naive_sign(long long value) {
  return value < 0 ? -1 : value > 0 ? 1 : 0;
}

// Numbers of any length, as texts.
int naive_compare_numbers(const std::string& a, const std::string& b) {
  const std::string left = naive_number(a);
  const std::string right = naive_number(b);
  if (left.size() != right.size()) return left.size() < right.size() ? -1 : 1;
  return naive_sign(left.compare(right));
}

struct NaiveVersion {
  std::vector<std::string> numbers;
  std::vector<std::string> tail;
};

std::optional<NaiveVersion> naive_parse(VersionScheme scheme, std::string text) {
  NaiveVersion out;
  if (scheme == VersionScheme::semver) {
    text = naive_split(text, '+')[0];
    const size_t dash = text.find('-');
    if (dash != std::string::npos) {
      out.tail = naive_split(text.substr(dash + 1), '.');
      text = text.substr(0, dash);
    }
  } else if (!text.empty() && (text[0] == 'v' || text[0] == 'V')) {
    text = text.substr(1);
  }
  out.numbers = naive_split(text, '.');
  for (const std::string& number : out.numbers) {
    if (!naive_digits(number)) return std::nullopt;
  }
  if (scheme == VersionScheme::semver && out.numbers.size() != 3) return std::nullopt;
  return out;
}

int naive_compare(const NaiveVersion& a, const NaiveVersion& b) {
  for (size_t i = 0; i < std::max(a.numbers.size(), b.numbers.size()); ++i) {
    const std::string left = i < a.numbers.size() ? a.numbers[i] : "0";
    const std::string right = i < b.numbers.size() ? b.numbers[i] : "0";
    if (const int order = naive_compare_numbers(left, right); order != 0) return order;
  }
  if (a.tail.empty() || b.tail.empty()) {
    return naive_sign(static_cast<int>(a.tail.empty()) - static_cast<int>(b.tail.empty()));
  }
  for (size_t i = 0; i < std::min(a.tail.size(), b.tail.size()); ++i) {
    const std::string& left = a.tail[i];
    const std::string& right = b.tail[i];
    const bool numbers = naive_digits(left) && naive_digits(right);
    int order = numbers ? naive_compare_numbers(left, right) : naive_sign(left.compare(right));
    if (naive_digits(left) != naive_digits(right)) order = naive_digits(left) ? -1 : 1;
    if (order != 0) return order;
  }
  return naive_sign(static_cast<int>(a.tail.size()) - static_cast<int>(b.tail.size()));
}

}  // namespace

const Release* NaiveModel::release(ReleaseId id) const {
  for (const Release& row : rows_.releases) {
    if (row.id == id) return &row;
  }
  return nullptr;
}

const Package* NaiveModel::package(PackageId id) const {
  for (const Package& row : rows_.packages) {
    if (row.id == id) return &row;
  }
  return nullptr;
}

const Deployment* NaiveModel::deployment(DeploymentId id) const {
  for (const Deployment& row : rows_.deployments) {
    if (row.id == id) return &row;
  }
  return nullptr;
}

const Product* NaiveModel::product() const {
  for (const Product& row : rows_.products) {
    if (row.id == check_.product && row.tenant == device_.tenant) return &row;
  }
  return nullptr;
}

std::optional<int> NaiveModel::compare(const Product& product, const std::string& a,
                                       const std::string& b) const {
  const VersionScheme scheme = product.version_format.scheme;
  if (scheme == VersionScheme::publish_order) {
    for (const char c : a + b) {
      if (c < ' ') return std::nullopt;
    }
    if (a == b) return 0;
    int64_t a_at = 0;
    int64_t b_at = 0;
    for (const Release& row : rows_.releases) {
      if (row.product != product.id) continue;
      if (row.version == a) a_at = std::max(a_at, row.sequence);
      if (row.version == b) b_at = std::max(b_at, row.sequence);
    }
    // Two texts that were never published: some order, but not equal.
    if (a_at == b_at) return naive_sign(a.compare(b));
    return a_at < b_at ? -1 : 1;
  }
  const auto left = naive_parse(scheme, a);
  const auto right = naive_parse(scheme, b);
  if (!left || !right) return std::nullopt;
  return naive_compare(*left, *right);
}

bool NaiveModel::may_see(const Package& package) const {
  bool held = package.permissions.empty();
  for (const int64_t a : package.permissions) {
    for (const int64_t b : check_.permissions) held = held || a == b;
  }
  return held && !package.hidden;
}

bool NaiveModel::valid(const Product& product, const std::string& version) const {
  return compare(product, version, version).has_value();
}

bool NaiveModel::reports(const std::string& version) const {
  const std::string reported(check_.version);
  if (version == reported) return true;
  if (version.empty() || reported.empty()) return false;
  return compare(*product(), version, reported) == 0;
}

bool NaiveModel::was_published(const Product& product, const std::string& version) const {
  for (const Release& row : rows_.releases) {
    if (row.product == product.id && row.version == version && row.sequence > 0) return true;
  }
  return false;
}

bool NaiveModel::at_least(const Product& product, const std::string& runs,
                          const std::string& least) const {
  if (runs.empty() || !valid(product, runs)) return false;
  if (runs == least) return true;
  if (!valid(product, least)) return false;
  const bool names = product.version_format.scheme == VersionScheme::publish_order;
  if (names && (!was_published(product, runs) || !was_published(product, least))) return false;
  return *compare(product, runs, least) >= 0;
}

// How many stated labels pass before the first that fails; nothing when none fails.
std::optional<size_t> NaiveModel::label_depth(const Release& release,
                                              std::string_view& label) const {
  std::map<std::string, std::string> wanted(release.labels.begin(), release.labels.end());
  for (size_t i = 0; i < check_.labels.size(); ++i) {
    const auto at = wanted.find(std::string(check_.labels[i].first));
    if (at == wanted.end() || at->second == check_.labels[i].second) continue;
    label = check_.labels[i].first;
    return i;
  }
  if (!check_.strict_labels) return std::nullopt;
  for (const auto& entry : release.labels) {
    if (std::none_of(check_.labels.begin(), check_.labels.end(),
                     [&](const auto& stated) { return stated.first == entry.first; })) {
      label = entry.first;
      return check_.labels.size();
    }
  }
  return std::nullopt;
}

bool NaiveModel::matches(const Release& release) const {
  std::string_view label;
  return !label_depth(release, label).has_value();
}

bool NaiveModel::installable(const Release& release) const {
  if (check_.version.empty()) return true;
  const int order = *compare(*product(), release.version, std::string(check_.version));
  return order > 0 || (order == 0 && release.force && check_.reinstall_allowed);
}

bool NaiveModel::may_lead_down(const Deployment& row, const Release& release) const {
  const std::string reported(check_.version);
  if (row.downgrade_reason.empty() || reported.empty()) return false;
  return compare(*product(), release.version, reported).value_or(1) < 0;
}

void NaiveModel::extend(const Release& target, const PlanRules& rules,
                        std::vector<const Package*>& chain, const std::string& at,
                        std::vector<std::vector<const Package*>>& found) const {
  const size_t steps_max = static_cast<size_t>(std::clamp<int64_t>(rules.steps_max, 1, 16));
  if (chain.size() == steps_max) return;
  for (const Package& package : rows_.packages) {
    const Release& row = *release(package.release);
    if (row.product != target.product || row.state != ReleaseState::published) continue;
    if (!may_see(package) || !matches(row)) continue;
    const bool full = package.kind == PackageKind::full;
    // Full packages start a chain, from anywhere below them; the target's own from everywhere.
    if (full && !chain.empty()) continue;
    if (!full && (at.empty() || compare(*product(), package.base_version, at) != 0)) continue;
    const bool above =
        at.empty() || !valid(*product(), at) || *compare(*product(), row.version, at) > 0;
    if (!above && row.id != target.id) continue;
    if (row.id != target.id && *compare(*product(), row.version, target.version) >= 0) continue;
    chain.push_back(&package);
    if (row.id == target.id) {
      found.push_back(chain);
    } else {
      extend(target, rules, chain, row.version, found);
    }
    chain.pop_back();
  }
}

std::vector<std::vector<const Package*>> NaiveModel::chains(const Release& target,
                                                            const PlanRules& rules) const {
  std::vector<std::vector<const Package*>> found;
  std::vector<const Package*> chain;
  extend(target, rules, chain, std::string(check_.version), found);
  return found;
}

// All chains, sorted by what the order of preference says.
std::vector<const Package*> NaiveModel::best_chain(const Deployment& deployment,
                                                   const Release& release) const {
  using Rank = std::tuple<int, int64_t, size_t, std::vector<int64_t>>;
  std::optional<Rank> best_rank;
  std::vector<const Package*> best;
  for (const auto& chain : chains(release, check_.rules)) {
    const bool through_bad = std::any_of(chain.begin(), chain.end(), [&](const Package* package) {
      return package->release != release.id && taken_back(*this->release(package->release));
    });
    if (through_bad) continue;
    int64_t bytes = 0;
    std::vector<int64_t> ids;
    for (const Package* package : chain) {
      bytes += package->size_bytes;
      ids.push_back(package->id.value);
    }
    const bool starts_full = chain.front()->kind == PackageKind::full;
    const bool single_full = starts_full && chain.size() == 1;
    if (deployment.mode == PackageMode::full_only && !single_full) continue;
    if (deployment.mode == PackageMode::delta_only && starts_full) continue;
    int group = 0;
    if (check_.rules.order == PlanOrder::full_first) group = single_full ? 0 : 1;
    if (check_.rules.order == PlanOrder::delta_first)
      group = !starts_full ? 0 : single_full ? 1 : 2;
    const Rank rank{group, bytes, chain.size(), ids};
    if (best_rank && *best_rank <= rank) continue;
    best_rank = rank;
    best = chain;
  }
  return best;
}

}  // namespace otaru::domain
