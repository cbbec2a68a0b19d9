// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/simulation.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "base/encoding.h"
#include "base/hash.h"
#include "tests/sim/fault_store.h"
#include "tests/sim/sim_catalogue.h"
#include "tests/support/world.h"

namespace otaru::tests {
namespace {

using domain::TaskState;

constexpr size_t kDelayedMax = 64;
constexpr int64_t kPollMs = 600'000;
constexpr size_t kViolationsMax = 20;
constexpr int kStepsOfAPollMax = 100;

struct Simulated {
  std::unique_ptr<dialect::SimDevice> device;
  const SimProduct* product = nullptr;
  std::string key;
  bool reported = false;  // the server acknowledged a success report of this device
  std::string last_version;
};

class Simulation {
 public:
  explicit Simulation(const SimulationOptions& options)
      : options_(options), random_(options.seed), catalogue_(make_sim_catalogue(world_)) {
    add_sim_dialects(world_, token_random_);
    world_.load(catalogue_.rows);
    faults_ = std::make_unique<FaultStore>(world_.store(), [this] { return crash_here(); });
    world_.set_engine_store(faults_.get());
    world_.restart();
    for (size_t i = 0; i < options.devices; ++i) add_device(i);
  }

  SimulationReport run() {
    faulty_ = true;
    for (int64_t i = 0; i < options_.faulty_steps; ++i) {
      if (i == options_.faulty_steps / 2) publish_second();
      step(devices_[random_.below(devices_.size())]);
      if (random_.below(20) == 0) deliver_delayed();
      world_.advance(static_cast<int64_t>(random_.below(2'000)));
      tick();
    }
    faulty_ = false;
    delayed_.clear();
    converge();
    check_store();
    report_.fingerprint = fingerprint();
    return report_;
  }

 private:
  void violation(const std::string& what) {
    if (report_.violations.size() < kViolationsMax) report_.violations.push_back(what);
  }

  bool crash_here() {
    return faulty_ && random_.below(1'000'000) < static_cast<uint64_t>(options_.crash_per_million);
  }

  bool roll(int64_t per_mille) {
    return faulty_ && random_.below(1'000) < static_cast<uint64_t>(per_mille);
  }

  void add_device(size_t index) {
    const SimProduct& product = catalogue_.products[index % catalogue_.products.size()];
    Simulated item;
    item.product = &product;
    item.key = product.key_prefix + std::to_string(index);
    dialect::SimIdentity identity;
    identity.key = item.key;
    identity.host = "ota.example";
    identity.words = product.words;
    item.device = product.make(std::move(identity));
    item.last_version = item.device->running_version();
    devices_.push_back(std::move(item));
  }

  // The server's process dies: everything but the store is gone.
  template <class Work>
  bool survive(const Work& work) {
    try {
      work();
      return true;
    } catch (const CrashNow&) {
      ++report_.crashes;
      const bool before = faulty_;
      faulty_ = false;
      world_.restart();
      faulty_ = before;
      return false;
    }
  }

  base::Result<dialect::WireReply> send(const std::string& bytes) {
    const auto gone = [] { return base::fail(base::Code::unavailable, "the network failed"); };
    if (roll(options_.lost_per_mille)) {
      ++report_.lost;
      return gone();
    }
    if (roll(options_.repeated_per_mille) && delayed_.size() < kDelayedMax) {
      delayed_.push_back(bytes);
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

  void deliver_delayed() {
    if (delayed_.empty()) return;
    const size_t at = random_.below(delayed_.size());
    const std::string bytes = delayed_[at];
    delayed_.erase(delayed_.begin() + static_cast<std::ptrdiff_t>(at));
    ++report_.repeated;
    survive([&] { world_.exchange(bytes); });
  }

  void tick() {
    survive([&] {
      world_.engine().tick(world_.now());
      while (world_.engine().committer().pump()) {
      }
    });
  }

  // One step of one device, and what must hold after it.
  bool step(Simulated& item) {
    ++report_.steps;
    std::vector<dialect::SimEvent> events;
    const dialect::Transport transport = [this](const std::string& bytes) { return send(bytes); };
    const bool busy = item.device->step(transport, world_.now(), random_, events);
    for (const auto& event : events) {
      if (event.step == "install") ++report_.installs;
    }
    const std::string version = item.device->running_version();
    if (version != item.last_version) {
      const auto known = item.product->images.find(version);
      if (known == item.product->images.end()) {
        violation(item.key + " runs " + version + ", which its product never had");
      } else if (!known->second.contains(item.device->running_image_sha256())) {
        violation(item.key + " runs bytes that are not of " + version);
      }
      item.last_version = version;
    }
    return busy;
  }

  void publish_second() {
    for (auto& release : catalogue_.rows.releases) {
      release.state = domain::ReleaseState::published;
    }
    const bool before = faulty_;
    faulty_ = false;
    world_.load(catalogue_.rows);
    faulty_ = before;
  }

  void converge() {
    std::set<size_t> open;
    for (size_t i = 0; i < devices_.size(); ++i) open.insert(i);
    for (int64_t round = 0; round < options_.calm_rounds_max && !open.empty(); ++round) {
      for (auto at = open.begin(); at != open.end();) {
        Simulated& item = devices_[*at];
        const bool busy = step(item);
        const bool there = item.device->running_version() == item.product->newest;
        at = !busy && there ? open.erase(at) : std::next(at);
      }
      world_.advance(kPollMs / 100);
      tick();
    }
    for (const size_t i : open) {
      violation(devices_[i].key + " did not converge: runs " +
                devices_[i].device->running_version() + ", wanted " + devices_[i].product->newest);
    }
    // One more poll each, however long they sleep: what a version report completes is complete now,
    // and who is taken for older than it is has updated itself again.
    world_.advance(kPollMs);
    for (auto& item : devices_) {
      for (int i = 0; i < kStepsOfAPollMax && step(item); ++i) {
      }
    }
  }

  void check_store() {
    for (const auto& item : devices_) {
      const auto device = world_.device(item.key);
      if (!device) {
        violation(item.key + " is not in the store");
        continue;
      }
      const bool runs = std::any_of(
          device->components.begin(), device->components.end(),
          [&](const domain::Component& c) { return c.version == item.product->newest; });
      if (!runs) violation(item.key + ": the store does not know what it runs");
      int64_t succeeded = 0;
      std::map<std::string, int> open;
      for (const auto& task : device->tasks) {
        ++report_.tasks;
        check_task(item, task);
        if (task.state == TaskState::succeeded) ++succeeded;
        if (domain::is_open(task.state) && ++open[task.slot] > 1) {
          violation(item.key + " has two open tasks for " + task.slot);
        }
      }
      if (succeeded == 0) violation(item.key + " is updated, but no task says so");
    }
  }

  void check_task(const Simulated& item, const domain::Task& task) {
    const auto* release = world_.engine().snapshot()->release(task.target);
    const auto* product =
        release != nullptr ? world_.engine().snapshot()->product(release->product) : nullptr;
    if (product == nullptr || product->product->id != item.product->id) {
      violation(item.key + " has a task for another product");
    }
    const auto history = world_.store().task_history(task.id);
    TaskState state = TaskState::pending;
    int64_t sequence = 0;
    for (const auto& entry : *history) {
      ++sequence;
      const std::string where = item.key + " task " + std::to_string(task.id.value);
      if (entry.sequence != sequence) violation(where + ": history has a gap");
      if (entry.from != state) violation(where + ": history does not connect");
      if (entry.to != entry.from && !domain::is_open(entry.from)) {
        violation(where + ": an ended task reopened");
      }
      state = entry.to;
    }
    if (state != task.state) violation(item.key + ": history and state disagree");
  }

  std::string fingerprint() {
    std::string all;
    const auto lines = world_.store().dump();
    for (const auto& line : *lines) {
      // Sealed keys differ from run to run: their nonce must not come from a seeded generator.
      if (!line.starts_with("credential")) all += line + "\n";
    }
    return base::hex(base::digest(base::HashKind::sha256, all));
  }

  SimulationOptions options_;
  base::SeededRandom random_;
  base::SeededRandom token_random_{7};
  World world_;
  SimCatalogue catalogue_;
  std::unique_ptr<FaultStore> faults_;
  std::vector<Simulated> devices_;
  std::deque<std::string> delayed_;
  bool faulty_ = false;
  SimulationReport report_;
};

}  // namespace

SimulationReport simulate(const SimulationOptions& options) {
  return Simulation(options).run();
}

}  // namespace otaru::tests
