// SPDX-License-Identifier: Apache-2.0
// The way of a check does not allocate beyond the answer: this binary's operator new counts.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <new>

#include "domain/decide.h"
#include "domain/filter.h"
#include "domain/products_meant.h"
#include "domain/test_world.h"
#include "domain/window.h"

namespace {

thread_local size_t allocation_count = 0;

void* counted_allocation(std::size_t size) noexcept {
  ++allocation_count;
  return std::malloc(size == 0 ? 1 : size);
}

void* allocation_or_throw(std::size_t size) {
  if (void* memory = counted_allocation(size)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) {
  return allocation_or_throw(size);
}
void* operator new[](std::size_t size) {
  return allocation_or_throw(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return counted_allocation(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return counted_allocation(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}

namespace otaru::domain {
namespace {

struct AllocationTest : ::testing::TestWithParam<VersionScheme> {
  AllocationTest() : p(w.product("a product with a name too long for small strings", GetParam())) {
    p.manufacturer = "001";
    p.module = "a module with a name too long for small strings";
    for (const std::string_view version : {"1.0.0", "2.0.0"}) w.full(w.release(p, version));
    w.newest();
    w.deploy(w.rows.releases[0]);
    Deployment& listed = w.deploy(w.rows.releases[1]);
    listed.everyone = false;
    listed.device_keys = {"somebody else with a long enough name"};
    listed.from_versions = {"1.0.0"};
    Deployment& filtered = w.deploy(w.rows.releases[1]);
    filtered.audience.filter = R"(site == "another place with a name too long for small strings")";
    w.device.reported = {{"site", "a place with a name too long for small strings"}};
    w.device.tags = {"a tag with a name too long for small strings"};
    w.device.key = "a device key that is too long for small strings";
    w.build();
  }
  // Allocations of one check.
  size_t count(const CheckIn& check_in, Reason expected) {
    const size_t before = allocation_count;
    const Decision decision = decide(*w.snapshot, w.device, check_in, w.now);
    const size_t after = allocation_count;
    EXPECT_EQ(decision.reason, expected) << name_of(decision.reason);
    return after - before;
  }
  TestWorld w;
  Product& p;
};

TEST_P(AllocationTest, NothingToDoAllocatesNothing) {
  EXPECT_EQ(count(check_in_of(p, "2.0.0"), Reason::up_to_date), 0u);
  CheckIn labelled = check_in_of(p, "2.0.0");
  const std::pair<std::string_view, std::string_view> labels[] = {{"language", "CN"}};
  const int64_t permissions[] = {79};
  labelled.labels = labels;
  labelled.permissions = permissions;
  labelled.strict_labels = true;
  labelled.reinstall_allowed = true;
  EXPECT_EQ(count(labelled, Reason::up_to_date), 0u);
}

TEST_P(AllocationTest, RefusalsAllocateNothing) {
  w.device.blocked = true;
  EXPECT_EQ(count(check_in_of(p, "1.0.0"), Reason::device_blocked), 0u);
  w.device.blocked = false;
  EXPECT_EQ(count(CheckIn{}, Reason::unknown_product), 0u);
  if (GetParam() != VersionScheme::publish_order) {
    EXPECT_EQ(count(check_in_of(p, "not a version, and long enough to see a copy of it"),
                    Reason::bad_version),
              0u);
  }
}

TEST_P(AllocationTest, NothingMeantAllocatesNothing) {
  std::vector<ProductId> meant;
  const size_t before = allocation_count;
  products_meant(*w.snapshot, w.device, w.now, meant);
  EXPECT_EQ(allocation_count, before);
  EXPECT_TRUE(meant.empty());
}

TEST_P(AllocationTest, AnOfferAllocatesTheAnswer) {
  // The chain in the plan and the chain in the answer.
  EXPECT_LE(count(check_in_of(p, "1.0.0"), Reason::offer), 2u);
}

TEST_P(AllocationTest, LookUpsAllocateNothing) {
  const Snapshot& s = *w.snapshot;
  const size_t before = allocation_count;
  const bool found =
      s.product(p.id) != nullptr && s.product(kDefaultTenant, p.name, p.feature) != nullptr &&
      s.product(kDefaultTenant, p.manufacturer, p.module, p.type) != nullptr &&
      s.tenant("default") != nullptr && s.release(p.id, "1.0.0") != nullptr &&
      s.package(PackageId{1}) != nullptr &&
      s.credential(CredentialKind::onenet_product, "a name that is too long for small strings") ==
          nullptr &&
      s.product(p.id)->rank_of("2.0.0").value() == 1;
  EXPECT_EQ(allocation_count, before);
  EXPECT_TRUE(found);
}

class FilteredDevice final : public FilterSubject {
 public:
  FilterValue value(size_t, std::string_view) const override {
    return FilterValue::of(std::string_view("a text that is too long for small strings"));
  }
  bool any_of(size_t, TextTest test) const override { return test("beta"); }
  size_t components() const override { return 3; }
  FilterValue component_value(size_t, size_t, std::string_view) const override {
    return FilterValue::of(std::string_view("1.0"));
  }
};

TEST(FilterAllocation, EvaluatingAllocatesNothing) {
  constexpr FilterName kNames[] = {{"key", FilterType::text},
                                   {"tag", FilterType::texts},
                                   {"version", FilterType::version, true},
                                   {"attribute.", FilterType::loose}};
  const auto filter = Filter::compile(
      R"((key like "*long*" and tag in ("x", "beta") and site > 5 or version == "1.0") and not
         component(version == "2.0" and has(attribute."some long name that is not a small one")))",
      FilterVocabulary{"device", kNames, 3});
  ASSERT_TRUE(filter) << filter.error().message;
  const FilteredDevice device;
  const size_t before = allocation_count;
  const bool holds = filter->matches(device);
  EXPECT_EQ(allocation_count, before);
  EXPECT_TRUE(holds);
}

TEST(WindowAllocation, LookingAtTheClockAllocatesNothing) {
  ASSERT_TRUE(base::TimeZone::prepare());
  const Windows windows{*parse_windows("Mon-Fri 22:00-06:00; Sat,Sun 00:00-24:00"), "UTC"};
  const TextMap reported{{"time_zone", "America/Argentina/ComodRivadavia"}};
  const TextMap none;
  const size_t before = allocation_count;
  const DeviceZone zone = zone_of(none, reported, windows);
  bool held = zone.source == DeviceZone::Source::reported;
  for (int64_t hour = 0; hour < 24 * 7; ++hour) {
    const base::Time now{1'777'636'800'000 + hour * base::kHourMs};
    const bool opened = open(windows, zone.zone, now);
    held = held && closes_at(windows, zone.zone, now).has_value() == opened;
    held = held && next_opening(windows, zone.zone, now).has_value();
  }
  EXPECT_EQ(allocation_count, before);
  EXPECT_TRUE(held);
}

INSTANTIATE_TEST_SUITE_P(Schemes, AllocationTest,
                         ::testing::Values(VersionScheme::dotted, VersionScheme::semver,
                                           VersionScheme::integer, VersionScheme::publish_order));

}  // namespace
}  // namespace otaru::domain
