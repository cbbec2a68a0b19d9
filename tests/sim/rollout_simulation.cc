// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/rollout_simulation.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <set>

#include "app/catalogue_service.h"
#include "app/rollout_driver.h"
#include "app/upload_service.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "tests/sim/fault_store.h"
#include "tests/sim/rollout_watch.h"
#include "tests/sim/sim_catalogue.h"
#include "tests/support/world.h"

namespace otaru::tests {
namespace {

using domain::BrakeKind;
using domain::Deployment;
using domain::DeploymentId;
using domain::DeploymentState;

constexpr size_t kTellMax = 20;
constexpr int64_t kRoundMs = 10 * 60'000;  // every device polls once in that time
constexpr int64_t kDriveEveryMs = 5'000;
constexpr int64_t kSilenceMs = 30 * 60'000;
constexpr int64_t kSoakMs = 5 * 60'000;
constexpr DeploymentId kBad{1};

struct RolloutDevice {
  std::unique_ptr<dialect::SimDevice> device;
  const SimProduct* product = nullptr;
  bool ran_bad = false;
};

class RolloutSimulation {
 public:
  explicit RolloutSimulation(const RolloutOptions& options)
      : options_(options),
        random_(options.seed),
        watch_([this](const std::string& what) { violation(what); }) {
    add_sim_dialects(world_, token_random_);
    catalogue_ = make_rollout_catalogue(world_);
    world_.load(catalogue_.rows);
    faults_ = std::make_unique<FaultStore>(world_.store(), [this] { return crash_here(); });
    faults_->set_watcher([this](auto batches) { watch_.committed(batches); });
    world_.set_engine_store(faults_.get());
    restart();
    make_fleet();
  }

  RolloutReport run() {
    deploy_bad();
    act("the bad kit is stopped",
        [this] { return state_of(kBad) == DeploymentState::rolled_back; });
    // Everybody asks once more: nobody is given what was taken back.
    round();
    act("whoever ran it is healed", [this] { return nobody_runs_bad(); });
    deploy_good();
    act("the next kit reaches them", [this] { return share_runs_good(); });
    faulty_ = false;
    round();
    check_end();
    return report_;
  }

 private:
  void violation(const std::string& what) {
    if (report_.violations.size() < kTellMax) report_.violations.push_back(what);
  }

  bool crash_here() {
    return faulty_ && random_.below(1'000'000) < static_cast<uint64_t>(options_.crash_per_million);
  }
  bool roll(int64_t per_mille) {
    return faulty_ && random_.below(1'000) < static_cast<uint64_t>(per_mille);
  }

  // --- The server -------------------------------------------------------------------------------

  void restart() {
    const bool before = faulty_;
    faulty_ = false;
    driver_.reset();
    service_.reset();
    uploads_.reset();
    world_.restart();
    uploads_ = std::make_unique<app::UploadService>(world_.engine(), token_random_);
    service_ = std::make_unique<app::CatalogueService>(world_.engine(), *uploads_, world_.secrets(),
                                                       token_random_);
    OTARU_ASSERT(service_->start().has_value());
    driver_ = std::make_unique<app::RolloutDriver>(world_.engine(), *service_,
                                                   app::RolloutDriver::Mode::manual);
    OTARU_ASSERT(driver_->start().has_value());
    faulty_ = before;
  }

  bool survive(const std::function<void()>& work) {
    try {
      work();
      return true;
    } catch (const CrashNow&) {
      ++report_.crashes;
      restart();
      return false;
    }
  }

  void drive() {
    survive([this] {
      world_.engine().tick(world_.now());
      driver_->drive(world_.now());
      while (world_.engine().committer().pump()) {
      }
    });
  }

  const Deployment* deployment(DeploymentId id) {
    const auto* found = world_.engine().snapshot()->deployment(id);
    return found == nullptr ? nullptr : found->deployment;
  }
  DeploymentState state_of(DeploymentId id) { return deployment(id)->state; }

  void put(const Deployment& row) {
    const bool before = faulty_;
    faulty_ = false;
    domain::CatalogueRows rows;
    rows.deployments = {row};
    world_.load(rows);
    restart();
    faulty_ = before;
  }

  // --- The fleet --------------------------------------------------------------------------------

  bool is_test_device(std::string_view key) const { return key.ends_with(test_ending_); }

  dialect::SimOutcome outcome(std::string_view key, std::string_view version,
                              base::Random& random) const {
    const bool bad =
        std::find(bad_versions_.begin(), bad_versions_.end(), version) != bad_versions_.end();
    const bool harmed = bad && !is_test_device(key) &&
                        random.below(100) < static_cast<uint64_t>(options_.harmed_percent);
    if (!harmed) return {};
    using domain::FailureClass;
    switch (options_.harm) {
      case BrakeKind::failures:
        if (random.below(8) == 0) return {dialect::SimFate::dies, FailureClass::unknown};
        return {dialect::SimFate::fails,
                random.below(2) == 0 ? FailureClass::boot : FailureClass::verification};
      case BrakeKind::silence:
        return {dialect::SimFate::vanishes, FailureClass::unknown};
      case BrakeKind::health:
        return {dialect::SimFate::unwell, FailureClass::unknown};
    }
    return {};
  }

  void make_fleet() {
    // Ten or so of every size of fleet.
    for (size_t size = options_.devices; size >= 1'000; size /= 10) test_ending_ += '0';
    test_ending_ += '7';
    for (const auto& product : catalogue_.products) {
      base_versions_.push_back(version_of(product, 0));
      bad_versions_.push_back(version_of(product, 1));
    }
    auto conduct = std::make_shared<dialect::SimConduct>();
    conduct->install = [this](std::string_view key, std::string_view version,
                              base::Random& random) { return outcome(key, version, random); };
    std::vector<std::shared_ptr<const dialect::SimWords>> words;
    for (const auto& product : catalogue_.products) {
      words.push_back(std::make_shared<const dialect::SimWords>(product.words));
    }
    fleet_.reserve(options_.devices);
    for (size_t i = 0; i < options_.devices; ++i) {
      const size_t at = i % catalogue_.products.size();
      const SimProduct& product = catalogue_.products[at];
      dialect::SimIdentity identity;
      identity.key = product.key_prefix + std::to_string(i);
      identity.host = "ota.example";
      identity.shared_words = words[at];
      identity.conduct = conduct;
      if (is_test_device(identity.key)) test_devices_.push_back(i);
      fleet_.push_back({product.make(std::move(identity)), &product, false});
    }
  }

  std::string version_of(const SimProduct& product, size_t nth) const {
    size_t at = 0;
    for (const auto& release : catalogue_.rows.releases) {
      if (release.product == product.id && at++ == nth) return release.version;
    }
    return {};
  }

  base::Result<dialect::WireReply> send(const std::string& bytes) {
    const auto gone = [] { return base::fail(base::Code::unavailable, "the network failed"); };
    if (roll(options_.lost_per_mille)) {
      ++report_.lost;
      return gone();
    }
    ++report_.exchanges;
    std::string answer;
    if (!survive([&] { answer = world_.exchange(bytes); })) return gone();
    if (roll(options_.lost_per_mille)) {
      ++report_.lost;
      return gone();
    }
    auto reply = parse_reply(answer);
    if (reply && roll(options_.cut_per_mille)) {
      reply->body.resize(random_.below(reply->body.size() + 1));
    }
    return reply;
  }

  // One step of one device; whether it goes on at once.
  bool step(RolloutDevice& item) {
    ++report_.steps;
    std::vector<dialect::SimEvent> events;
    const dialect::Transport transport = [this](const std::string& bytes) { return send(bytes); };
    const std::string before = item.device->running_version();
    const bool busy = item.device->step(transport, world_.now(), random_, events);
    const std::string version = item.device->running_version();
    if (version == before) return busy;
    const auto known = item.product->images.find(version);
    if (known == item.product->images.end() ||
        !known->second.contains(item.device->running_image_sha256())) {
      violation(item.device->key() + " runs " + version + " from bytes that are not of it");
    }
    if (runs_bad(item) && !item.ran_bad) {
      if (good_) violation(item.device->key() + " was led through what was taken back");
      item.ran_bad = true;
      ++report_.bad_installs;
    }
    return busy;
  }

  bool runs_bad(const RolloutDevice& item) const {
    const auto at = static_cast<size_t>(item.product - catalogue_.products.data());
    return item.device->running_version() == bad_versions_[at];
  }

  // A poll: a device that finds nothing to do sleeps again, one with an update goes on later.
  void poll(size_t index) {
    RolloutDevice& item = fleet_[index];
    if (item.device->silent()) return;
    if (step(item)) busy_.insert(index);
  }

  // Virtual time goes on; whoever is under way has most of it.
  void pass(int64_t milliseconds) {
    world_.advance(milliseconds);
    if (world_.now() - driven_at_ >= kDriveEveryMs) {
      driven_at_ = world_.now();
      drive();
    }
    for (int i = 0; i < 2 && !busy_.empty(); ++i) {
      auto at = busy_.lower_bound(random_.below(fleet_.size()));
      if (at == busy_.end()) at = busy_.begin();
      const size_t index = *at;
      if (fleet_[index].device->silent() || !step(fleet_[index])) busy_.erase(index);
    }
  }

  // Everybody polls once, in an order that is different each time.
  void round() {
    const size_t count = fleet_.size();
    const size_t from = random_.below(count);
    const size_t stride = coprime_below(count);
    const int64_t polls_per_ms = std::max<int64_t>(1, static_cast<int64_t>(count) / kRoundMs);
    for (size_t i = 0; i < count; ++i) {
      poll((from + i * stride) % count);
      const bool tick = static_cast<int64_t>(i) % polls_per_ms == 0;
      if (tick) pass(std::max<int64_t>(1, kRoundMs / static_cast<int64_t>(count)));
    }
  }

  size_t coprime_below(size_t count) {
    for (;;) {
      const size_t candidate = 1 + random_.below(count);
      size_t a = candidate;
      size_t b = count;
      while (b != 0) a = std::exchange(b, a % b);
      if (a == 1) return candidate;
    }
  }

  // Those who matter now poll often, the others in turn, until it is done.
  void act(const std::string& what, const std::function<bool()>& done) {
    for (int64_t i = 0; i < options_.rounds_max; ++i) {
      some_polls();
      verify();
      if (done()) return;
    }
    violation(what + ": not after " + std::to_string(options_.rounds_max) + " rounds");
  }

  // A tenth of the fleet, and before them the test devices and those that ran the bad kit.
  void some_polls() {
    std::vector<size_t> first = test_devices_;
    for (size_t i = 0; i < fleet_.size(); ++i) {
      if (fleet_[i].ran_bad && runs_bad(fleet_[i])) first.push_back(i);
    }
    for (const size_t index : first) {
      poll(index);
      pass(1'000);
    }
    const size_t others = std::max<size_t>(fleet_.size() / 10, 1);
    const int64_t each_ms = std::max<int64_t>(1, kRoundMs / static_cast<int64_t>(others));
    for (size_t i = 0; i < others; ++i) {
      poll(random_.below(fleet_.size()));
      pass(each_ms);
    }
  }

  void verify() {
    ++report_.verified;
    const auto same = world_.engine().board().verify(world_.store());
    if (!same) violation("the board differs from a recount: " + same.error().message);
    const std::string counted = RolloutWatch::recount(watch_.tasks());
    if (counted != watch_.text()) violation("the watch has miscounted: " + counted);
  }

  // --- The play ---------------------------------------------------------------------------------

  Deployment kit_deployment(DeploymentId id, const std::string& name, int64_t kit) {
    Deployment row;
    row.id = id;
    row.tenant = domain::kDefaultTenant;
    row.name = name;
    row.state = DeploymentState::running;
    row.target.kit = domain::KitId{kit};
    row.attempts_max = 100;
    row.rate.per_minute = options_.per_minute;
    row.rate.concurrent_max = options_.concurrent_max;
    row.timeouts = {6 * kRoundMs, 6 * kRoundMs, 6 * kRoundMs};
    row.rollout.started_at = world_.now();
    row.rollout.wave_opened_at = world_.now();
    row.rollout.open_waves = 1;
    row.created_at = row.updated_at = world_.now();
    return row;
  }

  void deploy_bad() {
    Deployment row = kit_deployment(kBad, "bad", 2);
    domain::Wave test;
    test.name = "test devices";
    test.filter = R"(key like "*)" + test_ending_ + "\"";
    test.test = true;
    test.gate = {static_cast<int64_t>(test_devices_.size()) / 2, 900'000, 100'000, kSoakMs, false};
    domain::Wave small;
    small.name = "5 %";
    small.share_ppm = 50'000;
    small.gate = {40, 900'000, 100'000, kSoakMs, false};
    domain::Wave all;
    all.name = "all";
    all.share_ppm = domain::kWholeShare;
    row.waves = {test, small, all};
    row.watch = {kSilenceMs, 6 * kRoundMs};
    domain::Brake brake;
    brake.kind = options_.harm;
    brake.share_ppm = 150'000;
    brake.sample_min = 30;
    brake.action = domain::BrakeAction::roll_back;
    brake.back_to_kit = domain::KitId{1};
    row.brakes = {brake};
    put(row);
    faulty_ = true;
  }

  DeploymentId next_id() {
    int64_t highest = 0;
    for (const auto& row : world_.engine().snapshot()->rows().deployments) {
      highest = std::max(highest, row.id.value);
    }
    return DeploymentId{highest + 1};
  }

  void deploy_good() {
    good_ = next_id();
    Deployment row = kit_deployment(good_, "good", 3);
    row.audience.share_ppm = 20'000;  // enough to see, without another whole fleet of downloads
    put(row);
  }

  bool nobody_runs_bad() const {
    return std::none_of(fleet_.begin(), fleet_.end(), [this](const RolloutDevice& item) {
      return !item.device->silent() && runs_bad(item);
    });
  }

  bool share_runs_good() const {
    int64_t there = 0;
    for (const auto& item : fleet_) {
      if (item.device->running_version() == item.product->newest) ++there;
    }
    // Every device of the share that can speak and is not in the middle of something.
    const int64_t share = static_cast<int64_t>(fleet_.size()) / 50;
    return there >= share / 2;
  }

  // --- What holds at the end --------------------------------------------------------------------

  void check_end() {
    verify();
    const Deployment bad = *deployment(kBad);
    report_.stopped_by = bad.rollout.stopped_by;
    if (bad.rollout.stopped_by.empty()) violation("nothing says what stopped the bad deployment");
    const Deployment* healing = deployment(bad.rollout.healed_by);
    if (healing == nullptr || healing->heals != kBad) {
      violation("the healing deployment is missing");
    }
    int64_t healers = 0;
    for (const auto& row : world_.engine().snapshot()->rows().deployments) {
      if (row.heals == kBad) ++healers;
    }
    if (healers != 1) violation(std::to_string(healers) + " deployments heal the bad one");
    for (const auto& item : fleet_) {
      if (item.device->silent()) ++report_.silent;
      if (!item.ran_bad || item.device->silent()) continue;
      if (runs_bad(item)) {
        violation(item.device->key() + " still runs what was taken back");
      } else {
        ++report_.healed;
      }
    }
    const auto& counts = watch_.counts(kBad);
    report_.born_bad = counts.born;
    report_.most_in_a_minute = counts.most_in_a_minute;
    report_.most_open = counts.most_open;
    if (!counts.braked) violation("by the durable tasks there was no reason to brake");
    for (const auto& task : watch_.tasks()) {
      if (task.deployment == kBad && domain::is_open(task.state)) {
        violation("task " + std::to_string(task.id.value) + " of the bad deployment is open");
      }
    }
    std::string all;
    const auto lines = world_.store().dump();
    for (const auto& line : *lines) {
      if (!line.starts_with("credential")) all += line + "\n";
    }
    report_.fingerprint = base::hex(base::digest(base::HashKind::sha256, all));
  }

  RolloutOptions options_;
  base::SeededRandom random_;
  base::SeededRandom token_random_{7};
  RolloutWatch watch_;
  World world_;
  SimCatalogue catalogue_;
  std::unique_ptr<FaultStore> faults_;
  std::unique_ptr<app::UploadService> uploads_;
  std::unique_ptr<app::CatalogueService> service_;
  std::unique_ptr<app::RolloutDriver> driver_;
  std::vector<RolloutDevice> fleet_;
  std::string test_ending_;  // of their keys
  std::vector<size_t> test_devices_;
  std::vector<std::string> base_versions_;  // by product
  std::vector<std::string> bad_versions_;
  std::set<size_t> busy_;
  DeploymentId good_;
  base::Time driven_at_;
  bool faulty_ = false;
  RolloutReport report_;
};

}  // namespace

RolloutReport simulate_rollout(const RolloutOptions& options) {
  return RolloutSimulation(options).run();
}

}  // namespace otaru::tests
