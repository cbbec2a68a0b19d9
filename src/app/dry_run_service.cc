// SPDX-License-Identifier: Apache-2.0
#include "app/dry_run_service.h"

#include <algorithm>

#include "base/limits.h"

namespace otaru::app {
namespace {

namespace limits = base::limits;
using base::Code;

bool is_over(DryRunState state) {
  return state != DryRunState::queued && state != DryRunState::running;
}

base::Status no_such_run(int64_t number) {
  return base::fail_field(Code::not_found, "n", "there is no dry run " + std::to_string(number));
}

}  // namespace

struct DryRunService::Job {
  int64_t number = 0;
  domain::TenantId tenant;
  std::string after;  // cursor of the list of devices
  base::Time began;
  std::shared_ptr<const domain::Snapshot> snapshot;
  std::unique_ptr<domain::DryRun> run;
};

DryRunService::DryRunService(Engine& engine, const domain::Doors& doors, Mode mode)
    : engine_(engine), doors_(doors), mode_(mode) {
  if (mode_ == Mode::thread) thread_ = std::thread([this] { run(); });
}

DryRunService::~DryRunService() {
  {
    const std::lock_guard lock(wake_mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void DryRunService::run() {
  std::unique_lock lock(wake_mutex_);
  while (!stopping_) {
    pending_ = false;
    lock.unlock();
    const bool more = step();
    lock.lock();
    if (!more) wake_.wait(lock, [this] { return stopping_ || pending_; });
  }
}

base::Result<DryRunRow> DryRunService::start(const Actor& actor, domain::DeploymentId deployment,
                                             std::optional<base::Time> at) {
  const auto* compiled = engine_.snapshot()->deployment(deployment);
  if (compiled == nullptr) {
    return base::fail_field(Code::not_found, "id", "there is no such deployment");
  }
  const domain::Deployment& subject = *compiled->deployment;
  if (domain::has_ended(subject.state)) {
    return base::fail(Code::precondition, "the deployment is " +
                                              std::string(domain::name_of(subject.state)) +
                                              ": it will not run again");
  }
  DryRunRow row;
  row.deployment = deployment;
  row.tenant = subject.tenant;
  row.created_at = engine_.clock().now();
  row.at = at.value_or(row.created_at);
  row.started_by = actor.name;
  {
    const std::lock_guard lock(rows_mutex_);
    const auto waiting = std::count_if(
        rows_.begin(), rows_.end(), [](const auto& entry) { return !is_over(entry.second.state); });
    if (static_cast<size_t>(waiting) >= limits::kDryRunsWaitingMax + limits::kDryRunsAtOnce) {
      return base::fail(Code::exhausted, "too many dry runs wait for their turn; try again later");
    }
    row.number = ++highest_;
    rows_.emplace(row.number, row);
    forget_old();
  }
  {
    const std::lock_guard lock(wake_mutex_);
    pending_ = true;
  }
  wake_.notify_all();
  return row;
}

// Called with rows_mutex_ held.
void DryRunService::forget_old() {
  for (auto at = rows_.begin(); at != rows_.end() && rows_.size() > limits::kDryRunsKept;) {
    at = is_over(at->second.state) ? rows_.erase(at) : std::next(at);
  }
}

base::Result<DryRunRow> DryRunService::find(domain::DeploymentId deployment, int64_t number) const {
  const std::lock_guard lock(rows_mutex_);
  const auto found = rows_.find(number);
  if (found == rows_.end() || found->second.deployment != deployment) {
    return base::fail(no_such_run(number).error());
  }
  return found->second;
}

std::vector<DryRunRow> DryRunService::list(domain::DeploymentId deployment) const {
  std::vector<DryRunRow> out;
  const std::lock_guard lock(rows_mutex_);
  for (auto at = rows_.rbegin(); at != rows_.rend(); ++at) {
    if (at->second.deployment == deployment) out.push_back(at->second);
  }
  return out;
}

base::Status DryRunService::remove(domain::DeploymentId deployment, int64_t number) {
  const std::lock_guard lock(rows_mutex_);
  const auto found = rows_.find(number);
  if (found == rows_.end() || found->second.deployment != deployment) return no_such_run(number);
  rows_.erase(found);  // a page that is being read of it is the last one
  return {};
}

std::optional<DryRunRow> DryRunService::oldest() const {
  const std::lock_guard lock(rows_mutex_);
  for (const auto& entry : rows_) {
    if (!is_over(entry.second.state)) return entry.second;
  }
  return std::nullopt;
}

base::Result<std::unique_ptr<DryRunService::Job>> DryRunService::open(const DryRunRow& row) const {
  auto job = std::make_unique<Job>();
  job->number = row.number;
  job->tenant = row.tenant;
  job->began = engine_.clock().now();
  OTARU_TRY(snapshot, domain::as_if_running(*engine_.snapshot(), row.deployment));
  job->snapshot = std::move(snapshot);
  job->run = std::make_unique<domain::DryRun>(*job->snapshot, doors_, row.deployment, row.at);
  return job;
}

base::Result<bool> DryRunService::read_page(Job& job) const {
  DeviceFilter page;
  page.tenant = job.tenant;
  page.after = job.after;
  page.limit = limits::kDryRunPageDevices;
  OTARU_TRY(rows, engine_.store().list_devices(page));
  std::vector<std::string_view> keys;
  for (const auto& row : rows) {
    if (job.run->concerns(row.device)) keys.push_back(row.device.key);
  }
  // With their tasks: the list has none. One that was deleted meanwhile is counted as it was.
  OTARU_TRY(whole, engine_.store().find_devices(job.tenant, keys));
  size_t next = 0;
  for (const auto& row : rows) {
    const bool concerned = next < keys.size() && keys[next] == row.device.key;
    const std::optional<domain::Device>* found = concerned ? &whole[next++] : nullptr;
    job.run->add(found != nullptr && *found ? **found : row.device);
  }
  if (rows.size() < page.limit) return false;
  job.after = std::to_string(job.tenant.value) + "\n" + rows.back().device.key;
  return true;
}

bool DryRunService::step() {
  const std::lock_guard lock(step_mutex_);
  const auto row = oldest();
  if (!row) {
    job_.reset();
    return false;
  }
  if (!job_ || job_->number != row->number) {
    auto opened = open(*row);
    if (!opened) {
      end(row->number, DryRunState::failed, opened.error().message);
      return true;
    }
    job_ = std::move(*opened);
  }
  const auto more = read_page(*job_);
  if (!more) {
    end(row->number, DryRunState::failed, more.error().message);
  } else {
    publish(*job_);
    if (!*more) finish(*job_);
  }
  return true;
}

void DryRunService::publish(const Job& job) {
  const std::lock_guard lock(rows_mutex_);
  const auto found = rows_.find(job.number);
  if (found == rows_.end()) return;
  DryRunRow& row = found->second;
  row.state = DryRunState::running;
  row.count = job.run->count();
  row.devices_total = std::max(engine_.device_count(job.tenant), row.count.devices);
  const int64_t spent_ms = std::max<int64_t>(1, engine_.clock().now() - job.began);
  row.devices_per_second =
      static_cast<double>(row.count.devices) * 1000.0 / static_cast<double>(spent_ms);
}

void DryRunService::finish(const Job& job) {
  std::vector<domain::DryRunExample> examples;
  for (const auto& [key, group] : job.run->count().groups) {
    if (group.sample.empty()) continue;
    const auto device = engine_.store().find_device(job.tenant, group.sample.front().second);
    if (!device || !*device) continue;
    auto example = job.run->example(**device, key.first, key.second);
    if (example) examples.push_back(std::move(*example));
  }
  {
    const std::lock_guard lock(rows_mutex_);
    const auto found = rows_.find(job.number);
    if (found != rows_.end()) {
      found->second.examples = std::move(examples);
      found->second.estimate = domain::estimate(job.run->row(), found->second.count);
    }
  }
  end(job.number, DryRunState::finished, {});
}

void DryRunService::end(int64_t number, DryRunState state, std::string message) {
  const std::lock_guard lock(rows_mutex_);
  const auto found = rows_.find(number);
  if (found != rows_.end()) {
    DryRunRow& row = found->second;
    row.state = state;
    row.message = std::move(message);
    row.ended_at = engine_.clock().now();
  }
  job_.reset();
}

std::string_view name_of(DryRunState v) {
  switch (v) {
    case DryRunState::queued:
      return "queued";
    case DryRunState::running:
      return "running";
    case DryRunState::finished:
      return "finished";
    case DryRunState::failed:
      return "failed";
  }
  return "failed";
}

}  // namespace otaru::app
