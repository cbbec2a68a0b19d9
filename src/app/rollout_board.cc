// SPDX-License-Identifier: Apache-2.0
#include "app/rollout_board.h"

#include <algorithm>
#include <limits>

#include "base/limits.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using domain::DeploymentState;
using domain::TaskCount;

// When a place will be free depends on how long installations take; asking once a minute is cheap.
constexpr int64_t kPlaceRetryMs = base::kMinuteMs;
// However many devices wait, one asks again after an hour at the latest.
constexpr int64_t kSpreadMinutesMax = 60;

constexpr std::string_view kPerMinute = "per_minute";
constexpr std::string_view kConcurrentMax = "concurrent_max";
constexpr std::string_view kBytesPerSecond = "bytes_per_second";

bool has_window(const domain::Rate& rate) {
  return rate.per_minute > 0 || rate.bytes_per_second > 0;
}

// Everything that brakes depend on beside the counters.
bool same_brakes(const domain::Deployment& a, const domain::Deployment& b) {
  return a.state == b.state && a.brakes == b.brakes && a.rollout.forgiven == b.rollout.forgiven;
}

}  // namespace

struct RolloutBoard::Entry {
  std::shared_ptr<const domain::Deployment> rules;  // null: not in the catalogue any more
  std::map<int64_t, domain::Tally> waves;
  domain::Tally all;
  int64_t reserved = 0;
  std::unique_ptr<BeginWindow> window;  // once something began
  std::optional<TrippedBrake> tripped;
  // How many devices were told to wait in this minute and the one before.
  int64_t waiting_minute = 0;
  int64_t waiting_now = 0;
  int64_t waiting_before = 0;

  void add(const TaskCount& difference) {
    domain::Tally& wave = waves[difference.wave];
    wave.add(difference);
    if (wave == domain::Tally{}) waves.erase(difference.wave);
    all.add(difference);
  }
  int64_t per_minute(base::Time now) const {
    const auto started = rules->rollout.started_at.value_or(now);
    return domain::per_minute_at(rules->rate, now - started, all.succeeded());
  }
  BeginWindow& begun() {
    if (!window) window = std::make_unique<BeginWindow>();
    return *window;
  }
  BeginWindow::Limits window_limits(base::Time now) const {
    return {per_minute(now), rules->rate.bytes_per_second * 60};
  }
};

// --- Reservations -------------------------------------------------------------------------------

RolloutBoard::Reservation::Reservation(Reservation&& other) noexcept
    : board_(std::exchange(other.board_, nullptr)),
      deployment_(other.deployment_),
      bytes_(other.bytes_),
      at_(other.at_) {}

RolloutBoard::Reservation& RolloutBoard::Reservation::operator=(Reservation&& other) noexcept {
  std::swap(board_, other.board_);
  std::swap(deployment_, other.deployment_);
  std::swap(bytes_, other.bytes_);
  std::swap(at_, other.at_);
  return *this;
}

RolloutBoard::Reservation::~Reservation() {
  if (board_ != nullptr) board_->give_back(*this);
}

void RolloutBoard::give_back(const Reservation& place) {
  const std::lock_guard lock(mutex_);
  Entry& where = entry(place.deployment_);
  where.reserved -= 1;
  where.begun().take_back(place.at_, place.bytes_);
}

// --- Admission ----------------------------------------------------------------------------------

RolloutBoard::RolloutBoard() = default;
RolloutBoard::~RolloutBoard() = default;

RolloutBoard::Entry& RolloutBoard::entry(domain::DeploymentId id) {
  auto& found = entries_[id];
  if (!found) found = std::make_unique<Entry>();
  return *found;
}

const RolloutBoard::Entry* RolloutBoard::find(domain::DeploymentId id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : found->second.get();
}

domain::Admission RolloutBoard::refusal(const BeginWindow::Answer& answer) {
  switch (answer.full) {
    case BeginWindow::Full::no:
      break;
    case BeginWindow::Full::tasks:
      return {false, answer.free_at, kPerMinute};
    case BeginWindow::Full::bytes:
      return {false, answer.free_at, kBytesPerSecond};
  }
  return {};
}

// Brake and concurrency: what the window does not know.
std::optional<domain::Admission> RolloutBoard::stopped(const Entry& entry, base::Time now,
                                                       int64_t freed) {
  if (entry.tripped) return domain::Admission{true, std::nullopt, {}};
  const int64_t most = entry.rules->rate.concurrent_max;
  if (most > 0 && entry.all.under_way() + entry.reserved - freed >= most) {
    return domain::Admission{false, now + kPlaceRetryMs, kConcurrentMax};
  }
  return std::nullopt;
}

domain::Admission RolloutBoard::look(domain::DeploymentId deployment, int64_t bytes,
                                     base::Time now, int64_t freed) const {
  const std::lock_guard lock(mutex_);
  const Entry* found = find(deployment);
  if (found == nullptr || !found->rules) return {};
  if (const auto stop = stopped(*found, now, freed)) return *stop;
  if (!found->window || !has_window(found->rules->rate)) return {};
  return refusal(found->window->look(now, bytes, found->window_limits(now)));
}

RolloutBoard::Reserved RolloutBoard::reserve(domain::DeploymentId deployment, int64_t bytes,
                                             base::Time now, int64_t freed) {
  Reserved out;
  {
    const std::lock_guard lock(mutex_);
    Entry& where = entry(deployment);
    const bool limited = where.rules && has_window(where.rules->rate);
    if (where.rules) {
      if (const auto stop = stopped(where, now, freed)) out.refusal = *stop;
    }
    const bool free = !out.refusal.braked && out.refusal.limit.empty();
    if (free && limited) {
      out.refusal = refusal(where.begun().ask(now, bytes, where.window_limits(now)));
    }
    if (out.refusal.braked || !out.refusal.limit.empty()) return out;
    where.reserved += 1;
    // Counted without a limit, too: one that is set within the minute holds for all of it.
    where.begun().add(now, bytes);
  }
  out.place.board_ = this;
  out.place.deployment_ = deployment;
  out.place.bytes_ = bytes;
  out.place.at_ = now;
  return out;
}

base::Time RolloutBoard::come_back(domain::DeploymentId deployment, std::string_view device_key,
                                   base::Time free_at, base::Time now) {
  int64_t minutes = 1;
  {
    const std::lock_guard lock(mutex_);
    Entry& where = entry(deployment);
    const int64_t minute = now.ms / base::kMinuteMs;
    if (minute != where.waiting_minute) {
      where.waiting_before = minute == where.waiting_minute + 1 ? where.waiting_now : 0;
      where.waiting_now = 0;
      where.waiting_minute = minute;
    }
    where.waiting_now += 1;
    const int64_t waiting = std::max(where.waiting_now, where.waiting_before);
    int64_t served = 0;  // in a minute, at the most
    if (where.rules) {
      served = where.per_minute(now);
      if (served == 0) served = where.rules->rate.concurrent_max;
    }
    if (served > 0) minutes = std::clamp<int64_t>(waiting / served, 1, kSpreadMinutesMax);
  }
  // Not the place that decides about shares and waves: the devices of the first wave of one percent
  // would all stand at the beginning.
  const int64_t place = domain::place(domain::DeploymentId{~deployment.value}, device_key);
  return free_at + minutes * base::kMinuteMs * place / domain::kWholeShare;
}

// --- Counters and brakes ------------------------------------------------------------------------

void RolloutBoard::set_tripped(Entry& entry, std::optional<TrippedBrake> next) {
  tripped_ += (next ? 1 : 0) - (entry.tripped ? 1 : 0);
  entry.tripped = std::move(next);
}

std::optional<TrippedBrake> RolloutBoard::weighed(domain::DeploymentId id, const Entry& entry) {
  if (!entry.rules || entry.rules->state != DeploymentState::running) return std::nullopt;
  const auto& brakes = entry.rules->brakes;
  if (brakes.empty()) return std::nullopt;
  const auto counts =
      domain::after(entry.rules->rollout.forgiven, domain::brake_counts(entry.all));
  const auto index = domain::tripped_brake(brakes, counts);
  if (!index) return std::nullopt;
  return TrippedBrake{id, *index, brakes[*index], domain::brake_text(brakes[*index], counts)};
}

bool RolloutBoard::enter(std::span<const TaskCount> differences, std::span<Reservation> places) {
  if (differences.empty() && places.empty()) return true;
  const std::lock_guard lock(mutex_);
  for (const auto& place : places) {
    if (place && entry(place.deployment_).tripped) return false;
  }
  for (const auto& difference : differences) entry(difference.deployment).add(difference);
  for (auto& place : places) {
    if (!place) continue;
    entry(place.deployment_).reserved -= 1;
    place.board_ = nullptr;
  }
  // Once tripped it stays so until somebody has acted, whatever comes in meanwhile.
  for (const auto& difference : differences) {
    Entry& where = entry(difference.deployment);
    if (!where.tripped) set_tripped(where, weighed(difference.deployment, where));
  }
  return true;
}

void RolloutBoard::leave(std::span<const TaskCount> differences) {
  if (differences.empty()) return;
  const std::lock_guard lock(mutex_);
  for (TaskCount difference : differences) {
    difference.n = -difference.n;
    entry(difference.deployment).add(difference);
  }
  for (const auto& difference : differences) {
    Entry& where = entry(difference.deployment);
    set_tripped(where, weighed(difference.deployment, where));
  }
}

void RolloutBoard::follow(const std::shared_ptr<const domain::Snapshot>& snapshot) {
  const std::lock_guard lock(mutex_);
  for (auto& [id, where] : entries_) {
    const auto* compiled = snapshot->deployment(id);
    if (compiled != nullptr || !where->rules) continue;
    where->rules = nullptr;
    set_tripped(*where, std::nullopt);
  }
  for (const auto& row : snapshot->rows().deployments) {
    Entry& where = entry(row.id);
    const auto before = std::exchange(
        where.rules, std::shared_ptr<const domain::Deployment>(snapshot, &row));
    if (before && same_brakes(*before, row)) continue;
    set_tripped(where, weighed(row.id, where));
  }
}

RolloutProgress RolloutBoard::progress(domain::DeploymentId deployment, base::Time now) const {
  RolloutProgress out;
  const std::lock_guard lock(mutex_);
  const Entry* found = find(deployment);
  if (found == nullptr) return out;
  out.waves = found->waves;
  out.all = found->all;
  out.reserved = found->reserved;
  out.tripped = found->tripped;
  if (found->window) out.begun_last_minute = found->window->begun(now);
  if (found->rules) out.per_minute = found->per_minute(now);
  return out;
}

domain::BrakeCounts RolloutBoard::brake_counts(domain::DeploymentId deployment) const {
  const std::lock_guard lock(mutex_);
  const Entry* found = find(deployment);
  return found == nullptr ? domain::BrakeCounts{} : domain::brake_counts(found->all);
}

std::vector<TrippedBrake> RolloutBoard::tripped() const {
  std::vector<TrippedBrake> out;
  if (tripped_.load() == 0) return out;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, where] : entries_) {
    if (where->tripped) out.push_back(*where->tripped);
  }
  std::sort(out.begin(), out.end(),
            [](const auto& a, const auto& b) { return a.deployment < b.deployment; });
  return out;
}

// --- Beginning and checking ---------------------------------------------------------------------

base::Status RolloutBoard::load(Store& store,
                                const std::shared_ptr<const domain::Snapshot>& snapshot,
                                base::Time now) {
  OTARU_TRY(counts, store.load_task_counts());
  {
    const std::lock_guard lock(mutex_);
    entries_.clear();
    tripped_ = 0;
    for (const auto& row : counts) {
      Entry& where = entry(row.deployment);
      where.add(row);
      where.begun().spend(now);
    }
  }
  follow(snapshot);
  return {};
}

base::Status RolloutBoard::verify(Store& store) const {
  using Counts = std::map<TaskCount, int64_t>;  // n of the key is 0
  const auto count = [](Counts& into, TaskCount row) {
    const int64_t n = std::exchange(row.n, 0);
    if ((into[row] += n) == 0) into.erase(row);
  };
  Counts recount;
  TaskFilter filter;
  filter.before_id = std::numeric_limits<int64_t>::max();
  filter.limit = limits::kVerifyTasksPage;
  for (;;) {
    OTARU_TRY(page, store.list_tasks(filter));
    for (const auto& task : page) count(recount, domain::counted(task, 1));
    if (page.size() < filter.limit) break;
    filter.before_id = page.back().id.value;
  }
  OTARU_TRY(rows, store.load_task_counts());
  Counts stored;
  for (const auto& row : rows) count(stored, row);
  if (stored != recount) {
    return base::fail(base::Code::internal, "the store's counters differ from its tasks");
  }
  std::map<domain::DeploymentId, std::map<int64_t, domain::Tally>> tallies;
  for (const auto& row : rows) tallies[row.deployment][row.wave].add(row);
  const std::lock_guard lock(mutex_);
  for (const auto& [id, where] : entries_) {
    if (where->waves == tallies[id]) continue;
    return base::fail(base::Code::internal, "the board's counters of deployment " +
                                                std::to_string(id.value) +
                                                " differ from its tasks");
  }
  for (const auto& [id, waves] : tallies) {
    if (waves.empty() || find(id) != nullptr) continue;
    return base::fail(base::Code::internal,
                      "the board does not know deployment " + std::to_string(id.value));
  }
  return {};
}

}  // namespace otaru::app
