// SPDX-License-Identifier: Apache-2.0
// Dry runs of deployments: jobs that read the fleet page by page, beside the checks and without
// writing anything. One runs at a time, the oldest first. Results live in memory: they are as old
// as the catalogue and the fleet that they were made of, and asking again is cheap.
//
// Threads: any; the work is done on a thread of its own (or by step(), in tests).
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/actor.h"
#include "app/engine.h"
#include "domain/door.h"
#include "domain/dry_run.h"

namespace otaru::app {

enum class DryRunState { queued, running, finished, failed };
std::string_view name_of(DryRunState v);

struct DryRunRow {
  int64_t number = 0;  // counts up over all deployments
  domain::DeploymentId deployment;
  domain::TenantId tenant;
  DryRunState state = DryRunState::queued;
  base::Time at;              // the moment it is about
  std::string message;        // why it failed
  std::string started_by;     // for people
  int64_t devices_total = 0;  // of the tenant, when it began
  base::Time created_at;
  std::optional<base::Time> ended_at;
  // So far, while it runs.
  domain::DryRunCount count;
  // Once it has finished:
  domain::DryRunEstimate estimate;
  std::vector<domain::DryRunExample> examples;  // one of each group
  double devices_per_second = 0;
};

class DryRunService {
 public:
  enum class Mode { thread, manual };
  // Both outlive the service.
  DryRunService(Engine& engine, const domain::Doors& doors, Mode mode);
  ~DryRunService();  // ends behind the page that is being read
  DryRunService(const DryRunService&) = delete;
  DryRunService& operator=(const DryRunService&) = delete;

  // `at`: empty is now. Code::not_found, Code::precondition for a deployment that has ended,
  // Code::exhausted while too many wait.
  base::Result<DryRunRow> start(const Actor& actor, domain::DeploymentId deployment,
                                std::optional<base::Time> at);
  base::Result<DryRunRow> find(domain::DeploymentId deployment, int64_t number) const;
  std::vector<DryRunRow> list(domain::DeploymentId deployment) const;  // newest first
  // Ends it if it is not over, and forgets it.
  base::Status remove(domain::DeploymentId deployment, int64_t number);

  // The next page of the oldest one that is not over; false when there is none.
  bool step();

 private:
  struct Job;
  using Rows = std::map<int64_t, DryRunRow>;
  base::Result<std::unique_ptr<Job>> open(const DryRunRow& row) const;
  base::Result<bool> read_page(Job& job) const;  // whether there is more
  std::optional<DryRunRow> oldest() const;
  void publish(const Job& job);
  void finish(const Job& job);
  void end(int64_t number, DryRunState state, std::string message);
  void forget_old();
  void run();

  Engine& engine_;
  const domain::Doors& doors_;
  const Mode mode_;
  mutable std::mutex rows_mutex_;
  Rows rows_;                 // guarded by rows_mutex_
  int64_t highest_ = 0;       // guarded by rows_mutex_
  std::mutex step_mutex_;     // held while a page is read
  std::unique_ptr<Job> job_;  // guarded by step_mutex_
  std::mutex wake_mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by wake_mutex_
  bool pending_ = true;    // guarded by wake_mutex_
  std::thread thread_;
};

}  // namespace otaru::app
