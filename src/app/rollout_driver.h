// SPDX-License-Identifier: Apache-2.0
// What happens to deployments without anybody asking: what is scheduled starts, waves open when the
// gate of the one before holds, tripped brakes are carried out, deadlines pass, tasks whose device
// keeps silent fail, and the open tasks of deployments that have ended are ended too.
//
//  * Nothing is looked for in the fleet: tasks are found by their due_at and, where a deployment
//    has ended, by deployment and state; both by an index.
//  * All steps of one turn are one change of the catalogue, because each change builds a new
//    snapshot.
//  * Every step looks again at the moment when it is made, under the catalogue's lock or within a
//    device's unit of work, and does nothing when its reason is gone. So it does not matter when
//    the process dies: what was to be done is in the rows, and the next turn finds it again.
//
// Threads: any; the work is done on a thread of its own, or by drive() in tests and simulation.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "app/catalogue_service.h"
#include "app/engine.h"

namespace otaru::app {

class RolloutDriver {
 public:
  enum class Mode { thread, manual };
  // Both outlive the driver.
  RolloutDriver(Engine& engine, CatalogueService& catalogue, Mode mode);
  ~RolloutDriver();
  RolloutDriver(const RolloutDriver&) = delete;
  RolloutDriver& operator=(const RolloutDriver&) = delete;

  // After Engine::start() and CatalogueService::start(). From now on devices can be expected to
  // come: what was due before waits for them a little (limits::kRestartGraceMs).
  base::Status start();

  // One turn: whatever is due at `now`. True when there is more to do at once. A store that fails
  // is logged, and asked again with the next turn.
  bool drive(base::Time now);
  // When the next thing is due that is known now; nothing: none. Tasks are not among them.
  std::optional<base::Time> next_known() const;
  // Something has changed that it should look at: a brake, a catalogue.
  void wake();
  void stop();  // behind the batch that is under way; for good

 private:
  struct Sweep {
    domain::TaskId after;     // those up to here have had their turn
    base::Time again_until;  // a check may be under way that has not seen the end
  };

  void look_at_catalogue(base::Time now);
  std::vector<RolloutStep> steps_due(base::Time now);
  std::optional<RolloutStep> step_of(const domain::Deployment& row, base::Time now);
  std::optional<RolloutStep> gate_step(const domain::Deployment& row, base::Time now);
  void add_brakes(std::vector<RolloutStep>& steps) const;
  std::vector<RolloutStep> brakes_tripped() const;
  bool take(std::vector<RolloutStep> steps);
  base::Result<bool> take_due_tasks(base::Time now);
  base::Result<bool> sweep_ended(base::Time now);
  void note(base::Time at);
  void run();

  Engine& engine_;
  CatalogueService& catalogue_;
  const Mode mode_;
  base::Time up_since_;

  std::mutex turn_mutex_;  // one turn at a time; guards what follows
  std::shared_ptr<const domain::Snapshot> seen_;
  std::vector<domain::DeploymentId> watched_;       // of seen_: something may be due
  std::map<domain::DeploymentId, bool> known_;      // of seen_: whether it has ended
  std::map<domain::DeploymentId, Sweep> to_sweep_;  // ended ones that may have open tasks

  mutable std::mutex wake_mutex_;
  std::condition_variable wake_;
  std::optional<base::Time> next_;  // guarded by wake_mutex_
  bool stopping_ = false;           // guarded by wake_mutex_
  bool woken_ = false;              // guarded by wake_mutex_
  std::thread thread_;
};

}  // namespace otaru::app
