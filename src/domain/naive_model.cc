// SPDX-License-Identifier: Apache-2.0
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

bool NaiveModel::valid(const std::string& version) const {
  return compare(*product(), version, version).has_value();
}

bool NaiveModel::reports(const std::string& version) const {
  const std::string reported(check_.version);
  if (version == reported) return true;
  if (version.empty() || reported.empty()) return false;
  return compare(*product(), version, reported) == 0;
}

bool NaiveModel::in_audience(const Deployment& deployment) const {
  const std::vector<std::string> listed = deployment.device_keys.keys();
  return deployment.everyone || std::count(listed.begin(), listed.end(), device_.key) > 0;
}

std::vector<const Release*> NaiveModel::published() const {
  std::vector<const Release*> out;
  for (const Release& row : rows_.releases) {
    if (row.product == check_.product && row.state == ReleaseState::published) out.push_back(&row);
  }
  // Bubble sort by comparing pairwise.
  for (size_t i = 0; i < out.size(); ++i) {
    for (size_t k = 0; k + 1 < out.size(); ++k) {
      const int order = *compare(*product(), out[k]->version, out[k + 1]->version);
      const bool swapped =
          order > 0 || (order == 0 && std::tie(out[k]->sequence, out[k]->id) >
                                          std::tie(out[k + 1]->sequence, out[k + 1]->id));
      if (swapped) std::swap(out[k], out[k + 1]);
    }
  }
  return out;
}

// What a deployment of a release or kit installs on the product, if it is published.
const Release* NaiveModel::wanted_release(const Deployment& deployment) const {
  for (const Release* candidate : published()) {
    if (candidate->id == deployment.target.release) return candidate;
    for (const Kit& kit : rows_.kits) {
      if (kit.id != deployment.target.kit || kit.state != ReleaseState::published) continue;
      for (const KitItem& item : kit.items) {
        if (item.release == candidate->id) return candidate;
      }
    }
  }
  return nullptr;
}

std::vector<const Deployment*> NaiveModel::deployments(DeploymentState state) const {
  std::vector<const Deployment*> out;
  for (const Deployment& row : rows_.deployments) {
    const bool due = row.state == DeploymentState::scheduled && state == DeploymentState::running;
    if ((row.state != state && !due) || row.tenant != device_.tenant) continue;
    bool concerns = !row.target.newest_in_channel.empty() &&
                    (!row.target.product || row.target.product == check_.product);
    for (const Release& candidate : rows_.releases) {
      if (candidate.product != check_.product) continue;
      concerns = concerns || candidate.id == row.target.release;
      for (const Kit& kit : rows_.kits) {
        if (kit.id != row.target.kit) continue;
        for (const KitItem& item : kit.items) concerns = concerns || item.release == candidate.id;
      }
    }
    if (concerns) out.push_back(&row);
  }
  std::sort(out.begin(), out.end(), [](const Deployment* a, const Deployment* b) {
    return std::pair(-a->priority, -a->id.value) < std::pair(-b->priority, -b->id.value);
  });
  return out;
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
    const bool above = at.empty() || !valid(at) || *compare(*product(), row.version, at) > 0;
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

// Attempts, visibility and plan of one release.
NaiveModel::Answer NaiveModel::finish(const Deployment& deployment, const Release& release,
                                      Answer answer) const {
  answer.release = &release;
  int64_t failed = 0;
  for (const Task& task : device_.tasks) {
    failed += task.state == TaskState::failed && task.deployment == deployment.id &&
              task.target == release.id && task.slot == check_.slot;
  }
  answer.reason = Reason::attempts_exhausted;
  if (deployment.attempts_max > 0 && failed >= deployment.attempts_max) return answer;
  size_t all = 0;
  size_t seen = 0;
  size_t deltas = 0;
  for (const Package& package : rows_.packages) {
    if (package.release != release.id) continue;
    ++all;
    if (!may_see(package)) continue;
    ++seen;
    deltas += package.kind == PackageKind::delta;
  }
  answer.reason = all == 0 ? Reason::no_package : Reason::not_visible;
  if (seen == 0) return answer;
  answer.chain = best_chain(deployment, release);
  const bool deltas_meant = deltas > 0 && deployment.mode != PackageMode::full_only;
  answer.reason = !answer.chain.empty() ? Reason::offer
                  : deltas_meant        ? Reason::base_mismatch
                                        : Reason::no_package;
  return answer;
}

bool NaiveModel::language_served(const Deployment& deployment, std::string_view label) const {
  for (const Release* row : published()) {
    if (row->channel != deployment.target.newest_in_channel || !matches(*row)) continue;
    for (const auto& own : row->labels) {
      for (const auto& stated : check_.labels) {
        if (own.first == label && stated.first == label && own.second == stated.second) return true;
      }
    }
  }
  return false;
}

NaiveModel::Answer NaiveModel::newest(const Deployment& deployment, Answer answer) const {
  std::vector<const Release*> channel;
  for (const Release* row : published()) {
    if (row->channel == deployment.target.newest_in_channel) channel.insert(channel.begin(), row);
  }
  answer.reason = Reason::no_release;
  if (channel.empty()) return answer;
  answer.release = channel.front();
  for (const Release* row : channel) {
    if (!matches(*row)) continue;
    answer.release = row;
    break;
  }
  answer.reason = Reason::bad_version;
  if (!check_.version.empty() && !valid(std::string(check_.version))) return answer;
  std::vector<Answer> tried;
  std::optional<size_t> deepest;
  Answer mismatch = answer;
  mismatch.reason = Reason::label_mismatch;
  for (const Release* row : channel) {
    if (!installable(*row)) continue;
    std::string_view label;
    if (const auto depth = label_depth(*row, label)) {
      if (deepest && *depth <= *deepest) continue;
      deepest = depth;
      mismatch.release = row;
      mismatch.label = label;
    } else {
      tried.push_back(finish(deployment, *row, answer));
    }
  }
  answer.reason = Reason::up_to_date;
  if (tried.empty()) {
    return deepest && !language_served(deployment, mismatch.label) ? mismatch : answer;
  }
  if (!check_.rules.accept_lower_release) return tried.front();
  if (tried.front().reason == Reason::attempts_exhausted) return tried.front();
  for (const Answer& one : tried) {
    if (one.reason == Reason::offer) return one;
  }
  return tried.front();
}

NaiveModel::Answer NaiveModel::answer_of(const Deployment& deployment) const {
  Answer answer;
  answer.deployment = &deployment;
  answer.reason = Reason::deadline_passed;
  if (deployment.deadline && deployment.deadline->ms <= now_.ms) return answer;
  answer.reason = Reason::not_in_audience;
  if (!in_audience(deployment)) return answer;
  answer.reason = Reason::from_version_excluded;
  bool from = deployment.from_versions.empty();
  for (const std::string& version : deployment.from_versions) from = from || reports(version);
  if (!from) return answer;
  if (!deployment.target.newest_in_channel.empty()) return newest(deployment, answer);
  answer.reason = Reason::no_release;
  answer.release = wanted_release(deployment);
  if (answer.release == nullptr) return answer;
  answer.reason = Reason::label_mismatch;
  if (label_depth(*answer.release, answer.label)) return answer;
  answer.reason = Reason::bad_version;
  if (!check_.version.empty() && !valid(std::string(check_.version))) return answer;
  answer.reason = Reason::up_to_date;
  if (!installable(*answer.release)) return answer;
  return finish(deployment, *answer.release, answer);
}

NaiveModel::Answer NaiveModel::best_answer() const {
  static const std::vector<std::vector<Reason>> kLadder = {
      {Reason::deadline_passed},
      {Reason::not_in_audience},
      {Reason::from_version_excluded},
      {Reason::no_release},
      {Reason::label_mismatch},
      {Reason::bad_version, Reason::up_to_date},
      {Reason::attempts_exhausted},
      {Reason::not_visible},
      {Reason::no_package, Reason::base_mismatch}};
  std::vector<Answer> answers;
  for (const Deployment* row : deployments(DeploymentState::running)) {
    answers.push_back(answer_of(*row));
    if (answers.back().reason == Reason::offer) return answers.back();
  }
  for (const Deployment* row : deployments(DeploymentState::paused)) {
    Answer answer = answer_of(*row);
    if (answer.reason != Reason::offer) continue;
    answer.reason = Reason::deployment_paused;
    return answer;
  }
  for (size_t step = kLadder.size(); step-- > 0;) {
    for (const Answer& answer : answers) {
      if (std::count(kLadder[step].begin(), kLadder[step].end(), answer.reason) > 0) return answer;
    }
  }
  return Answer{};
}

bool NaiveModel::task_lives(const Task& task) const {
  const Deployment* row = deployment(task.deployment);
  const Release* target = release(task.target);
  if (row == nullptr || target == nullptr || task.product != check_.product) return false;
  if (row->state != DeploymentState::running && row->state != DeploymentState::scheduled &&
      row->state != DeploymentState::paused) {
    return false;
  }
  if (target->state != ReleaseState::published || !in_audience(*row)) return false;
  return !row->deadline || now_.ms < row->deadline->ms;
}

bool NaiveModel::judge_task(const Task& task, Decision& decision, bool& ends) const {
  ends = !task_lives(task);
  if (ends) return false;
  decision.task = task.id;
  decision.deployment = task.deployment;
  decision.release = task.target;
  decision.reason = Reason::deployment_paused;
  if (task.state == TaskState::paused) return true;
  if (deployment(task.deployment)->state == DeploymentState::paused) return true;
  bool there = !task.chain.empty();
  bool usable = check_.version.empty() || reports(task.target_version);
  bool revoked = false;
  bool seen = true;
  int64_t bytes = 0;
  for (size_t i = 0; i < task.chain.size(); ++i) {
    const Package* file = package(task.chain[i]);
    if (file == nullptr) {
      there = false;
      continue;
    }
    revoked = revoked || release(file->release)->state != ReleaseState::published;
    seen = seen && may_see(*file);
    bytes += file->size_bytes;
    if (file->kind == PackageKind::full) usable = usable || i == 0;
    if (file->kind == PackageKind::delta) usable = usable || reports(file->base_version);
  }
  if (task.state == TaskState::upgrading) {
    decision.reason = Reason::no_package;
    if (!there) return true;
  } else {
    const std::string runs(check_.version);
    const bool above =
        !runs.empty() && compare(*product(), runs, task.target_version).value_or(0) > 0;
    ends = !there || revoked || !usable || above;
    if (ends) return false;
  }
  decision.reason = seen ? Reason::continue_task : Reason::not_visible;
  if (seen) decision.offer = Offer{task.deployment, task.target, task.chain, bytes};
  return task.state != TaskState::pending;
}

void NaiveModel::put(const Answer& answer, Decision& decision) {
  decision.reason = answer.reason;
  decision.label = answer.label;
  if (answer.deployment != nullptr) decision.deployment = answer.deployment->id;
  if (answer.release != nullptr) decision.release = answer.release->id;
  if (answer.reason != Reason::offer) return;
  Offer offer{decision.deployment, decision.release, {}, 0};
  for (const Package* file : answer.chain) {
    offer.chain.push_back(file->id);
    offer.bytes += file->size_bytes;
  }
  decision.offer = offer;
}

Decision NaiveModel::decide() const {
  Decision decision;
  decision.reason = Reason::device_blocked;
  if (device_.blocked) return decision;
  decision.reason = Reason::unknown_product;
  if (product() == nullptr) return decision;
  const Task* open = nullptr;
  for (const Task& task : device_.tasks) {
    const bool ended = task.state == TaskState::succeeded || task.state == TaskState::failed ||
                       task.state == TaskState::cancelled || task.state == TaskState::expired;
    if (!ended && task.slot == check_.slot) open = &task;
  }
  Decision fresh;
  put(best_answer(), fresh);
  if (open == nullptr) return fresh;
  bool ends = false;
  decision = Decision{};
  if (judge_task(*open, decision, ends)) return decision;
  if (!ends && !(fresh.offer && fresh.offer->release != open->target)) return decision;
  fresh.superseded = open->id;
  return fresh;
}

}  // namespace otaru::domain
