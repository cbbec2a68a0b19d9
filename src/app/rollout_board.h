// SPDX-License-Identifier: Apache-2.0
// What changes with every check: how far each deployment has come, how fast it may go on, and
// whether a brake has tripped. In memory; the store keeps the same counters beside the tasks.
//
//  * Counters equal a recount of the tasks at any moment: a unit of work changes them at the very
//    moment when its states are swapped, inside the same locks (Engine::commit), and takes them
//    back when its transaction fails.
//  * Rates are exact: asking (look) takes nothing; who gives a task to a device reserves its place
//    first, and only what was reserved begins. A reservation that is not committed is returned.
//  * Brakes are weighed when the counters change. From then on nothing is admitted, and no unit of
//    work that reserved before is committed: the brake acts within one check. The driver
//    (rollout_driver.h) then makes it a change of the deployment's state. After a restart the
//    counters are the same, so it trips again.
//
// Threads: any. Its mutex is a leaf: nothing is called and nothing waited for while it is held.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "app/begin_window.h"
#include "app/ports/store.h"
#include "base/result.h"
#include "domain/admission.h"
#include "domain/rollout.h"
#include "domain/snapshot.h"

namespace otaru::app {

// A brake that holds a deployment which the catalogue still calls running.
struct TrippedBrake {
  domain::DeploymentId deployment;
  size_t index = 0;  // into Deployment::brakes
  domain::Brake brake;
  std::string why;  // with the numbers: for Rollout::stopped_by
};

struct RolloutProgress {
  std::map<int64_t, domain::Tally> waves;  // those that have tasks
  domain::Tally all;
  int64_t reserved = 0;           // places taken by checks that are being answered
  int64_t per_minute = 0;         // Rate::per_minute as it has grown; 0: no limit
  int64_t begun_last_minute = 0;  // only counted with a limit
  std::optional<TrippedBrake> tripped;
};

class RolloutBoard final : public domain::Admissions {
 public:
  RolloutBoard();
  ~RolloutBoard() override;
  RolloutBoard(const RolloutBoard&) = delete;
  RolloutBoard& operator=(const RolloutBoard&) = delete;

  // At the start, before anything else: the counters, and the deployments that they belong to. The
  // minute before counts as used up for every deployment that has a rate and tasks, so that limits
  // hold across a crash.
  base::Status load(Store& store, const std::shared_ptr<const domain::Snapshot>& snapshot,
                    base::Time now);
  // The catalogue changed. Called before others see it.
  void follow(const std::shared_ptr<const domain::Snapshot>& snapshot);

  domain::Admission look(domain::DeploymentId deployment, int64_t bytes,
                         base::Time now) const override {
    return look(deployment, bytes, now, 0);
  }
  // `freed`: places of the deployment that the same unit of work gives up: a device that is led to
  // a newer release needs no second one.
  domain::Admission look(domain::DeploymentId deployment, int64_t bytes, base::Time now,
                         int64_t freed) const;

  // A place for one task that is about to begin, returned by the destructor unless enter() took it.
  class Reservation {
   public:
    Reservation() = default;
    Reservation(Reservation&& other) noexcept;
    Reservation& operator=(Reservation&& other) noexcept;
    ~Reservation();
    explicit operator bool() const { return board_ != nullptr; }
    domain::DeploymentId deployment() const { return deployment_; }

   private:
    friend class RolloutBoard;
    RolloutBoard* board_ = nullptr;
    domain::DeploymentId deployment_;
    int64_t bytes_ = 0;
    base::Time at_;
  };
  struct Reserved {
    Reservation place;          // empty: refused
    domain::Admission refusal;  // why, as look() says it
  };
  Reserved reserve(domain::DeploymentId deployment, int64_t bytes, base::Time now,
                   int64_t freed = 0);

  // For Engine::commit, at the moment when states are swapped: the tasks of a unit of work as they
  // were (n -1) and are (n +1), and what it reserved. False: a brake tripped since it reserved, so
  // it has to be run again; nothing has changed.
  bool enter(std::span<const domain::TaskCount> differences, std::span<Reservation> places);
  // What was entered has not become durable after all.
  void leave(std::span<const domain::TaskCount> differences);

  RolloutProgress progress(domain::DeploymentId deployment, base::Time now) const;
  // What brakes weigh, without what was forgiven before. Whoever resumes a deployment stores this
  // as Rollout::forgiven.
  domain::BrakeCounts brake_counts(domain::DeploymentId deployment) const;
  // Those that nobody has acted upon yet. Cheap while there are none.
  std::vector<TrippedBrake> tripped() const;

  // When a device that must wait should ask again: `free_at`, and as much later as it takes to
  // serve those that wait as well, each device at a place of its own in that time.
  base::Time come_back(domain::DeploymentId deployment, std::string_view device_key,
                       base::Time free_at, base::Time now);

  // Code::internal naming the first counter that differs from a recount of all tasks in the store,
  // or from the store's own counters. Only while nothing is being committed.
  base::Status verify(Store& store) const;

 private:
  struct Entry;
  Entry& entry(domain::DeploymentId id);
  const Entry* find(domain::DeploymentId id) const;
  static domain::Admission refusal(const BeginWindow::Answer& answer);
  static std::optional<domain::Admission> stopped(const Entry& entry, base::Time now,
                                                  int64_t freed);
  static std::optional<TrippedBrake> weighed(domain::DeploymentId id, const Entry& entry);
  void set_tripped(Entry& entry, std::optional<TrippedBrake> next);
  void give_back(const Reservation& place);

  mutable std::mutex mutex_;
  std::unordered_map<domain::DeploymentId, std::unique_ptr<Entry>> entries_;  // guarded by mutex_
  std::atomic<int64_t> tripped_{0};  // how many entries
};

}  // namespace otaru::app
