// SPDX-License-Identifier: Apache-2.0
// The waist: the eight verbs through which every dialect reaches the one decision and the one
// history. A gateway is one unit of work: it is made for one request, and nothing a handler did
// takes effect before the handler returned and the engine committed it.
//
// Waiting is not the handler's business. When a verb needs a device that is not in memory it notes
// the miss and answers Code::unavailable; the engine then drops whatever the handler returned,
// loads the device, and runs the handler again from the start with a fresh gateway. When two
// requests change one device at once, the later one is run again the same way. So a handler must
// have no effect except through its gateway. What a response relies on is durable before it is
// sent.
//
// Threads: one at a time. Lifetime: the call of Dialect::handle; references returned are valid
// until the next verb that changes the device.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/actor.h"
#include "app/journal.h"
#include "app/ports/blob.h"
#include "app/ports/store.h"
#include "app/rollout_board.h"
#include "base/result.h"
#include "base/time.h"
#include "domain/decide.h"
#include "domain/device.h"
#include "domain/snapshot.h"

namespace otaru::app {

class Engine;
using DeviceState = std::shared_ptr<const domain::Device>;

// The door of operators: what comes through it does not count as having seen the device.
inline constexpr std::string_view kOperatorDoor = "operator";
// The same for what the server does by itself (rollout_driver.h).
inline constexpr std::string_view kServerDoor = "server";

// A device within one unit of work.
struct DeviceRef {
  size_t index = 0;
};

enum class Identify {
  find,              // Code::not_found when unknown
  find_or_register,  // a new device is born (Code::exhausted over kDevicesPerTenantMax)
  // A new device is born blocked and pending: somebody has to approve it (Code::exhausted over
  // kPendingDevicesMax of its tenant as well).
  find_or_register_pending,
};

// What a device says about itself without asking for an offer. Only changes are written.
struct Inventory {
  struct Version {
    std::string_view slot;
    domain::ProductId product;  // zero: keep what is known
    std::string_view version;
  };
  std::vector<Version> versions;
  std::vector<std::pair<std::string_view, std::string_view>> attributes;
  // It said all there is: attributes of before that are not among `attributes` go, except these.
  bool replace_attributes = false;
  std::vector<std::string_view> kept = {};
  std::vector<std::string_view> removed = {};  // attributes that go, unless they are stated as well
};

// What units of work before this one, of the same request, had read from the store.
struct LoadedRows {
  struct History {
    domain::TaskId task;
    size_t lines_max = 0;  // asked for
    std::vector<domain::TaskHistory> lines;
  };
  std::vector<History> histories;
};

// What check() answers: the decision, and the task the offer belongs to. For an anonymous or
// listing-only check there is no task.
struct CheckResult {
  domain::Decision decision;
  const domain::Task* task = nullptr;            // valid until the next changing verb
  const domain::Release* release = nullptr;      // of the offer
  std::vector<const domain::Package*> packages;  // of the offer, in order
  const domain::Deployment* deployment = nullptr;
};

enum class TaskBirth {
  record,  // an offer is recorded as a task (or the open one goes on)
  none,    // only look: nothing is written at all
};

// What a version stated in a check means for an open task with that very target.
enum class StatedVersion {
  completes,  // the device runs it: the task ends as succeeded
  // It says nothing: the task goes on and is offered again. OneNET completes tasks by the version
  // message or a result only; its check answers a task even when target and version are equal. A
  // protocol whose polls say no version passes Component::version as it is known: nothing is
  // written.
  keeps_task,
};

// A device's message about a task.
struct TaskReport {
  domain::TaskEvent event = domain::TaskEvent::installed;
  domain::FailureClass failure = domain::FailureClass::none;
  std::optional<int64_t> progress_percent;
  std::optional<int64_t> steps_done;
  // Whether it was installing by then, where the protocol knows; else the failure's class says it.
  std::optional<bool> began;
  std::string_view result;  // the device's own code or words
  std::string_view detail;  // for the history
};

// What somebody behind a device says of its updates (domain/consent.h).
struct ConsentSaid {
  domain::ConsentStep step = domain::ConsentStep::chosen;
  domain::ConsentChoice choice = domain::ConsentChoice::unset;  // chosen
  std::optional<base::Time> until;                              // chosen: or nothing; postponed
  domain::TaskId task;   // granted, refused; postponed: or zero, for all of them
  std::string_view who;  // behind the door; may be empty
};

// Where a payload's bytes are. Code::not_found when the blob is missing: logged as an error.
struct Payload {
  const domain::Package* package = nullptr;
  std::shared_ptr<OpenBlob> blob;
};

class DeviceGateway {
 public:
  // `loaded`: what a gateway before this one missed (loaded_rows()), for the same request.
  DeviceGateway(Engine& engine, std::string_view door, base::Time now,
                std::shared_ptr<const LoadedRows> loaded = nullptr);
  ~DeviceGateway();
  DeviceGateway(const DeviceGateway&) = delete;
  DeviceGateway& operator=(const DeviceGateway&) = delete;

  const domain::Snapshot& catalogue() const { return *snapshot_; }
  base::Time now() const { return now_; }

  // 1. identify: who is this? By key within a tenant, or through one of its tasks.
  base::Result<DeviceRef> identify(domain::TenantId tenant, std::string_view key, Identify mode);
  base::Result<DeviceRef> identify_by_task(domain::TaskId task);

  // identify, for protocols whose requests carry a session token (OAuth2): the living sessions.
  // Written like everything else: durable before the response is sent.
  std::optional<SessionRow> find_session(std::string_view key) const;
  // By the hash of the token that sessions are indexed under (SessionRow::token_index).
  std::optional<SessionRow> find_session_by_token(std::string_view token_index) const;
  base::Status put_session(SessionRow row);  // Code::exhausted over kSessionsMax
  void erase_session(std::string_view key);

  // 2. check: what should it run? Records the reported version (and what follows from it: a task
  // whose target is reported ends as succeeded, see StatedVersion), then decides. With
  // TaskBirth::none, or for a device without identity (check_anonymous), nothing is written.
  base::Result<CheckResult> check(DeviceRef device, const domain::CheckIn& check_in,
                                  TaskBirth birth, StatedVersion stated = StatedVersion::completes);
  base::Result<CheckResult> check_anonymous(domain::TenantId tenant,
                                            const domain::CheckIn& check_in);

  // 3. describe: the device and its tasks as they are, changes of this unit of work included.
  const domain::Device& describe(DeviceRef device) const;
  const domain::Task* find_task(DeviceRef device, domain::TaskId task) const;
  // The newest lines of a task's history, oldest first; what this unit of work adds is not among
  // them. Read from the store, and a miss before that. Not in Engine::run_many.
  base::Result<std::vector<domain::TaskHistory>> history(DeviceRef device, domain::TaskId task,
                                                         size_t newest_max);

  // 4. open_payload: the bytes of a package. The caller serves ranges from the descriptor.
  base::Result<Payload> open_payload(domain::PackageId package);

  // 5. progress: percent of the current phase; moves pending -> downloading, and at 100 of the
  // download -> upgrading. Code::precondition as the transition table says.
  base::Status progress(DeviceRef device, domain::TaskId task, int64_t percent,
                        std::string_view detail);

  // 6. report: an event of the transition table. On `installed` the component's version becomes the
  // task's target. Code::not_found for a task that is not this device's, Code::precondition. What
  // comes too late, about a task that was cancelled or given up, is noted in its history and not
  // obeyed, except that a version stated with it is recorded; it is Code::precondition too.
  base::Status report(DeviceRef device, domain::TaskId task, const TaskReport& what);

  // The device confirms that it stopped with a task that was cancelled or expired, or never began:
  // domain::end_acknowledged() from then on. Code::not_found for a task that is not this device's,
  // Code::precondition for one that is open, succeeded or failed. Again: nothing is written.
  // Part of verb 6.
  base::Status acknowledge_end(DeviceRef device, domain::TaskId task, std::string_view detail);
  // A remark about a task in any state: a line of its history, nothing else, except that an open
  // task's time starts anew. Code::not_found for a task that is not this device's, Code::exhausted
  // once the task has kHistoryPerTaskMax lines. Remarks that come with report() or progress() end
  // there, too, silently; what changes the state is always noted. Part of verb 6.
  base::Status note(DeviceRef device, domain::TaskId task, std::string_view event,
                    std::string_view detail);

  // A task that is recorded as failed at birth: the device is in the audience of an explicit
  // deployment but says it is other hardware (OneNET errno 8). Part of verb 6.
  base::Status report_mismatch(DeviceRef device, domain::DeploymentId deployment,
                               domain::ReleaseId release, std::string_view slot,
                               domain::FailureClass failure, std::string_view detail);

  // Consent: what was said takes effect with the next check and is remembered with the device.
  // Code::not_found for a task that is not this device's; Code::precondition for one that is under
  // way or over (it can be cancelled), and for a "yes" where the device opted out; Code::invalid
  // for a time that is not after now, or too far. Part of verb 6.
  base::Status consent(DeviceRef device, const ConsentSaid& said);

  // 7. attributes: versions and attributes; through the operators' door the attributes that
  // operators set, through others those that the device reported, and so with what goes. A reported
  // version that equals an open task's target (same slot; by the product's version order, else by
  // text) completes that task.
  base::Status attributes(DeviceRef device, const Inventory& inventory);
  // The task's download token: issues one (generation + 1) when it has none or it expired, else
  // extends it; returns its generation. Part of verb 7.
  base::Result<int64_t> extend_token(DeviceRef device, domain::TaskId task, int64_t lifetime_ms);

  // The device's own secret, sealed (Secrets::seal_text); empty: none any more. For operators, and
  // for doors that keep the one which a device presented when it registered itself. Sealing the
  // same secret again gives another text: only set what is new.
  void set_secret(DeviceRef device, std::string sealed);

  // Not for dialects: what only operators change (fleet_service.h).
  // Serving a device that waits for approval is approving it.
  void set_blocked(DeviceRef device, bool blocked);
  // What a person says of a device that waits for approval: it is served from now on, or it stays
  // blocked. Code::precondition for one that does not wait.
  base::Status approve(DeviceRef device);
  base::Status reject(DeviceRef device);
  void remove_attribute(DeviceRef device, std::string_view key);
  void set_tags(DeviceRef device, std::vector<std::string> tags);          // sorted, each once
  void set_groups(DeviceRef device, std::vector<domain::GroupId> groups);  // sorted, each once
  // Task::due_at has come: by the server, not by dialects. False: the task is too old to be kept
  // with its device. Nothing when it is not due any more.
  struct Due {
    base::Time last_seen;  // of the device
    base::Time up_since;   // before, the server could not be reached
  };
  base::Result<bool> fall_due(DeviceRef device, domain::TaskId task, const Due& due);
  // Who does this, for the journal: what changes by this unit of work becomes one entry. The tenant
  // is the device's.
  void sign(const Actor& actor, Deed deed) { signed_ = Signed{actor, std::move(deed)}; }
  // With its tasks and history; nothing else may follow. May read the store.
  base::Status erase(DeviceRef device);

  // 8. log: a line in the device's log (and the server's). At most kLogBytesMax are kept.
  void log(DeviceRef device, std::string_view text);

 private:
  friend class Engine;
  struct Touched;
  Touched& touched(DeviceRef device) const;
  DeviceRef touch(domain::TenantId tenant, std::string_view key, DeviceState base);
  domain::Device& change(DeviceRef device);
  void note_task(Touched& what, domain::Task& task, domain::TaskState from, std::string_view event,
                 std::string_view detail);
  // The same for what changes no state: false when the task has enough of it.
  bool remark(Touched& what, domain::Task& task, std::string_view event, std::string_view detail);
  // Only the line: neither what is said of the task last, nor when it is due. False: it is full.
  bool add_line(Touched& what, domain::Task& task, domain::TaskState from, std::string_view event,
                std::string_view detail);
  // An operator registered the device; now it is known which protocol it speaks.
  void note_door(Touched& what) const;
  base::Status move(Touched& what, domain::Task& task, domain::TaskEvent event,
                    std::string_view detail);
  // Ends open tasks whose deployment, release or deadline has ended since the device last asked.
  void settle(Touched& what);
  base::Status lose_patience(Touched& what, domain::Task& task, const Due& due);
  void judge_aftermath(Touched& what, domain::Task& task, const Due& due);
  void put_off(Touched& what, domain::Task& task, base::Time until);  // ms 0: never
  base::Status give_up(Touched& what, domain::Task& task, const domain::Decision& decision);
  void record_version(Touched& what, std::string_view slot, domain::ProductId product,
                      std::string_view version);
  base::Status record_attributes(Touched& what, const Inventory& inventory);
  void forget_attributes(Touched& what, const Inventory& inventory);
  void complete_by_version(Touched& what, std::string_view slot, std::string_view version);
  domain::Task& new_task(Touched& what, domain::DeploymentId deployment,
                         const domain::Release& release, std::string_view slot);
  // device_gateway_admission.cc: the decision as of this very moment, and a place for what begins.
  domain::Decision decide_now(const Touched& what, const domain::CheckIn& check_in,
                              TaskBirth birth);
  bool claim(const domain::Task& task);
  void set_due(domain::Task& task) const;
  base::Status answer_pending(DeviceRef device, bool welcome);
  void end_pending(Touched& what, bool welcome);
  void begin_watch(domain::Task& task, domain::TaskEvent event) const;
  void note_health(Touched& what, std::string_view said);
  void note_late(Touched& what, domain::TaskId task, domain::TaskEvent event,
                 std::string_view result, std::string_view detail);
  CheckResult result_of(domain::Decision decision) const;
  // A task that waits for consent is born when its device first asks, so that it can be answered.
  const domain::Task* ask_for_consent(Touched& what, const domain::CheckIn& check_in,
                                      const domain::Decision& decision);

  Engine& engine_;
  std::string_view door_;
  base::Time now_;
  std::shared_ptr<const domain::Snapshot> snapshot_;
  std::vector<std::unique_ptr<Touched>> devices_;
  // Session changes, and what this unit of work believed each session to be before.
  std::vector<WriteOp> session_ops_;
  std::vector<std::pair<std::string, std::optional<SessionRow>>> sessions_before_;
  std::vector<RolloutBoard::Reservation> places_;
  struct Signed {
    Actor actor;
    Deed deed;
  };
  std::optional<Signed> signed_;  // by operators only
  // What is missing in memory; read by the engine.
  struct Miss {
    domain::TenantId tenant = {};
    std::string key = {};
    domain::TaskId task = {};
    bool any = false;
    bool history = false;  // of `task`
    size_t lines_max = 0;
  } miss_;
  std::shared_ptr<const LoadedRows> loaded_;
};

}  // namespace otaru::app
