// SPDX-License-Identifier: Apache-2.0
// Random catalogues, devices and check-ins: the decision equals that of the naive model, and keeps
// the promises that hold whatever the catalogue. A failure prints the seed of its case.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "base/random.h"
#include "domain/consent.h"
#include "domain/explain_words.h"
#include "domain/naive_model.h"
#include "domain/test_world.h"

namespace otaru::domain {
namespace {

#ifdef OTARU_SANITIZED
constexpr uint64_t kCases = 3'000;  // the same seeds, fewer of them
#else
constexpr uint64_t kCases = 6'000;
#endif

// One random case: a small world in which things meet often.
class RandomCase {
 public:
  enum class Shape { any, dense };
  explicit RandomCase(uint64_t seed, Shape shape = Shape::any) : random_(seed) {
    scheme_ = static_cast<VersionScheme>(random_.below(4));
    dense_ = chance(25) || shape == Shape::dense;
    focused_ = !dense_ && chance(40);
    const size_t products = dense_ ? 1 : 1 + random_.below(3);
    for (size_t i = 0; i < products; ++i) add_product(i);
    for (size_t i = dense_ ? 8 : random_.below(9); i > 0; --i) add_release();
    if (!w.rows.releases.empty()) {
      for (size_t i = dense_ ? 25 : random_.below(14); i > 0; --i) add_package();
    }
    if (chance(30)) add_kit();
    if (!dense_) dress_releases();
    add_groups();
    for (size_t i = random_.below(5); i > 0; --i) add_deployment();
    if (focused_) focus();
    make_check();
    dress_device();
    if (!w.rows.releases.empty() && !w.rows.deployments.empty()) {
      for (size_t i = random_.below(6); i > 0; --i) add_task();
    }
    w.device.blocked = chance(2);
  }

  // Two answers, for deployments with even and odd numbers.
  struct Live final : Admissions {
    Admission look(DeploymentId deployment, int64_t, base::Time) const override {
      return said[deployment.value % 2];
    }
    std::array<Admission, 2> said;
  };

  TestWorld w;
  CheckIn check;
  Live live;

 private:
  bool chance(uint64_t percent) { return random_.below(100) < percent; }
  template <class Row>
  Row& any(std::vector<Row>& rows) {
    return rows[random_.below(rows.size())];
  }

  std::string version() { return version(random_.below(9)); }

  std::string version(size_t at) {
    static constexpr std::array<std::string_view, 9> kDotted = {
        "1.0", "V1.00.0", "v1.1", "1.2", "01.2", "2", "V2.0.0", "2.0.1", "10.0"};
    static constexpr std::array<std::string_view, 9> kSemver = {
        "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-rc.2", "1.0.0-rc.10", "1.0.0",
        "1.0.0+b7",    "1.2.0",         "1.10.0",     "2.0.0"};
    static constexpr std::array<std::string_view, 9> kInteger = {"1", "2",  "3",   "03", "4",
                                                                 "9", "10", "9.1", "17"};
    static constexpr std::array<std::string_view, 9> kNames = {
        "pear", "fig", "apple", "plum", "1.0", "kiwi", "lime", "1", "date"};
    switch (scheme_) {
      case VersionScheme::dotted:
        return std::string(kDotted[at]);
      case VersionScheme::semver:
        return std::string(kSemver[at]);
      case VersionScheme::integer:
        return std::string(kInteger[at]);
      case VersionScheme::publish_order:
        return std::string(kNames[at]);
    }
    return {};
  }

  void add_product(size_t i) {
    Product& row = w.product("p" + std::to_string(i), scheme_);
    if (chance(5)) row.tenant = TenantId{2};
  }

  void add_release() {
    Release& row =
        w.release(any(w.rows.products), dense_ ? version(w.rows.releases.size()) : version());
    if (chance(dense_ ? 5 : 20))
      row.state = chance(50) ? ReleaseState::revoked : ReleaseState::draft;
    if (!dense_ && chance(30)) row.sequence = 1000 - row.id.value;
    if (row.state == ReleaseState::draft) row.sequence = 0;
    if (chance(20)) row.channel = "beta";
    if (chance(dense_ ? 5 : 30)) row.labels.emplace_back("language", chance(50) ? "CN" : "EN");
    if (chance(15)) row.labels.emplace_back("robot_version", chance(50) ? "1" : "2");
    row.force = chance(15);
  }

  // Stepping stones and requirements; only what a snapshot takes.
  void dress_releases() {
    for (Release& row : w.rows.releases) {
      const Product& product = w.rows.products[static_cast<size_t>(row.product.value - 1)];
      const NaiveModel model(w.rows, w.device, check, w.now);
      if (chance(15)) {
        const std::string least = version();
        if (model.compare(product, least, row.version).value_or(0) < 0) row.min_version = least;
      }
      Product& other = any(w.rows.products);
      if (chance(10) && other.id != product.id && other.tenant == product.tenant) {
        row.requirements.push_back({other.id, version()});
      }
    }
  }

  void add_groups() {
    w.rows.groups.push_back(Group{GroupId{1}, kDefaultTenant, "lab", "", "", {}, {}});
    w.rows.groups.push_back(
        Group{GroupId{2}, kDefaultTenant, "wide", "", R"(tag == "beta")", {}, {}});
  }

  void dress_device() {
    Device& device = w.device;
    if (chance(50)) set_text(device.attributes, "site", chance(70) ? "CN" : "DE");
    if (chance(40)) set_text(device.reported, "hw_version", chance(50) ? "A" : "B");
    if (chance(15)) set_text(device.attributes, "hw_version", chance(50) ? "A" : "C");
    if (chance(40)) device.tags = {chance(70) ? "beta" : "spare"};
    if (chance(30)) device.groups = {GroupId{1}};
    if (chance(30)) set_text(device.reported, "battery_percent", chance(50) ? "20" : "80");
    if (chance(20)) set_text(device.reported, "time_zone", chance(60) ? "+08:00" : "nowhere");
    if (chance(30)) set_text(device.reported, "free_bytes", chance(50) ? "150" : "100000");
    if (chance(20)) {
      device.consent.choice = static_cast<ConsentChoice>(random_.below(4));
      if (chance(30)) device.consent.postponed_until = w.now + (chance(50) ? 5 : 0);
    }
    for (const Product& row : w.rows.products) {
      if (chance(35)) continue;
      const std::string slot = row.id == check.product ? "slot" : row.name;
      device.components.push_back(Component{slot, row.id, version(), {}});
    }
    std::sort(device.components.begin(), device.components.end(),
              [](const Component& a, const Component& b) { return a.slot < b.slot; });
    live.said[0] = said();
    live.said[1] = said();
  }

  Admission said() {
    Admission out;
    out.braked = chance(10);
    if (chance(15)) {
      out.retry_at = w.now + 60'000;
      out.limit = "per_minute";
    }
    return out;
  }

  std::string filter() {
    static constexpr std::array<std::string_view, 4> kFilters = {
        R"(set.site == "CN")", R"(tag == "beta")", R"(not tag == "spare")", R"(group == "lab")"};
    return std::string(kFilters[random_.below(4)]);
  }

  void dress_deployment(Deployment& row) {
    if (chance(10)) row.starts_at = w.now + (chance(50) ? 1 : 0);
    Audience& audience = row.audience;
    if (chance(10)) audience.filter = filter();
    if (chance(10)) audience.hardware = {"A"};
    if (chance(10)) audience.share_ppm = static_cast<int64_t>(random_.below(kWholeShare));
    if (chance(15)) audience.groups = {GroupId{1}, GroupId{2}};
    if (chance(5)) audience.excluded_groups = {GroupId{static_cast<int64_t>(1 + random_.below(2))}};
    if (chance(5)) audience.excluded_filter = filter();
    if (chance(5)) row.excluded_keys = {"dev-1"};
    for (size_t i = chance(20) ? 1 + random_.below(3) : 0; i > 0; --i) {
      Wave& wave = row.waves.emplace_back();
      wave.name = "w" + std::to_string(row.waves.size());
      if (chance(60)) wave.share_ppm = static_cast<int64_t>(random_.below(kWholeShare + 1));
      if (chance(30)) wave.groups = {GroupId{1}};
      if (chance(30)) wave.filter = filter();
      row.rollout.open_waves = static_cast<int64_t>(random_.below(4));
    }
    if (chance(12)) {
      row.windows.list = {Window{0x7f, 0, chance(50) ? 30 : 600}};
      if (chance(30)) row.windows.time_zone = "-05:30";
    }
    if (chance(8)) row.power_min_percent = 50;
    if (chance(8)) row.conditions.fits_package = true;
    row.conditions.strict = chance(20);
    if (chance(10)) row.consent = ConsentMode::ask;
    if (chance(15)) row.urgency = static_cast<Urgency>(random_.below(3));
    if (chance(20)) row.retry_interval_s = 600;
    if (chance(15)) row.downgrade_reason = "it must";
    if (chance(10) && row.id.value > 1) row.heals = DeploymentId{row.id.value - 1};
  }

  void add_package() {
    const Release& release = any(w.rows.releases);
    const int64_t size = 100 * static_cast<int64_t>(1 + random_.below(5));
    Package& row = chance(35) ? w.full(release, size) : w.delta(release, version(), size);
    row.hidden = chance(8);
    if (chance(15)) row.permissions = {79};
    if (row.kind == PackageKind::full) return;
    if (dense_ && chance(30)) row.base_version = any(w.rows.releases).version;
    // Mostly from the one before, so that chains are long.
    if (dense_ && chance(70)) {
      row.base_version = version(static_cast<size_t>(std::max<int64_t>(2, release.id.value)) - 2);
      if (chance(70)) row.size_bytes = 50;
    }
    // Only what a snapshot takes; building one is the honest test, but slow.
    const Product& product = w.rows.products[static_cast<size_t>(release.product.value - 1)];
    const NaiveModel model(w.rows, w.device, check, w.now);
    const auto order = model.compare(product, row.base_version, release.version);
    const bool taken =
        scheme_ == VersionScheme::publish_order ? w.try_build().has_value() : order && *order < 0;
    if (!taken) w.rows.packages.pop_back();
  }

  // Deployments and kits may only name what belongs to their tenant.
  bool own(const Release& release) const {
    return w.rows.products[static_cast<size_t>(release.product.value - 1)].tenant == kDefaultTenant;
  }

  void add_kit() {
    std::vector<ReleaseId> items;
    std::vector<ProductId> seen;
    for (size_t i = w.rows.releases.empty() ? 0 : 1 + random_.below(3); i > 0; --i) {
      const Release& release = any(w.rows.releases);
      if (!own(release) || std::count(seen.begin(), seen.end(), release.product) > 0) continue;
      items.push_back(release.id);
      seen.push_back(release.product);
    }
    Kit& row = w.kit("1.0", items);
    for (KitItem& item : row.items) {
      item.stage = static_cast<int64_t>(random_.below(2));
      const Product& other = any(w.rows.products);
      const Release& release = w.rows.releases[static_cast<size_t>(item.release.value - 1)];
      if (chance(15) && other.tenant == kDefaultTenant && other.id != release.product) {
        item.requirements.push_back({other.id, version()});
      }
    }
    if (chance(20)) row.state = ReleaseState::draft;
  }

  void add_deployment() {
    const uint64_t kind = random_.below(10);
    Deployment* row = nullptr;
    const Release* release = w.rows.releases.empty() ? nullptr : &any(w.rows.releases);
    if (kind < 3 && release != nullptr && own(*release)) {
      row = &w.deploy(*release);
    } else if ((kind == 3 || kind == 4) && !w.rows.kits.empty()) {
      row = &w.deploy(w.rows.kits[0]);
    } else {
      row = &w.newest(chance(80) ? "stable" : "beta");
      const Product& product = any(w.rows.products);
      if (chance(30) && product.tenant == kDefaultTenant) row->target.product = product.id;
    }
    if (chance(30)) row->state = static_cast<DeploymentState>(random_.below(8));
    row->priority = static_cast<int64_t>(random_.below(2));
    row->mode = static_cast<PackageMode>(chance(60) ? 0 : random_.below(3));
    if (chance(20)) {
      row->everyone = false;
      row->device_keys = {"dev-0", chance(60) ? "dev-1" : "dev-2"};
    }
    if (chance(15)) row->from_versions = {version(), chance(30) ? "" : version()};
    if (chance(10)) row->deadline = w.now + (chance(50) ? 1 : 0);
    row->attempts_max = static_cast<int64_t>(random_.below(4));
    if (!dense_) dress_deployment(*row);
  }

  // A deployment that would serve nearly everyone, so that what lets devices wait is reached.
  void focus() {
    std::vector<ReleaseId> newest;
    for (const Product& product : w.rows.products) {
      if (product.tenant != kDefaultTenant) continue;
      Release& row = w.release(product, scheme_ == VersionScheme::semver ? "99.0.0" : "99");
      row.sequence = 5'000 + row.id.value;
      w.full(row, 200);
      newest.push_back(row.id);
    }
    Kit& kit = w.kit("9.0", newest);
    for (KitItem& item : kit.items) item.stage = static_cast<int64_t>(random_.below(3));
    Deployment& row = chance(50) ? w.deploy(kit) : w.newest();
    row.priority = 5;
    dress_deployment(row);
  }

  void make_check() {
    check.product = chance(97) ? any(w.rows.products).id : ProductId{77};
    check.slot = "slot";
    if (chance(90)) reported_ = version();
    if (chance(4)) reported_ = scheme_ == VersionScheme::publish_order ? "\x01" : "factory";
    if (dense_ && chance(80)) reported_ = any(w.rows.releases).version;
    if (focused_ && chance(80)) reported_ = version(random_.below(3));
    check.version = reported_;
    if (chance(dense_ ? 10 : 50)) labels_.emplace_back("language", chance(70) ? "CN" : "EN");
    if (chance(30)) labels_.emplace_back("robot_version", "1");
    if (chance(20)) std::reverse(labels_.begin(), labels_.end());
    check.labels = labels_;
    check.strict_labels = chance(20);
    if (chance(50)) permissions_ = {79};
    check.permissions = permissions_;
    check.rules.order = static_cast<PlanOrder>(random_.below(3));
    check.rules.steps_max = chance(30) ? 1 : static_cast<int64_t>(random_.below(6));
    check.rules.accept_lower_release = chance(40);
    check.reinstall_allowed = chance(40);
    check.download_only_allowed = chance(60);
    check.keeps_thresholds = chance(20);
  }

  void add_task() {
    const Release& target = any(w.rows.releases);
    std::vector<PackageId> chain;
    for (size_t i = random_.below(3); i > 0 && !w.rows.packages.empty(); --i) {
      chain.push_back(chance(95) ? any(w.rows.packages).id : PackageId{77});
    }
    for (const Package& package : w.rows.packages) {
      // Mostly chains that make sense, so that tasks do go on.
      if (package.release == target.id && chance(60)) chain = {package.id};
    }
    TaskState state = chance(50) ? TaskState::failed : static_cast<TaskState>(random_.below(9));
    if (w.device.open_task("slot") != nullptr) state = TaskState::failed;
    const bool aimed = focused_ && chance(50);
    const Deployment& deployment = aimed ? w.rows.deployments.back() : any(w.rows.deployments);
    if (aimed && state == TaskState::failed) return add_failures(deployment);
    Task& row = w.task(deployment, target, chain, state);
    if (chance(60)) row.product = check.product;
    if (chance(10)) row.slot = "other";
    if (chance(40)) row.began = !row.began;
    row.stepping = chance(25);
    row.wave = static_cast<int64_t>(random_.below(3));
    row.updated_at = w.now + (chance(50) ? -1'000 : -600'000);
    if (chance(5)) row.result = kConsentRefused;
    if (aimed && chance(20)) {
      row.state = TaskState::cancelled;
      row.result = acknowledged_if(chance(50));
    }
  }

  static std::string acknowledged_if(bool acknowledged) {
    Task task;
    task.state = TaskState::cancelled;
    task.result = kCancelledByOperator;
    return acknowledged ? acknowledged_result(task) : task.result;
  }

  // Of what the check is about, now and then again and again before it begins.
  void add_failures(const Deployment& deployment) {
    for (const Release& target : w.rows.releases) {
      if (target.product != check.product || target.sequence <= 5'000) continue;
      const size_t times = chance(30) ? 1 + random_.below(14) : 1;
      for (size_t i = 0; i < times; ++i) {
        Task& row = w.task(deployment, target, {}, TaskState::failed);
        row.began = times == 1;
        row.updated_at = w.now + (chance(50) ? -1'000 : -600'000);
      }
    }
  }

  base::SeededRandom random_;
  bool focused_ = false;
  bool dense_ = false;  // one product with many deltas: chains
  VersionScheme scheme_ = VersionScheme::dotted;
  std::string reported_;
  std::vector<std::pair<std::string_view, std::string_view>> labels_;
  std::vector<int64_t> permissions_;
};

std::string shown(const Decision& d) {
  std::string out(name_of(d.reason));
  out += " deployment " + std::to_string(d.deployment.value);
  out += " release " + std::to_string(d.release.value);
  out += " task " + std::to_string(d.task.value);
  out += " superseded " + std::to_string(d.superseded.value);
  out += " label " + std::string(d.label);
  out += " wave " + std::to_string(d.wave);
  if (d.stepping) out += " stepping to " + std::to_string(d.final_release.value);
  if (d.retry_at) out += " retry at " + std::to_string(d.retry_at->ms);
  if (d.offer) {
    out += " offer " + std::to_string(d.offer->deployment.value) + "/" +
           std::to_string(d.offer->release.value) + " bytes " + std::to_string(d.offer->bytes) +
           " chain";
    for (const PackageId id : d.offer->chain) out += " " + std::to_string(id.value);
  }
  return out;
}

std::string shown(const Trace& trace) {
  std::string out;
  for (const TraceStep& step : trace) {
    out += "\n" + std::to_string(step.deployment.value) + " " + step.rule +
           (step.passed ? " + " : " - ") + step.detail;
  }
  return out;
}

// What holds of every new offer, whatever the catalogue.
void expect_safe(const RandomCase& c, const NaiveModel& model, const Decision& decision) {
  const Product& product = *model.product();
  std::string at(c.check.version);
  int64_t bytes = 0;
  ASSERT_FALSE(decision.offer->chain.empty());
  const PlanRules& rules = c.check.rules;
  EXPECT_LE(decision.offer->chain.size(),
            static_cast<size_t>(std::max<int64_t>(1, rules.steps_max)));
  for (const PackageId id : decision.offer->chain) {
    const Package& package = *model.package(id);
    const Release& release = *model.release(package.release);
    EXPECT_EQ(release.product, c.check.product);
    EXPECT_EQ(product.tenant, c.w.device.tenant);
    EXPECT_EQ(release.state, ReleaseState::published);
    EXPECT_FALSE(package.hidden);
    EXPECT_TRUE(model.may_see(package));
    if (package.kind == PackageKind::delta) {
      EXPECT_EQ(model.compare(product, package.base_version, at), 0);
    } else {
      EXPECT_EQ(id, decision.offer->chain.front());
    }
    const int order = at.empty() ? 1 : model.compare(product, release.version, at).value();
    const bool reinstall = release.force && c.check.reinstall_allowed;
    const bool down = !model.deployment(decision.deployment)->downgrade_reason.empty();
    EXPECT_GE(order, down ? -1 : reinstall ? 0 : 1);
    at = release.version;
    bytes += package.size_bytes;
  }
  EXPECT_EQ(model.package(decision.offer->chain.back())->release, decision.offer->release);
  EXPECT_EQ(bytes, decision.offer->bytes);
  const Deployment& deployment = *model.deployment(decision.offer->deployment);
  EXPECT_TRUE(deployment.state == DeploymentState::running ||
              deployment.state == DeploymentState::scheduled);
  EXPECT_TRUE(decision.superseded || c.w.device.open_task("slot") == nullptr);
}

TEST(Property, EqualsTheNaiveModel) {
  std::array<uint64_t, 64> reasons{};
  uint64_t kits_that_wait = 0;
  const auto waits = [](Reason reason) {
    return reason == Reason::not_started || serves_later(reason);
  };
  for (uint64_t seed = 1; seed <= kCases; ++seed) {
    RandomCase c(seed);
    c.w.build();
    const RandomCase::Live* live = seed % 2 == 0 ? &c.live : nullptr;
    const NaiveModel model(c.w.rows, c.w.device, c.check, c.w.now, live);
    const Decision expected = model.decide();
    const Decision decision = decide(*c.w.snapshot, c.w.device, c.check, c.w.now, nullptr, live);
    Trace trace;
    const Decision traced = decide(*c.w.snapshot, c.w.device, c.check, c.w.now, &trace, live);
    ASSERT_EQ(shown(decision), shown(expected)) << "seed " << seed << shown(trace);
    ASSERT_EQ(shown(traced), shown(decision)) << "seed " << seed;
    ASSERT_FALSE(trace.empty()) << "seed " << seed;
    ASSERT_EQ(decision.has_offer(),
              decision.reason == Reason::offer || decision.reason == Reason::continue_task)
        << "seed " << seed;
    // Only who waits for something is told when to come back: dialects send it as it is.
    ASSERT_TRUE(!decision.retry_at || waits(decision.reason)) << "seed " << seed;
    const KitDecision kit = decide_kit(*c.w.snapshot, kDefaultTenant, c.w.device, c.check.version,
                                       c.check.permissions, c.w.now, nullptr, live);
    ASSERT_TRUE(!kit.retry_at || waits(kit.reason)) << "seed " << seed;
    if (kit.retry_at) ++kits_that_wait;
    if (decision.reason == Reason::offer) {
      expect_safe(c, model, decision);
    }
    // Whatever is handed out exists, so that nobody has to ask.
    for (const PackageId id : decision.offer ? decision.offer->chain : std::vector<PackageId>{}) {
      ASSERT_NE(c.w.snapshot->package(id), nullptr) << "seed " << seed;
    }
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
    ASSERT_FALSE(explain(*c.w.snapshot, c.w.device, c.check, decision, "en").empty());
    ++reasons[static_cast<size_t>(decision.reason)];
  }
  // The cases are worth something only if every reason comes up.
  for (size_t i = 0; i <= static_cast<size_t>(Reason::task_cancelled); ++i) {
    EXPECT_GT(reasons[i], kCases / 2000) << name_of(static_cast<Reason>(i));
  }
  EXPECT_GT(kits_that_wait, kCases / 2000);
}

// To every release of a product full of deltas, in every order and mode.
TEST(Property, ChainsEqualBruteForce) {
  std::array<uint64_t, 7> lengths{};
  for (uint64_t seed = 1; seed <= kCases / 3; ++seed) {
    RandomCase c(seed, RandomCase::Shape::dense);
    const CompiledProduct* product = c.w.build().product(c.check.product);
    if (product == nullptr) continue;
    c.w.device.tenant = product->product->tenant;
    c.check.rules.steps_max = 1 + static_cast<int64_t>(seed / 4 % 6);
    const NaiveModel model(c.w.rows, c.w.device, c.check, c.w.now);
    if (!c.check.version.empty() && !product->rank_of(c.check.version)) continue;
    PlanRules rules = c.check.rules;
    rules.labels = c.check.labels;
    rules.strict_labels = c.check.strict_labels;
    Deployment deployment;
    deployment.mode = rules.mode = static_cast<PackageMode>(seed % 4 < 2 ? 0 : seed % 4 - 1);
    for (const CompiledRelease& target : product->releases) {
      // Only what decide() would ask for: meant for the device, and not older.
      const bool meant = std::all_of(
          target.release->labels.begin(), target.release->labels.end(), [&](const auto& label) {
            return std::find(c.check.labels.begin(), c.check.labels.end(),
                             std::pair<std::string_view, std::string_view>(label)) !=
                   c.check.labels.end();
          });
      if (!meant || *product->compare(*target.release, c.check.version) < 0) continue;
      const Plan plan = plan_update(*product, target, c.check.version, c.check.permissions, rules);
      const auto expected = model.best_chain(deployment, *target.release);
      ASSERT_EQ(plan.chain.size(), expected.size()) << "seed " << seed;
      for (size_t i = 0; i < expected.size(); ++i) {
        ASSERT_EQ(plan.chain[i]->id, expected[i]->id) << "seed " << seed;
      }
      ASSERT_EQ(plan.chain.empty(), plan.failure != PlanFailure::none) << "seed " << seed;
      ++lengths[plan.chain.size()];
    }
  }
  for (size_t i = 0; i < 5; ++i) EXPECT_GT(lengths[i], 10u) << i << " steps";
}

// Version order is a total order, and the same as the model's.
TEST(Property, VersionOrderIsTotal) {
  base::SeededRandom random(7);
  const std::string_view alphabets[] = {"0123.", "v01.-a", "012.-+ab"};
  for (int round = 0; round < 20'000; ++round) {
    const auto scheme = static_cast<VersionScheme>(random.below(3));
    const VersionFormat format{scheme, {}};
    std::string text[3];
    for (std::string& t : text) {
      if (scheme == VersionScheme::semver) t = "1.0." + random.text(1, "012") + "-";
      t += random.text(1 + random.below(6), alphabets[random.below(3)]);
    }
    const auto ab = compare_versions(format, text[0], text[1]);
    const auto ba = compare_versions(format, text[1], text[0]);
    const auto bc = compare_versions(format, text[1], text[2]);
    const auto ac = compare_versions(format, text[0], text[2]);
    ASSERT_EQ(ab.has_value(), ba.has_value());
    if (!ab) continue;
    ASSERT_TRUE(*ab == 0 ? *ba == 0 : (*ab < 0) == (*ba > 0)) << text[0] << " " << text[1];
    if (!bc) continue;
    ASSERT_TRUE(ac.has_value());
    if (*ab <= 0 && *bc <= 0) {
      ASSERT_TRUE(*ac <= 0) << text[0] << " " << text[1] << " " << text[2];
    }
    Product product;
    product.version_format = format;
    const CatalogueRows rows;
    const Device device;
    const CheckIn check;
    const auto naive = NaiveModel(rows, device, check, {}).compare(product, text[0], text[1]);
    ASSERT_TRUE(naive.has_value()) << text[0] << " " << text[1];
    ASSERT_EQ(*naive, *ab < 0 ? -1 : *ab > 0 ? 1 : 0) << text[0] << " " << text[1];
  }
}

}  // namespace
}  // namespace otaru::domain
