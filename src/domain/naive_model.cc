// SPDX-License-Identifier: Apache-2.0
// The naive model: the rules.
#include "domain/naive_model.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "domain/conditions.h"
#include "domain/consent.h"

namespace otaru::domain {

// ---- Who --------------------------------------------------------------------------------------

bool NaiveModel::filter_holds(const std::string& text) const {
  const auto said = [&](const TextMap& map, std::string_view key) -> std::string {
    for (const auto& entry : map) {
      if (entry.first == key) return entry.second;
    }
    return "";
  };
  const auto tagged = [&](std::string_view tag) {
    return std::count(device_.tags.begin(), device_.tags.end(), tag) > 0;
  };
  if (text == "") return true;
  if (text == R"(set.site == "CN")") return said(device_.attributes, "site") == "CN";
  if (text == R"(tag == "beta")") return tagged("beta");
  if (text == R"(not tag == "spare")") return !tagged("spare");
  if (text == R"(group == "lab")") return in_group(GroupId{1});
  EXPECT_TRUE(false) << "not a filter of the naive model: " << text;
  return false;
}

bool NaiveModel::in_group(GroupId id) const {
  for (const Group& row : rows_.groups) {
    if (row.id != id || row.tenant != device_.tenant) continue;
    const bool put = std::count(device_.groups.begin(), device_.groups.end(), id) > 0;
    return put || (!row.filter.empty() && filter_holds(row.filter));
  }
  return false;
}

bool NaiveModel::in_one_of(const std::vector<GroupId>& groups) const {
  bool found = false;
  for (const GroupId id : groups) found = found || in_group(id);
  return found;
}

// Exclusions win.
bool NaiveModel::is_member(const Deployment& row) const {
  for (const std::string& key : row.excluded_keys.keys()) {
    if (key == device_.key) return false;
  }
  if (in_one_of(row.audience.excluded_groups)) return false;
  const std::string& out = row.audience.excluded_filter;
  if (!out.empty() && filter_holds(out)) return false;
  bool meant = row.everyone || in_one_of(row.audience.groups);
  for (const std::string& key : row.device_keys.keys()) meant = meant || key == device_.key;
  return meant;
}

bool NaiveModel::in_audience(const Deployment& row) const {
  if (!is_member(row) || !filter_holds(row.audience.filter)) return false;
  if (place(row.id, device_.key) >= row.audience.share_ppm) return false;
  if (row.audience.hardware.empty()) return true;
  std::string own;
  for (const auto* map : {&device_.reported, &device_.attributes}) {
    for (const auto& entry : *map) {
      if (entry.first == "hw_version" && !entry.second.empty()) own = entry.second;
    }
  }
  return std::count(row.audience.hardware.begin(), row.audience.hardware.end(), own) > 0;
}

bool NaiveModel::started(const Deployment& row) const {
  return !row.starts_at || row.starts_at->ms <= now_.ms;
}

bool NaiveModel::over(const Deployment& row) const {
  return row.deadline && row.deadline->ms <= now_.ms;
}

bool NaiveModel::at_a_stone_of(const Deployment& row) const {
  for (const Task& task : device_.tasks) {
    if (task.deployment == row.id && task.slot == check_.slot && task.stepping &&
        task.state == TaskState::succeeded && reports(task.target_version)) {
      return true;
    }
  }
  return false;
}

bool NaiveModel::from_fits(const Deployment& row) const {
  if (at_a_stone_of(row)) return true;
  if (row.heals) {
    const Deployment* bad = deployment(row.heals);
    if (bad == nullptr) return false;
    if (bad->target.newest_in_channel.empty()) {
      const Release* installed = fixed_release(*bad);
      if (installed == nullptr || !reports(installed->version)) return false;
    }
  }
  bool listed = row.from_versions.empty();
  for (const std::string& version : row.from_versions) listed = listed || reports(version);
  return listed;
}

std::optional<size_t> NaiveModel::wave_of(const Deployment& row) const {
  for (size_t i = 0; i < row.waves.size(); ++i) {
    const Wave& wave = row.waves[i];
    if (place(row.id, device_.key) < wave.share_ppm) return i;
    if (in_one_of(wave.groups)) return i;
    if (!wave.filter.empty() && filter_holds(wave.filter)) return i;
  }
  return std::nullopt;
}

// ---- What -------------------------------------------------------------------------------------

const std::vector<const Release*>& NaiveModel::published() const {
  if (published_) return *published_;
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
  published_ = std::move(out);
  return *published_;
}

// What a deployment of a release or kit is about, on this product.
const Release* NaiveModel::fixed_release(const Deployment& row) const {
  for (const Release& candidate : rows_.releases) {
    if (candidate.product != check_.product) continue;
    if (candidate.id == row.target.release) return &candidate;
    for (const Kit& kit : rows_.kits) {
      if (kit.id != row.target.kit) continue;
      for (const KitItem& item : kit.items) {
        if (item.release == candidate.id) return &candidate;
      }
    }
  }
  return nullptr;
}

const Release* NaiveModel::wanted_release(const Deployment& row) const {
  const Release* found = fixed_release(row);
  if (found == nullptr || found->state != ReleaseState::published) return nullptr;
  for (const Kit& kit : rows_.kits) {
    if (kit.id == row.target.kit && kit.state != ReleaseState::published) return nullptr;
  }
  return found;
}

const KitItem* NaiveModel::item_of(const Deployment& row) const {
  for (const Kit& kit : rows_.kits) {
    if (kit.id != row.target.kit) continue;
    for (const KitItem& item : kit.items) {
      if (release(item.release)->product == check_.product) return &item;
    }
  }
  return nullptr;
}

bool NaiveModel::concerns(const Deployment& row) const {
  if (row.tenant != device_.tenant) return false;
  if (row.target.newest_in_channel.empty()) return fixed_release(row) != nullptr;
  return !row.target.product || row.target.product == check_.product;
}

std::vector<const Deployment*> NaiveModel::deployments(bool paused) const {
  std::vector<const Deployment*> out;
  for (const Deployment& row : rows_.deployments) {
    const bool runs =
        row.state == DeploymentState::running || row.state == DeploymentState::scheduled;
    const bool meant = paused ? row.state == DeploymentState::paused : runs;
    if (meant && concerns(row)) out.push_back(&row);
  }
  std::sort(out.begin(), out.end(), [](const Deployment* a, const Deployment* b) {
    return std::pair(-a->priority, -a->id.value) < std::pair(-b->priority, -b->id.value);
  });
  return out;
}

// Where it leads this device in the end.
const Release* NaiveModel::leads_to(const Deployment& row) const {
  if (row.target.newest_in_channel.empty()) return wanted_release(row);
  const Release* last = nullptr;
  for (const Release* candidate : published()) {
    if (candidate->channel == row.target.newest_in_channel && matches(*candidate)) last = candidate;
  }
  return last;
}

bool NaiveModel::taken_back(const Release& release) const {
  if (release.product != check_.product) return false;
  for (const Deployment& row : rows_.deployments) {
    const bool alive = row.state == DeploymentState::running ||
                       row.state == DeploymentState::scheduled ||
                       row.state == DeploymentState::paused;
    const bool takes = row.heals || !row.downgrade_reason.empty();
    if (!alive || !takes || !concerns(row)) continue;
    if (!started(row) || over(row) || !in_audience(row)) continue;
    const Release* to = leads_to(row);
    if (to == &release) continue;
    bool named = false;
    for (const std::string& version : row.from_versions) {
      named =
          named || version == release.version || compare(*product(), version, release.version) == 0;
    }
    if (!row.from_versions.empty() && !named) continue;
    const bool newer = to != nullptr && *compare(*product(), release.version, to->version) > 0;
    if (!row.heals) {
      if (newer) return true;
      continue;
    }
    const Deployment* bad = deployment(row.heals);
    if (bad == nullptr) continue;
    if (bad->target.newest_in_channel.empty()) {
      if (fixed_release(*bad) == &release) return true;
      continue;
    }
    const bool covered = !bad->target.product || bad->target.product == check_.product;
    if (covered && bad->target.newest_in_channel == release.channel && (named || newer)) {
      return true;
    }
  }
  return false;
}

const Requirement* NaiveModel::missing(const std::vector<Requirement>& list) const {
  for (const Requirement& wanted : list) {
    bool met = false;
    for (const Product& other : rows_.products) {
      for (const Component& component : device_.components) {
        met = met || (other.id == wanted.product && component.product == other.id &&
                      at_least(other, component.version, wanted.version_min));
      }
    }
    if (!met) return &wanted;
  }
  return nullptr;
}

// The way to a release: stepping stones, requirements, then what finish() asks.
NaiveModel::Answer NaiveModel::settle(const Deployment& row, const Release& wanted,
                                      Answer answer) const {
  const std::string reported(check_.version);
  const Release* first = &wanted;
  const bool up = reported.empty() || *compare(*product(), wanted.version, reported) > 0;
  while (up && !first->min_version.empty() && !at_least(*product(), reported, first->min_version)) {
    const Release* step = nullptr;
    for (const Release* candidate : published()) {
      if (*compare(*product(), candidate->version, first->min_version) < 0) continue;
      if (*compare(*product(), candidate->version, first->version) >= 0) continue;
      if (!reported.empty() && *compare(*product(), candidate->version, reported) <= 0) continue;
      if (!matches(*candidate) || taken_back(*candidate)) continue;
      const bool lower =
          step == nullptr || *compare(*product(), candidate->version, step->version) <= 0;
      if (lower) step = candidate;
    }
    if (step == nullptr) {
      answer.release = &wanted;
      answer.reason = Reason::requirement_unmet;
      answer.label = "min_version";
      return answer;
    }
    first = step;
  }
  answer.release = first;
  const Requirement* absent = missing(first->requirements);
  if (first != &wanted) {
    answer.final_release = &wanted;
  } else if (const KitItem* item = item_of(row); item != nullptr && absent == nullptr) {
    absent = missing(item->requirements);
  }
  if (absent == nullptr) return finish(row, *first, answer);
  answer.reason = Reason::requirement_unmet;
  for (const Product& other : rows_.products) {
    if (other.id == absent->product) answer.label = other.name;
  }
  return answer;
}

// Attempts, visibility, plan and mode of one release.
NaiveModel::Answer NaiveModel::finish(const Deployment& row, const Release& release,
                                      Answer answer) const {
  int64_t begun = 0;
  int64_t early = 0;
  for (const Task& task : device_.tasks) {
    const bool failed = task.state == TaskState::failed && task.deployment == row.id &&
                        task.target == release.id && task.slot == check_.slot;
    begun += failed && task.began;
    early += failed && !task.began;
  }
  answer.reason = Reason::task_cancelled;
  for (const Task& task : device_.tasks) {
    const bool same =
        task.deployment == row.id && task.target == release.id && task.slot == check_.slot;
    const bool by_operator = task.result.substr(0, 21) == "cancelled_by_operator";
    if (same && task.state == TaskState::cancelled && by_operator) return answer;
  }
  answer.reason = Reason::attempts_exhausted;
  answer.label = "attempts";
  if (row.attempts_max > 0 && begun >= row.attempts_max) return answer;
  answer.label = "before_installation";
  if (early >= 12) return answer;
  answer.label = {};
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
  answer.chain = best_chain(row, release);
  const bool deltas_meant = deltas > 0 && row.mode != PackageMode::full_only;
  answer.reason = deltas_meant ? Reason::base_mismatch : Reason::no_package;
  if (answer.chain.empty()) return answer;
  answer.reason = Reason::mode_unsupported;
  if (row.urgency == Urgency::download_only && !check_.download_only_allowed) return answer;
  answer.reason = Reason::offer;
  return answer;
}

bool NaiveModel::language_served(const Deployment& row, std::string_view label) const {
  for (const Release* candidate : published()) {
    if (candidate->channel != row.target.newest_in_channel || !matches(*candidate)) continue;
    for (const auto& own : candidate->labels) {
      for (const auto& stated : check_.labels) {
        if (own.first == label && stated.first == label && own.second == stated.second) return true;
      }
    }
  }
  return false;
}

NaiveModel::Answer NaiveModel::newest(const Deployment& row, Answer answer) const {
  std::vector<const Release*> channel;
  for (const Release* candidate : published()) {
    if (candidate->channel == row.target.newest_in_channel) {
      channel.insert(channel.begin(), candidate);
    }
  }
  answer.reason = Reason::no_release;
  if (channel.empty()) return answer;
  answer.release = leads_to(row) == nullptr ? channel.front() : leads_to(row);
  answer.reason = Reason::bad_version;
  const std::string reported(check_.version);
  if (!reported.empty() && !valid(*product(), reported)) return answer;
  std::vector<Answer> tried;
  std::optional<size_t> deepest;
  const Release* withdrawn = nullptr;
  Answer mismatch = answer;
  mismatch.reason = Reason::label_mismatch;
  for (const Release* candidate : channel) {
    if (!installable(*candidate)) continue;
    std::string_view label;
    if (const auto depth = label_depth(*candidate, label)) {
      if (deepest && *depth <= *deepest) continue;
      deepest = depth;
      mismatch.release = candidate;
      mismatch.label = label;
    } else if (taken_back(*candidate)) {
      if (withdrawn == nullptr) withdrawn = candidate;
    } else {
      tried.push_back(settle(row, *candidate, answer));
    }
  }
  if (!tried.empty()) {
    if (!check_.rules.accept_lower_release) return tried.front();
    if (tried.front().reason == Reason::attempts_exhausted) return tried.front();
    if (tried.front().reason == Reason::task_cancelled) return tried.front();
    for (const Answer& one : tried) {
      if (one.reason == Reason::offer) return one;
    }
    return tried.front();
  }
  for (const Release* candidate : channel) {
    if (!matches(*candidate) || taken_back(*candidate)) continue;
    if (may_lead_down(row, *candidate)) return settle(row, *candidate, answer);
    break;
  }
  if (withdrawn != nullptr) {
    answer.reason = Reason::release_withdrawn;
    answer.release = withdrawn;
    return answer;
  }
  if (deepest && !language_served(row, mismatch.label)) return mismatch;
  answer.reason = Reason::up_to_date;
  return answer;
}

NaiveModel::Answer NaiveModel::fixed(const Deployment& row, Answer answer) const {
  answer.reason = Reason::no_release;
  answer.release = wanted_release(row);
  if (answer.release == nullptr) return answer;
  answer.reason = Reason::label_mismatch;
  if (label_depth(*answer.release, answer.label)) return answer;
  answer.reason = Reason::bad_version;
  const std::string reported(check_.version);
  if (!reported.empty() && !valid(*product(), reported)) return answer;
  answer.reason = Reason::up_to_date;
  if (!installable(*answer.release) && !may_lead_down(row, *answer.release)) return answer;
  answer.reason = Reason::release_withdrawn;
  if (taken_back(*answer.release)) return answer;
  return settle(row, *answer.release, answer);
}

// Does it concern this device?
NaiveModel::Answer NaiveModel::concern(const Deployment& row) const {
  Answer answer;
  answer.deployment = &row;
  if (!started(row)) {
    answer.reason = Reason::not_started;
    answer.retry_at = row.starts_at;
    return answer;
  }
  answer.reason = Reason::deadline_passed;
  if (over(row)) return answer;
  answer.reason = Reason::not_in_audience;
  if (!in_audience(row)) return answer;
  answer.reason = Reason::from_version_excluded;
  if (!from_fits(row)) return answer;
  if (!row.waves.empty()) {
    const auto fits = wave_of(row);
    const auto open = static_cast<size_t>(std::max<int64_t>(row.rollout.open_waves, 1));
    answer.reason = Reason::not_in_wave;
    if (!fits) return answer;
    answer.wave = static_cast<int64_t>(*fits);
    answer.label = row.waves[*fits].name;
    if (*fits >= open) return answer;
    answer.label = {};
  }
  return row.target.newest_in_channel.empty() ? fixed(row, answer) : newest(row, answer);
}

// ---- When -------------------------------------------------------------------------------------

// A component of a lower stage that the device has and that is not there yet.
std::optional<std::string_view> NaiveModel::comes_first(const Deployment& row) const {
  const KitItem* own = item_of(row);
  if (own == nullptr) return std::nullopt;
  for (const Product& other : rows_.products) {
    for (const Kit& kit : rows_.kits) {
      for (const KitItem& item : kit.items) {
        const Release& wanted = *release(item.release);
        if (kit.id != row.target.kit || wanted.product != other.id || item.stage >= own->stage) {
          continue;
        }
        for (const Component& component : device_.components) {
          if (component.product != other.id) continue;
          if (!at_least(other, component.version, wanted.version)) return other.name;
        }
      }
    }
  }
  return std::nullopt;
}

void NaiveModel::hold_of(const Deployment& row, int64_t bytes, Answer& answer) const {
  const auto stop = [&](Reason reason, std::string_view label, std::optional<base::Time> until) {
    answer.holds = true;
    answer.reason = reason;
    answer.label = label;
    answer.retry_at = until;
  };
  const ConsentAnswer consent = consent_of(row, device_, open_task(), now_);
  if (consent.verdict == ConsentVerdict::needed) return stop(Reason::consent_needed, {}, {});
  if (consent.verdict == ConsentVerdict::refused) return stop(Reason::consent_refused, {}, {});
  if (consent.verdict == ConsentVerdict::postponed) {
    return stop(Reason::consent_postponed, {}, consent.until);
  }
  const auto whose = check_.keeps_thresholds ? Thresholds::the_devices : Thresholds::ours;
  if (const auto unmet = unmet_condition(row, device_, bytes, whose)) {
    return stop(Reason::condition_unmet, name_of(unmet->condition), {});
  }
  const base::TimeZone zone = zone_of(device_.attributes, device_.reported, row.windows).zone;
  if (!open(row.windows, zone, now_)) {
    return stop(Reason::outside_window, {}, next_opening(row.windows, zone, now_));
  }
  if (live_ == nullptr) return;
  const Admission said = live_->look(row.id, bytes, now_);
  if (said.braked) return stop(Reason::braked, {}, {});
  const Task* own = open_task();
  if (own != nullptr && own->deployment == row.id) return;
  if (said.retry_at) stop(Reason::rate_limited, said.limit, said.retry_at);
}

// May it begin now?
NaiveModel::Answer NaiveModel::hold(Answer answer) const {
  const Deployment& row = *answer.deployment;
  if (const auto other = comes_first(row)) {
    answer.holds = true;
    answer.reason = Reason::waits_for_component;
    answer.label = *other;
    return answer;
  }
  int64_t due_ms = 0;
  int64_t early = 0;
  int64_t last_early_ms = 0;
  for (const Task& task : device_.tasks) {
    if (task.state != TaskState::failed || task.deployment != row.id ||
        task.target != answer.release->id || task.slot != check_.slot) {
      continue;
    }
    due_ms = std::max(due_ms, task.updated_at.ms + row.retry_interval_s * 1000);
    if (task.began) continue;
    ++early;
    last_early_ms = std::max(last_early_ms, task.updated_at.ms);
  }
  if (early > 3) {
    int64_t wait_ms = 60'000;
    for (int64_t i = 4; i < early; ++i) wait_ms *= 2;
    due_ms = std::max(due_ms, last_early_ms + std::min<int64_t>(wait_ms, 6 * 3'600'000));
  }
  if (due_ms > now_.ms) {
    answer.holds = true;
    answer.reason = Reason::retry_later;
    answer.retry_at = base::Time{due_ms};
    return answer;
  }
  int64_t bytes = 0;
  for (const Package* file : answer.chain) bytes += file->size_bytes;
  hold_of(row, bytes, answer);
  return answer;
}

NaiveModel::Answer NaiveModel::best_answer() const {
  static const std::vector<std::vector<Reason>> kLadder = {
      {Reason::not_started, Reason::deadline_passed},
      {Reason::not_in_audience},
      {Reason::from_version_excluded},
      {Reason::not_in_wave},
      {Reason::no_release},
      {Reason::label_mismatch},
      {Reason::bad_version, Reason::up_to_date},
      {Reason::release_withdrawn},
      {Reason::requirement_unmet},
      {Reason::attempts_exhausted, Reason::task_cancelled},
      {Reason::not_visible},
      {Reason::no_package, Reason::base_mismatch},
      {Reason::mode_unsupported}};
  std::vector<Answer> answers;
  for (const Deployment* row : deployments(false)) {
    answers.push_back(concern(*row));
    if (answers.back().reason == Reason::offer) return hold(answers.back());
  }
  for (const Deployment* row : deployments(true)) {
    Answer answer = concern(*row);
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

// ---- Open tasks -------------------------------------------------------------------------------

const Task* NaiveModel::open_task() const {
  for (const Task& task : device_.tasks) {
    const bool ended = task.state == TaskState::succeeded || task.state == TaskState::failed ||
                       task.state == TaskState::cancelled || task.state == TaskState::expired;
    if (!ended && task.slot == check_.slot) return &task;
  }
  return nullptr;
}

bool NaiveModel::task_lives(const Task& task) const {
  const Deployment* row = deployment(task.deployment);
  const Release* target = release(task.target);
  if (row == nullptr || target == nullptr || task.product != check_.product) return false;
  if (row->state != DeploymentState::running && row->state != DeploymentState::scheduled &&
      row->state != DeploymentState::paused) {
    return false;
  }
  if (target->state != ReleaseState::published || !started(*row) || over(*row)) return false;
  const bool begun = task.state == TaskState::downloading || task.state == TaskState::upgrading;
  if (begun) return is_member(*row);
  return in_audience(*row) && !taken_back(*target);
}

bool NaiveModel::judge_task(const Task& task, Decision& decision, bool& ends) const {
  ends = !task_lives(task);
  if (ends) return false;
  const Deployment& row = *deployment(task.deployment);
  const bool begun = task.state == TaskState::downloading || task.state == TaskState::upgrading;
  decision.task = task.id;
  decision.deployment = task.deployment;
  decision.release = task.target;
  decision.reason = Reason::deployment_paused;
  if (task.state == TaskState::paused || row.state == DeploymentState::paused) return true;
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
    const bool above = !runs.empty() && row.downgrade_reason.empty() &&
                       compare(*product(), runs, task.target_version).value_or(0) > 0;
    ends = !there || revoked || !usable || above;
    if (ends) return false;
  }
  decision.reason = Reason::not_visible;
  if (!seen) return begun;
  decision.wave = task.wave;
  decision.stepping = task.stepping;
  Answer answer;
  answer.reason = Reason::continue_task;
  if (!begun && row.urgency == Urgency::download_only && !check_.download_only_allowed) {
    answer.holds = true;
    answer.reason = Reason::mode_unsupported;
  } else if (!begun) {
    hold_of(row, bytes, answer);
  }
  decision.reason = answer.reason;
  decision.label = answer.label;
  decision.retry_at = answer.retry_at;
  if (!answer.holds) decision.offer = Offer{task.deployment, task.target, task.chain, bytes};
  return begun;
}

void NaiveModel::put(const Answer& answer, Decision& decision) {
  decision.reason = answer.reason;
  decision.label = answer.label;
  decision.wave = answer.wave;
  decision.retry_at = answer.retry_at;
  if (answer.deployment != nullptr) decision.deployment = answer.deployment->id;
  if (answer.release != nullptr) decision.release = answer.release->id;
  if (answer.final_release != nullptr) {
    decision.stepping = true;
    decision.final_release = answer.final_release->id;
  }
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
  const Task* open = open_task();
  Decision fresh;
  put(best_answer(), fresh);
  if (open == nullptr) return fresh;
  bool ends = false;
  decision = Decision{};
  if (judge_task(*open, decision, ends)) return decision;
  const bool asks = fresh.reason == Reason::consent_needed;
  const bool newer = fresh.offer || (asks && open->state == TaskState::awaiting_consent);
  if (!ends && !(newer && fresh.release != open->target)) return decision;
  fresh.superseded = open->id;
  return fresh;
}

}  // namespace otaru::domain
