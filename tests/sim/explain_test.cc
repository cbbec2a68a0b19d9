// SPDX-License-Identifier: Apache-2.0
// What `explain` says is what the device gets: a device of every protocol is asked about, and asks,
// over catalogues made at random.
#include <gtest/gtest.h>

#include <algorithm>

#include "dialect/onenet/onenet.h"
#include "dialect/oomi/oomi.h"
#include "dialect/ubtech/ubtech.h"
#include "domain/door.h"
#include "tests/sim/sim_catalogue.h"

namespace otaru::tests {
namespace {

constexpr int kStepsToACheck = 6;  // logging in comes first

// Whether these bytes ask for an update, in whatever protocol.
bool is_check(const std::string& request) {
  const std::string line = request.substr(0, request.find("\r\n"));
  for (const auto* path : {"/ota/south/check?", "/file/download?", "/ota/integration/check"}) {
    if (line.find(path) != std::string::npos) return true;
  }
  return false;
}

class Trial {
 public:
  Trial(uint64_t seed, size_t which) : random_(seed), which_(which) {
    dialect::OomiConfig oomi;
    oomi.url_in_check = true;
    add(dialect::make_oomi(oomi, world_.secrets()));
    add(dialect::make_onenet({}, world_.secrets()));
    add(dialect::make_ubtech({}, world_.secrets(), world_.random()));
    catalogue_ = make_sim_catalogue(world_);
  }

  // The device is known, and has said what it runs; then the catalogue becomes another one.
  void run() {
    world_.load(idle_rows());
    device_ = make_device();
    ask();
    ASSERT_TRUE(world_.device(key_)) << "the first check registers";
    mutate();
    world_.load(catalogue_.rows);
    const auto before = world_.device(key_);
    ASSERT_EQ(before->components.size(), 1u);
    domain::StoredCheck check(*before, before->components.front(), doors_.of(before->door));
    domain::Trace trace;
    const auto said = check.decide(*world_.engine().snapshot(), world_.now(), &trace);
    std::string steps;
    for (const auto& step : trace) {
      steps += step.rule + (step.passed ? " ok " : " NO ") + step.detail + "\n";
    }
    world_.advance(60'000);
    device_ = make_device();  // asks at once again
    ask();
    compare(said, std::string(domain::name_of(said.reason)) + "\n" + steps + answer_);
  }

  bool offered() const { return offered_; }

 private:
  void add(std::unique_ptr<dialect::Dialect> dialect) {
    doors_.add(std::string(dialect->name()), dialect->check_defaults());
    world_.add(std::move(dialect));
  }

  SimProduct& product() { return catalogue_.products[which_]; }

  domain::CatalogueRows idle_rows() {
    auto rows = catalogue_.rows;
    for (auto& row : rows.deployments) row.state = domain::DeploymentState::draft;
    return rows;
  }

  std::unique_ptr<dialect::SimDevice> make_device() {
    dialect::SimIdentity identity;
    identity.key = key_ = product().key_prefix + "001";
    identity.host = "ota.example";
    identity.words = product().words;
    return product().make(identity);
  }

  void ask() {
    answer_.clear();
    const auto wire = world_.transport();
    bool asked = false;
    const dialect::Transport transport = [&](const std::string& request) {
      auto reply = wire(request);
      if (is_check(request) && !asked) {
        asked = true;
        if (reply) answer_ = reply->body;
      }
      return reply;
    };
    std::vector<dialect::SimEvent> events;
    for (int i = 0; i < kStepsToACheck && !asked; ++i) {
      device_->step(transport, world_.now(), world_.random(), events);
    }
    EXPECT_TRUE(asked);
  }

  bool chance(uint64_t percent) { return random_.below(100) < percent; }

  void mutate() {
    auto& rows = catalogue_.rows;
    for (auto& release : rows.releases) {
      if (chance(60)) release.state = domain::ReleaseState::published;
      if (chance(10)) release.labels = {{"language", chance(50) ? "CN" : "EN"}};
      if (chance(10)) release.labels.emplace_back("robot_version", chance(50) ? "1" : "2");
      if (chance(20)) release.force = true;
    }
    for (auto& package : rows.packages) {
      if (chance(10)) package.hidden = true;
      if (chance(15)) package.permissions = {chance(50) ? 79 : 7};
    }
    auto& first = rows.deployments.front();
    first.mode = static_cast<domain::PackageMode>(random_.below(3));
    if (chance(10)) first.from_versions = {"1.2", "6"};
    if (chance(10)) first.everyone = false;
    if (chance(40)) {
      domain::Deployment second = first;
      second.id = domain::DeploymentId{2};
      second.name = "second";
      second.mode = static_cast<domain::PackageMode>(random_.below(3));
      second.everyone = chance(70);
      if (!second.everyone && chance(50)) second.device_keys = {key_};
      second.priority = chance(50) ? 1 : -1;
      const auto of_product =
          std::find_if(rows.releases.begin(), rows.releases.end(),
                       [&](const auto& row) { return row.product == product().id; });
      second.target = {};
      second.target.release = of_product->id;
      rows.deployments.push_back(second);
    }
    if (chance(30)) run_what_is_there();
  }

  // The device runs a version that is published here: for reinstalls, and for "nothing to do".
  void run_what_is_there() {
    for (const auto& release : catalogue_.rows.releases) {
      if (release.product != product().id) continue;
      for (auto& word : product().words) {
        if (word.first == "version") word.second = release.version;
      }
      break;
    }
    device_ = make_device();
    ask();
  }

  bool mentions(const domain::Package& package) const {
    // Without the ending: OOMI's links have a number before it.
    const std::string name = package.file_name.substr(0, package.file_name.rfind('.'));
    return answer_.find(name) != std::string::npos ||
           answer_.find(package.digests.md5) != std::string::npos;
  }

  void compare(const domain::Decision& said, const std::string& why) {
    offered_ = said.has_offer();
    for (const auto& package : catalogue_.rows.packages) {
      const bool wanted =
          said.offer && std::find(said.offer->chain.begin(), said.offer->chain.end(), package.id) !=
                            said.offer->chain.end();
      EXPECT_EQ(mentions(package), wanted) << package.file_name << ": " << why;
    }
  }

  World world_;
  base::SeededRandom random_;
  size_t which_;
  domain::Doors doors_;
  SimCatalogue catalogue_;
  std::string key_;
  std::unique_ptr<dialect::SimDevice> device_;
  std::string answer_;
  bool offered_ = false;
};

TEST(ExplainEveryDoor, SaysWhatTheDeviceGets) {
  for (size_t which = 0; which < 4; ++which) {
    int offers = 0;
    int refusals = 0;
    for (uint64_t seed = 1; seed <= 100; ++seed) {
      SCOPED_TRACE("product " + std::to_string(which) + " seed " + std::to_string(seed));
      Trial trial(seed, which);
      trial.run();
      (trial.offered() ? offers : refusals) += 1;
      if (HasFailure()) return;
    }
    EXPECT_GT(offers, 20) << which;
    EXPECT_GT(refusals, 20) << which;
  }
}

}  // namespace
}  // namespace otaru::tests
