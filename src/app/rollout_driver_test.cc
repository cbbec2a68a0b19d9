// SPDX-License-Identifier: Apache-2.0
#include "app/rollout_driver.h"

#include "base/limits.h"
#include "tests/sim/fault_store.h"
#include "tests/support/service_world.h"

namespace otaru::app {
namespace {

using base::Time;
using domain::Aftermath;
using domain::Deployment;
using domain::DeploymentId;
using domain::DeploymentState;
using domain::FailureClass;
using domain::kDefaultTenant;
using domain::Task;
using domain::TaskState;

constexpr int64_t kMinute = base::kMinuteMs;

class RolloutDriverTest : public ServiceTest {
 protected:
  RolloutDriverTest() {
    up();
    EXPECT_TRUE(catalogue->first_start().has_value());
    lamp = product("lamp");
    old = published(lamp, "1.0");
    fresh = published(lamp, "2.0");
  }

  // A new process, with its driver.
  void up() {
    driver.reset();
    restart();
    driver = std::make_unique<RolloutDriver>(*engine, *catalogue, RolloutDriver::Mode::manual);
    ASSERT_TRUE(driver->start().has_value());
  }

  // A deployment of release 2.0 for everyone, with whatever else it says.
  DeploymentId deployment(std::string name, const std::function<void(Deployment&)>& say) {
    DeploymentChange with;
    with.name = std::move(name);
    with.target = domain::DeploymentTarget{fresh, {}, "", {}};
    const auto made = catalogue->create_deployment(kOperator, kDefaultTenant, with);
    EXPECT_TRUE(made.has_value());
    change(made->id, say);
    return made->id;
  }
  DeploymentId running(std::string name, const std::function<void(Deployment&)>& say) {
    const auto id = deployment(std::move(name), say);
    const auto done = catalogue->act(kOperator, id, DeploymentAction::start);
    EXPECT_TRUE(done.has_value()) << done.error().message;
    return id;
  }
  void change(DeploymentId id, const std::function<void(Deployment&)>& say) {
    auto rows = engine->snapshot()->rows();
    for (auto& row : rows.deployments) {
      if (row.id != id) continue;
      say(row);
      WriteBatch batch;
      batch.ops.emplace_back(row);
      ASSERT_TRUE(engine->write_and_wait(std::move(batch)).has_value());
    }
    auto next = domain::Snapshot::build(std::move(rows));
    ASSERT_TRUE(next.has_value()) << next.error().message;
    engine->set_snapshot(*next);
  }
  Deployment row(DeploymentId id) { return *engine->snapshot()->deployment(id)->deployment; }

  // A device that is offered the update, and says how it goes.
  void visit(std::string_view key, std::string_view version,
             const std::vector<domain::TaskEvent>& reports = {}) {
    const auto work = [&](DeviceGateway& gateway) -> base::Status {
      OTARU_TRY(ref, gateway.identify(kDefaultTenant, key, Identify::find_or_register));
      domain::CheckIn in;
      in.product = lamp;
      in.slot = "lamp";
      in.version = version;
      OTARU_TRY(answer, gateway.check(ref, in, TaskBirth::record));
      for (const auto event : reports) {
        TaskReport report;
        report.event = event;
        OTARU_CHECK(gateway.report(ref, answer.task->id, report));
      }
      engine->note_visit(gateway);
      return {};
    };
    const auto done = engine->run_blocking("test", work);
    EXPECT_TRUE(done.has_value()) << done.error().message;
  }
  Task task(std::string_view key) {
    const auto device = *store.find_device(kDefaultTenant, key);
    EXPECT_TRUE(device && !device->tasks.empty()) << key;
    return device->tasks.front();
  }
  // As the board does when a task is born or moves on.
  void set_task(std::string_view key, const std::function<void(Task&)>& say) {
    Task row = task(key);
    say(row);
    WriteBatch batch;
    batch.ops.emplace_back(std::move(row));
    ASSERT_TRUE(engine->write_and_wait(std::move(batch)).has_value());
    engine->devices().forget(kDefaultTenant, key);
  }

  // So many tasks of the wave ended, by devices that have nothing else to say.
  void ended(DeploymentId id, int64_t succeeded, int64_t failed, int64_t wave = 0) {
    WriteBatch batch;
    for (int64_t n = 0; n < succeeded + failed; ++n) {
      domain::Device device;
      device.tenant = kDefaultTenant;
      device.key = "made" + std::to_string(++made_);
      const auto bucket = domain::bucket_for(kDefaultTenant, device.key);
      device.id = engine->next_device_id(bucket);
      Task row;
      row.id = engine->next_task_id(bucket);
      row.device = device.id;
      row.deployment = id;
      row.product = lamp;
      row.target = fresh;
      row.wave = wave;
      row.state = n < succeeded ? TaskState::succeeded : TaskState::failed;
      batch.ops.emplace_back(PutDevice{device});
      batch.ops.emplace_back(row);
    }
    ASSERT_TRUE(engine->write_and_wait(std::move(batch)).has_value());
    up();  // the board counts what is stored
  }

  void drive() {
    for (int turn = 0; turn < 100; ++turn) {
      if (!driver->drive(clock.now())) return;
    }
    FAIL() << "it does not come to an end";
  }
  std::vector<std::string> deeds() {
    std::vector<std::string> out;
    const auto entries = *store.read_journal(0, 1000);
    for (const auto& entry : entries) {
      if (entry.actor_name == "rollout") out.push_back(entry.action + " " + entry.subject_id);
    }
    return out;
  }
  using States = std::map<TaskState, int64_t>;
  States states_of(DeploymentId id) {
    States out;
    const auto counts_of = *store.count_tasks(id);
    for (const auto& count : counts_of) out[count.state] += count.n;
    return out;
  }
  bool journal_says(std::string_view text) {
    const auto entries = *store.read_journal(0, 1000);
    return std::any_of(entries.begin(), entries.end(), [text](const auto& entry) {
      return entry.changes.find(text) != std::string::npos;
    });
  }

  std::unique_ptr<RolloutDriver> driver;
  int64_t made_ = 0;
  domain::ProductId lamp;
  domain::ReleaseId old;
  domain::ReleaseId fresh;
};

using Texts = std::vector<std::string>;

// --- Time ----------------------------------------------------------------------------------------

TEST_F(RolloutDriverTest, starts_what_is_scheduled_when_its_time_has_come) {
  const Time when = clock.now() + 5 * kMinute;
  const auto id = running("later", [&](Deployment& row) { row.starts_at = when; });
  EXPECT_EQ(row(id).state, DeploymentState::scheduled);
  EXPECT_FALSE(row(id).rollout.started_at);
  drive();
  EXPECT_EQ(driver->next_known(), when);
  clock.advance(5 * kMinute - 1);
  drive();
  EXPECT_EQ(row(id).state, DeploymentState::scheduled);
  clock.advance(1);
  up();  // and the server was restarted in between
  drive();
  EXPECT_EQ(row(id).state, DeploymentState::running);
  EXPECT_EQ(row(id).rollout.started_at, when);
  EXPECT_EQ(row(id).rollout.open_waves, 1);
  EXPECT_EQ(deeds(), Texts{"deployment.start " + std::to_string(id.value)});
  EXPECT_TRUE(journal_says("its time has come"));
}

TEST_F(RolloutDriverTest, one_that_is_paused_before_its_time_is_scheduled_again) {
  const auto id =
      running("later", [&](Deployment& row) { row.starts_at = clock.now() + kMinute; });
  ASSERT_TRUE(catalogue->act(kOperator, id, DeploymentAction::pause));
  ASSERT_TRUE(catalogue->act(kOperator, id, DeploymentAction::resume));
  EXPECT_EQ(row(id).state, DeploymentState::scheduled);
  ASSERT_TRUE(catalogue->act(kOperator, id, DeploymentAction::pause));
  clock.advance(kMinute);
  drive();
  EXPECT_EQ(row(id).state, DeploymentState::paused);
  ASSERT_TRUE(catalogue->act(kOperator, id, DeploymentAction::resume));
  EXPECT_EQ(row(id).state, DeploymentState::running);
}

TEST_F(RolloutDriverTest, finishes_at_the_deadline_and_lets_open_tasks_expire) {
  const auto deadline = [&](Deployment& row) { row.deadline = clock.now() + kMinute; };
  const auto one = running("one", deadline);
  visit("d1", "1.0");
  const auto two = running("two", deadline);
  ASSERT_TRUE(catalogue->act(kOperator, two, DeploymentAction::pause));
  drive();
  EXPECT_EQ(driver->next_known(), clock.now() + kMinute);
  clock.advance(kMinute);
  const auto before = engine->committer().stats().batches.load();
  driver->drive(clock.now());
  // Both in one change of the catalogue, and the task.
  EXPECT_LE(engine->committer().stats().batches.load() - before, 2);
  drive();
  EXPECT_EQ(row(one).state, DeploymentState::finished);
  EXPECT_EQ(row(two).state, DeploymentState::finished);
  EXPECT_EQ(row(one).rollout.stopped_by, "the deadline has passed");
  EXPECT_EQ(task("d1").state, TaskState::expired);
  EXPECT_EQ(task("d1").failure, FailureClass::expired);
  EXPECT_EQ(deeds().size(), 2u);
}

// --- Waves ---------------------------------------------------------------------------------------

domain::Wave wave(std::string name, int64_t share, domain::Gate gate = {}) {
  domain::Wave out;
  out.name = std::move(name);
  out.share_ppm = share;
  out.gate = gate;
  return out;
}

TEST_F(RolloutDriverTest, a_wave_opens_when_the_gate_of_the_one_before_holds) {
  domain::Gate gate;
  gate.sample_min = 2;
  gate.success_ppm_min = 900'000;
  const auto id = running("waves", [&](Deployment& row) {
    row.waves = {wave("test", 10'000, gate), wave("rest", domain::kWholeShare)};
  });
  drive();
  EXPECT_EQ(row(id).rollout.open_waves, 1);
  ended(id, 1, 1);
  drive();
  EXPECT_EQ(row(id).rollout.open_waves, 1);
  ended(id, 17, 0);
  clock.advance(kMinute);
  drive();
  EXPECT_EQ(row(id).rollout.open_waves, 2);
  EXPECT_EQ(row(id).rollout.wave_opened_at, clock.now());
  EXPECT_EQ(deeds(), Texts{"deployment.open_wave " + std::to_string(id.value)});
  EXPECT_TRUE(journal_says("18 of 19 ended tasks succeeded"));
  drive();
  EXPECT_EQ(row(id).rollout.open_waves, 2);  // there is no third
}

TEST_F(RolloutDriverTest, a_gate_has_to_hold_for_the_soak_time_without_a_break) {
  domain::Gate gate;
  gate.sample_min = 2;
  gate.failure_ppm_max = 100'000;
  gate.soak_ms = 10 * kMinute;
  const auto id = running("waves", [&](Deployment& row) {
    row.waves = {wave("test", 10'000, gate), wave("rest", domain::kWholeShare)};
  });
  ended(id, 2, 0);
  drive();
  const Time met = clock.now();
  EXPECT_EQ(row(id).rollout.gate_met_at, met);
  EXPECT_EQ(driver->next_known(), met + 10 * kMinute);
  clock.advance(9 * kMinute);
  ended(id, 0, 1);
  drive();
  EXPECT_FALSE(row(id).rollout.gate_met_at);
  ended(id, 18, 0);
  clock.advance(kMinute);
  drive();
  EXPECT_EQ(row(id).rollout.gate_met_at, clock.now());
  EXPECT_EQ(row(id).rollout.open_waves, 1);
  clock.advance(10 * kMinute - 1);
  drive();
  EXPECT_EQ(row(id).rollout.open_waves, 1);
  clock.advance(1);
  up();
  drive();
  EXPECT_EQ(row(id).rollout.open_waves, 2);
  EXPECT_FALSE(row(id).rollout.gate_met_at);
}

TEST_F(RolloutDriverTest, a_gate_may_want_a_person_too) {
  domain::Gate gate;
  gate.sample_min = 1;
  gate.approval = true;
  const auto id = running("waves", [&](Deployment& row) {
    row.waves = {wave("test", 10'000, gate), wave("rest", domain::kWholeShare)};
  });
  ended(id, 5, 0);
  drive();
  EXPECT_EQ(row(id).rollout.open_waves, 1);
  EXPECT_EQ(refusal(catalogue->open_next_wave(kOperator, id, "now")), "precondition");
  ASSERT_TRUE(catalogue->approve_wave(kOperator, id, "looks good"));
  EXPECT_EQ(refusal(catalogue->approve_wave(kOperator, id, "again")), "precondition");
  drive();
  EXPECT_EQ(row(id).rollout.open_waves, 2);
  EXPECT_FALSE(row(id).rollout.next_approved);
  EXPECT_EQ(refusal(catalogue->approve_wave(kOperator, id, "")), "precondition");
}

TEST_F(RolloutDriverTest, a_person_opens_a_wave_but_not_behind_test_devices) {
  domain::Gate gate;
  gate.sample_min = 10;
  const auto id = running("waves", [&](Deployment& row) {
    row.waves = {wave("test", 10'000, gate), wave("some", 20'000, gate),
                 wave("rest", domain::kWholeShare)};
    row.waves[0].test = true;
  });
  EXPECT_EQ(refusal(catalogue->open_next_wave(kOperator, id, "")), "invalid reason");
  EXPECT_EQ(refusal(catalogue->open_next_wave(kOperator, id, "hurry")), "precondition");
  ended(id, 10, 0);
  ASSERT_TRUE(catalogue->open_next_wave(kOperator, id, "hurry"));
  ASSERT_TRUE(catalogue->open_next_wave(kOperator, id, "hurry on"));
  EXPECT_EQ(row(id).rollout.open_waves, 3);
  EXPECT_EQ(refusal(catalogue->open_next_wave(kOperator, id, "more")), "precondition");
  EXPECT_TRUE(journal_says("hurry on"));
  EXPECT_TRUE(deeds().empty());
}

TEST_F(RolloutDriverTest, a_step_that_came_too_late_is_not_taken) {
  const auto id = running("waves", [&](Deployment& row) {
    row.waves = {wave("a", 1, {}), wave("b", 2, {}), wave("c", 3, {})};
    row.waves[0].gate.sample_min = 1;
  });
  RolloutStep step;
  step.what = RolloutStep::What::open_wave;
  step.deployment = id;
  step.open_waves = 1;
  EXPECT_EQ(*catalogue->take_steps({&step, 1}), 1u);
  EXPECT_EQ(*catalogue->take_steps({&step, 1}), 0u);
  EXPECT_EQ(row(id).rollout.open_waves, 2);
  step.open_waves = 2;
  ASSERT_TRUE(catalogue->act(kOperator, id, DeploymentAction::pause));
  EXPECT_EQ(*catalogue->take_steps({&step, 1}), 0u);
}

// --- Tasks that fall due -------------------------------------------------------------------------

TEST_F(RolloutDriverTest, a_task_fails_when_nothing_is_heard_of_it_for_too_long) {
  running("one", [&](Deployment& row) { row.timeouts.pending_ms = 10 * kMinute; });
  visit("d1", "1.0");
  set_task("d1", [&](Task& task) { task.due_at = clock.now() + 10 * kMinute; });
  clock.advance(10 * kMinute - 1);
  drive();
  EXPECT_EQ(task("d1").state, TaskState::pending);
  clock.advance(1);
  drive();
  EXPECT_EQ(task("d1").state, TaskState::failed);
  EXPECT_EQ(task("d1").failure, FailureClass::timeout);
  EXPECT_EQ(task("d1").due_at.ms, 0);
  const auto history = *store.task_history(task("d1").id);
  EXPECT_EQ(history.back().detail, "server: no word for 600 s");
  // Failing it is not a visit.
  EXPECT_EQ(engine->last_seen(std::vector<domain::DeviceId>{task("d1").device})->front(),
            clock.now() + -10 * kMinute);
}

TEST_F(RolloutDriverTest, the_time_runs_on_while_the_server_is_down_but_devices_get_a_moment) {
  running("one", [&](Deployment& row) { row.timeouts.downloading_ms = 10 * kMinute; });
  visit("d1", "1.0", {domain::TaskEvent::download_started});
  visit("d2", "1.0", {domain::TaskEvent::download_started});
  for (const auto* key : {"d1", "d2"}) {
    set_task(key, [&](Task& task) { task.due_at = clock.now() + 10 * kMinute; });
  }
  clock.advance(60 * kMinute);
  up();
  drive();
  EXPECT_EQ(task("d1").state, TaskState::downloading);
  visit("d2", "1.0");
  set_task("d2", [&](Task& task) { task.due_at = clock.now() + 10 * kMinute; });
  clock.advance(base::limits::kRestartGraceMs);
  drive();
  EXPECT_EQ(task("d1").state, TaskState::failed);
  EXPECT_EQ(task("d2").state, TaskState::downloading);
}

TEST_F(RolloutDriverTest, what_waits_for_a_paused_deployment_has_time) {
  const auto id = running("one", [&](Deployment& row) {
    row.timeouts.pending_ms = 10 * kMinute;
    row.timeouts.upgrading_ms = 10 * kMinute;
  });
  visit("d1", "1.0");
  visit("d2", "1.0", {domain::TaskEvent::downloaded});
  for (const auto* key : {"d1", "d2"}) {
    set_task(key, [&](Task& task) { task.due_at = clock.now() + 10 * kMinute; });
  }
  ASSERT_TRUE(catalogue->act(kOperator, id, DeploymentAction::pause, "lunch"));
  clock.advance(10 * kMinute);
  drive();
  EXPECT_EQ(task("d1").state, TaskState::pending);
  EXPECT_EQ(task("d1").due_at, clock.now() + 10 * kMinute);
  EXPECT_EQ(task("d2").state, TaskState::failed);
}

TEST_F(RolloutDriverTest, thousands_fall_due_at_once) {
  running("one", [&](Deployment& row) { row.timeouts.pending_ms = kMinute; });
  constexpr int kDevices = 1'200;
  for (int i = 0; i < kDevices; ++i) visit("d" + std::to_string(i), "1.0");
  WriteBatch batch;
  for (int i = 0; i < kDevices; ++i) {
    Task row = task("d" + std::to_string(i));
    row.due_at = clock.now() + kMinute;
    batch.ops.emplace_back(row);
  }
  ASSERT_TRUE(engine->write_and_wait(std::move(batch)).has_value());
  clock.advance(kMinute);
  up();
  clock.advance(kMinute);
  const auto before = engine->committer().stats().transactions.load();
  drive();
  EXPECT_LE(engine->committer().stats().transactions.load() - before, 12);
  EXPECT_TRUE(store.due_tasks(Time{INT64_MAX}, 1)->empty());
  EXPECT_EQ(states_of(DeploymentId{1}), (States{{TaskState::failed, kDevices}}));
}

// --- What follows an installation ----------------------------------------------------------------

TEST_F(RolloutDriverTest, a_device_that_does_not_come_back_is_silent) {
  running("one", [&](Deployment& row) { row.watch.silence_ms = 30 * kMinute; });
  const auto watched = [&](Task& task) {
    task.aftermath = Aftermath::watched;
    task.due_at = clock.now() + 30 * kMinute;
  };
  for (const auto* key : {"gone", "back", "noted"}) {
    visit(key, "1.0", {domain::TaskEvent::downloaded, domain::TaskEvent::installed});
    set_task(key, watched);
  }
  clock.advance(kMinute);
  visit("back", "2.0");
  engine->tick(clock.now());  // written
  clock.advance(kMinute);
  visit("noted", "2.0");  // still gathered in memory only
  clock.advance(28 * kMinute);
  drive();
  EXPECT_EQ(task("gone").aftermath, Aftermath::silent);
  EXPECT_EQ(task("back").aftermath, Aftermath::healthy);
  EXPECT_EQ(task("noted").aftermath, Aftermath::healthy);
  EXPECT_EQ(task("gone").state, TaskState::succeeded);
  EXPECT_TRUE(store.due_tasks(Time{INT64_MAX}, 1)->empty());
}

TEST_F(RolloutDriverTest, one_that_came_back_may_still_complain) {
  running("one", [&](Deployment& row) {
    row.watch.silence_ms = 30 * kMinute;
    row.watch.health_ms = 60 * kMinute;
  });
  visit("d1", "1.0", {domain::TaskEvent::downloaded, domain::TaskEvent::installed});
  set_task("d1", [&](Task& task) {
    task.aftermath = Aftermath::watched;
    task.due_at = clock.now() + 30 * kMinute;
  });
  const Time installed = clock.now();
  clock.advance(kMinute);
  visit("d1", "2.0");
  clock.advance(29 * kMinute);
  drive();
  EXPECT_EQ(task("d1").aftermath, Aftermath::watched);
  EXPECT_EQ(task("d1").due_at, installed + 60 * kMinute);
  clock.advance(30 * kMinute);
  drive();
  EXPECT_EQ(task("d1").aftermath, Aftermath::healthy);
  EXPECT_EQ(task("d1").due_at.ms, 0);
}

TEST_F(RolloutDriverTest, silence_while_the_server_was_down_is_no_silence) {
  running("one", [&](Deployment& row) { row.watch.silence_ms = 30 * kMinute; });
  for (const auto* key : {"gone", "early", "late"}) {
    visit(key, "1.0", {domain::TaskEvent::downloaded, domain::TaskEvent::installed});
    set_task(key, [&](Task& task) {
      task.aftermath = Aftermath::watched;
      task.due_at = clock.now() + 30 * kMinute;
    });
  }
  clock.advance(kMinute);
  visit("early", "2.0");
  ASSERT_TRUE(engine->flush().has_value());
  clock.advance(90 * kMinute);
  up();
  drive();
  EXPECT_EQ(task("early").aftermath, Aftermath::healthy);
  EXPECT_EQ(task("gone").aftermath, Aftermath::watched);
  visit("late", "2.0");
  clock.advance(base::limits::kRestartGraceMs);
  drive();
  EXPECT_EQ(task("late").aftermath, Aftermath::healthy);
  EXPECT_EQ(task("gone").aftermath, Aftermath::silent);
}

// --- Deployments that have ended -----------------------------------------------------------------

TEST_F(RolloutDriverTest, open_tasks_end_with_their_deployment_although_nobody_comes_back) {
  const auto id = running("one", [](Deployment&) {});
  for (int i = 0; i < 700; ++i) visit("d" + std::to_string(i), "1.0");
  drive();
  ASSERT_TRUE(catalogue->act(kOperator, id, DeploymentAction::cancel, "enough"));
  EXPECT_TRUE(driver->drive(clock.now()));  // bounded: there is more
  up();                                     // and after a restart it goes on
  drive();
  EXPECT_EQ(states_of(id), (States{{TaskState::cancelled, 700}}));
}

TEST_F(RolloutDriverTest, a_check_that_had_not_seen_the_end_is_ended_later) {
  const auto id = running("one", [](Deployment&) {});
  drive();
  ASSERT_TRUE(catalogue->act(kOperator, id, DeploymentAction::cancel, "enough"));
  drive();
  // It began before, and is stored after.
  const auto device = domain::bucket_for(kDefaultTenant, "d1");
  domain::Device late;
  late.id = engine->next_device_id(device);
  late.tenant = kDefaultTenant;
  late.key = "d1";
  Task row;
  row.id = engine->next_task_id(device);
  row.device = late.id;
  row.deployment = id;
  row.product = lamp;
  row.target = fresh;
  WriteBatch batch;
  batch.ops = {PutDevice{late}, row};
  ASSERT_TRUE(engine->write_and_wait(std::move(batch)).has_value());
  clock.advance(base::limits::kSweepAgainMs / 2);
  drive();
  EXPECT_EQ(task("d1").state, TaskState::cancelled);
  clock.advance(base::limits::kSweepAgainMs);
  drive();
  EXPECT_FALSE(driver->next_known());
}

// --- Rolling back --------------------------------------------------------------------------------

TEST_F(RolloutDriverTest, rolling_back_makes_the_deployment_that_heals) {
  const auto id = running("bad", [&](Deployment& row) {
    row.audience.share_ppm = 500'000;
    row.audience.filter = "version == \"1.0\"";
    row.audience.hardware = {"A"};
    row.excluded_keys = {"x"};
  });
  EXPECT_EQ(refusal(catalogue->roll_back(kOperator, id, {old, {}}, "")), "invalid reason");
  EXPECT_EQ(refusal(catalogue->roll_back(kOperator, id, {}, "bad")), "invalid back_to");
  EXPECT_EQ(refusal(catalogue->roll_back(kOperator, id, {fresh, {}}, "bad")),
            "precondition back_to.release");
  EXPECT_EQ(refusal(catalogue->roll_back(kOperator, id, {domain::ReleaseId{99}, {}}, "bad")),
            "not_found back_to.release");
  const auto done = catalogue->roll_back(kOperator, id, {old, {}}, "lamps flicker");
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(done->state, DeploymentState::rolled_back);
  EXPECT_EQ(done->rollout.stopped_by, "admin: lamps flicker");
  const Deployment healing = row(done->rollout.healed_by);
  EXPECT_EQ(healing.heals, id);
  EXPECT_EQ(healing.name, "take back bad");
  EXPECT_EQ(healing.state, DeploymentState::running);
  EXPECT_EQ(healing.target.release, old);
  EXPECT_EQ(healing.from_versions, Texts{"2.0"});
  EXPECT_EQ(healing.audience.share_ppm, domain::kWholeShare);
  EXPECT_EQ(healing.audience.filter, "");
  EXPECT_EQ(healing.audience.hardware, Texts{"A"});
  EXPECT_EQ(healing.excluded_keys, domain::KeySet{"x"});
  EXPECT_EQ(healing.urgency, domain::Urgency::forced);
  EXPECT_NE(healing.downgrade_reason.find("lamps flicker"), std::string::npos);
  EXPECT_TRUE(healing.rollout.started_at);
  EXPECT_EQ(refusal(catalogue->roll_back(kOperator, id, {old, {}}, "again")), "precondition");
  // The next id is a new one.
  const auto other = deployment("other", [](Deployment&) {});
  EXPECT_GT(other, done->rollout.healed_by);
}

TEST_F(RolloutDriverTest, a_channel_is_taken_back_to_a_release) {
  published(lamp, "3.0");
  const auto id = running("standing", [&](Deployment& row) {
    row.target = domain::DeploymentTarget{{}, {}, "stable", {}};
  });
  ASSERT_TRUE(catalogue->roll_back(kOperator, id, {old, {}}, "bad"));
  EXPECT_EQ(row(row(id).rollout.healed_by).from_versions, (Texts{"2.0", "3.0"}));
}

TEST_F(RolloutDriverTest, a_step_that_cannot_be_taken_does_not_keep_others_back) {
  const auto bad = running("bad", [](Deployment&) {});
  const auto late =
      running("late", [&](Deployment& row) { row.starts_at = clock.now() + kMinute; });
  clock.advance(kMinute);
  std::vector<RolloutStep> steps(2);
  steps[0].what = RolloutStep::What::roll_back;
  steps[0].deployment = bad;
  steps[0].open_waves = 1;
  steps[0].back_to.release = domain::ReleaseId{99};
  steps[1].what = RolloutStep::What::start;
  steps[1].deployment = late;
  EXPECT_FALSE(catalogue->take_steps(steps));
  EXPECT_EQ(row(late).state, DeploymentState::scheduled);
  drive();
  EXPECT_EQ(row(late).state, DeploymentState::running);
}

// --- Brakes -------------------------------------------------------------------------------------

constexpr std::initializer_list<domain::TaskEvent> kFails = {domain::TaskEvent::downloaded,
                                                             domain::TaskEvent::failed};

domain::Brake brake(domain::BrakeAction action, domain::ReleaseId back = {}) {
  domain::Brake out;
  out.count_min = 2;
  out.action = action;
  out.back_to_release = back;
  return out;
}

TEST_F(RolloutDriverTest, a_tripped_brake_pauses_and_what_was_before_is_forgiven_with_resuming) {
  const auto id = running("one", [](Deployment& row) {
    row.brakes = {brake(domain::BrakeAction::pause)};
  });
  visit("d1", "1.0", kFails);
  drive();
  EXPECT_EQ(row(id).state, DeploymentState::running);
  visit("d2", "1.0", kFails);
  up();  // the process dies before it is carried out
  drive();
  EXPECT_EQ(row(id).state, DeploymentState::paused);
  EXPECT_EQ(row(id).rollout.stopped_by.find("brake 1: 2 of 2"), 0u) << row(id).rollout.stopped_by;
  EXPECT_EQ(deeds(), Texts{"deployment.pause " + std::to_string(id.value)});
  ASSERT_TRUE(catalogue->act(kOperator, id, DeploymentAction::resume, "looked at"));
  drive();
  EXPECT_EQ(row(id).state, DeploymentState::running);
  EXPECT_EQ(row(id).rollout.stopped_by, "");
  visit("d3", "1.0", kFails);
  up();
  drive();
  EXPECT_EQ(row(id).state, DeploymentState::running);
  visit("d4", "1.0", kFails);
  drive();
  EXPECT_EQ(row(id).state, DeploymentState::paused);
}

TEST_F(RolloutDriverTest, a_brake_rolls_back_in_one_transaction) {
  const auto id = running("bad", [&](Deployment& row) {
    row.brakes = {brake(domain::BrakeAction::roll_back, old)};
  });
  for (const auto* key : {"d1", "d2"}) visit(key, "1.0", kFails);
  drive();
  EXPECT_EQ(row(id).state, DeploymentState::rolled_back);
  EXPECT_EQ(row(row(id).rollout.healed_by).target.release, old);
  EXPECT_EQ(deeds(), Texts{"deployment.roll_back " + std::to_string(id.value)});
  const auto events = store.read_events({});
  const auto told = [&](std::string_view type) {
    return std::count_if(events->begin(), events->end(),
                         [type](const auto& event) { return event.type == type; });
  };
  EXPECT_EQ(told("deployment.braked"), 1);
  EXPECT_EQ(told("deployment.rolled_back"), 1);
  EXPECT_EQ(told("deployment.started"), 2);
}

TEST_F(RolloutDriverTest, a_brake_with_nothing_to_go_back_to_cancels) {
  const auto id = running("bad", [&](Deployment& row) {
    row.brakes = {brake(domain::BrakeAction::roll_back, old)};
  });
  for (const auto* key : {"d1", "d2"}) visit(key, "1.0", kFails);
  ASSERT_TRUE(catalogue->revoke_release(kOperator, old).has_value());
  drive();
  EXPECT_EQ(row(id).state, DeploymentState::cancelled);
  EXPECT_NE(row(id).rollout.stopped_by.find("not rolled back"), std::string::npos);
}

// --- The process dies ----------------------------------------------------------------------------

// Everything the driver does, with a crash at the n-th call of the store; then a new process goes
// on. Whatever n is, the end is the same.
class RolloutCrash : public RolloutDriverTest {
 protected:
  // False: there was no n-th call any more.
  bool crash_at(int64_t n) {
    int64_t calls = 0;
    tests::FaultStore faulty(store, [&] { return ++calls == n; });
    engine_store = &faulty;
    up();
    calls = 0;
    bool crashed = false;
    try {
      drive();
    } catch (const tests::CrashNow&) {
      crashed = true;
    }
    engine_store = &store;
    up();
    return crashed;
  }
};

TEST_F(RolloutCrash, at_any_step_leaves_the_same_end) {
  const auto scheduled =
      running("later", [&](Deployment& row) { row.starts_at = clock.now() + kMinute; });
  const auto ended = running("ended", [](Deployment&) {});
  visit("d1", "1.0");
  visit("d2", "1.0");
  ASSERT_TRUE(catalogue->act(kOperator, ended, DeploymentAction::cancel, "enough"));
  const auto slow = running("slow", [&](Deployment& row) { row.timeouts.pending_ms = kMinute; });
  visit("d3", "1.0");
  set_task("d3", [&](Task& task) { task.due_at = clock.now() + kMinute; });
  const auto bad = running("bad", [&](Deployment& row) {
    row.brakes = {brake(domain::BrakeAction::roll_back, old)};
  });
  for (const auto* key : {"d4", "d5"}) visit(key, "1.0", kFails);
  clock.advance(2 * kMinute);
  up();
  const auto grace = [&] { clock.advance(base::limits::kRestartGraceMs); };
  grace();
  int64_t n = 1;
  while (crash_at(n)) {
    ++n;
    ASSERT_LT(n, 200);
  }
  grace();
  drive();
  EXPECT_GT(n, 5);
  EXPECT_EQ(row(scheduled).state, DeploymentState::running);
  EXPECT_EQ(task("d1").state, TaskState::cancelled);
  EXPECT_EQ(task("d2").state, TaskState::cancelled);
  EXPECT_EQ(task("d3").state, TaskState::failed);
  EXPECT_EQ(task("d3").deployment, slow);
  EXPECT_EQ(row(bad).state, DeploymentState::rolled_back);
  EXPECT_EQ(engine->snapshot()->rows().deployments.size(), 5u);  // healed once
  EXPECT_EQ(deeds().size(), 2u);
}

}  // namespace
}  // namespace otaru::app
