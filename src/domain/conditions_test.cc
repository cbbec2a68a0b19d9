// SPDX-License-Identifier: Apache-2.0
#include "domain/conditions.h"

#include <gtest/gtest.h>

#include "domain/facts.h"

namespace otaru::domain {
namespace {

struct ConditionsTest : ::testing::Test {
  std::string label(int64_t bytes = 1'000) const {
    const auto unmet = unmet_condition(deployment, device, bytes);
    return unmet ? std::string(name_of(unmet->condition)) : "";
  }
  void say(std::string_view fact, std::string_view value) {
    set_text(device.reported, fact, value);
  }
  Deployment deployment;
  Device device;
};

TEST_F(ConditionsTest, WithoutAnyEverythingGoes) {
  say(facts::kSignal, "-113");
  say(facts::kBatteryPercent, "0");
  say(facts::kFreeBytes, "0");
  EXPECT_EQ(label(), "");
  deployment.conditions.strict = true;
  EXPECT_EQ(label(), "");
  EXPECT_EQ(conditions_text(deployment, device, 1'000), "none");
}

TEST_F(ConditionsTest, NumbersAreCompared) {
  deployment.signal_min = -90;
  say(facts::kSignal, "-97");
  EXPECT_EQ(label(), "signal");
  EXPECT_EQ(unmet_condition(deployment, device, 0)->text(),
            "signal is -97, at least -90 is wanted");
  for (const auto& [signal, unmet] : {std::pair{"-90", ""},
                                      {"-90.0", ""},
                                      {"-90.5", "signal"},
                                      {"-89.5", ""},
                                      {"+12", ""},
                                      {"-91", "signal"}}) {
    say(facts::kSignal, signal);
    EXPECT_EQ(label(), unmet) << signal;
  }
  deployment.power_min_percent = 50;
  say(facts::kBatteryPercent, "49.9");
  EXPECT_EQ(label(), "signal");  // the first of them, -91 still
  say(facts::kSignal, "12");
  EXPECT_EQ(label(), "power");
  EXPECT_EQ(conditions_text(deployment, device, 0),
            "signal is 12, at least -90 is wanted; power is 49.9, at least 50 % is wanted");
  say(facts::kBatteryPercent, "50");
  EXPECT_EQ(label(), "");
}

TEST_F(ConditionsTest, WhatIsNotKnownPassesUnlessStrict) {
  deployment.signal_min = 10;
  deployment.power_min_percent = 50;
  deployment.conditions.free_bytes_min = 1;
  deployment.conditions.networks = {"wifi"};
  say(facts::kBatteryPercent, "full");
  say(facts::kFreeBytes, "99999999999999999999");  // no number that fits
  EXPECT_EQ(label(), "");
  deployment.conditions.strict = true;
  EXPECT_EQ(label(), "signal");
  EXPECT_EQ(unmet_condition(deployment, device, 0)->text(),
            "signal is not known, at least 10 is wanted");
  say(facts::kSignal, "10");
  EXPECT_EQ(label(), "power");
  EXPECT_EQ(unmet_condition(deployment, device, 0)->text(),
            "power is 'full', which is no number, at least 50 % is wanted");
  say(facts::kBatteryPercent, "100");
  EXPECT_EQ(label(), "free_space");
  say(facts::kFreeBytes, "1");
  EXPECT_EQ(label(), "network");
  say(facts::kNetwork, "WiFi");
  EXPECT_EQ(label(), "");
  for (const char* none : {"", "-", "10.", "10.x", "0x10", " 10", "10 "}) {
    say(facts::kSignal, none);
    EXPECT_EQ(label(), "signal") << none;
  }
}

TEST_F(ConditionsTest, ChargingHelpsWhoDoesNotSayHowFull) {
  deployment.power_min_percent = 50;
  deployment.conditions.strict = true;
  say(facts::kCharging, "true");
  EXPECT_EQ(label(), "");
  EXPECT_EQ(conditions_text(deployment, device, 0), "power is charging, at least 50 % is wanted");
  say(facts::kBatteryPercent, "3");
  EXPECT_EQ(label(), "power");
  say(facts::kCharging, "false");
  set_text(device.reported, facts::kBatteryPercent, "");
  EXPECT_EQ(label(), "power");
}

TEST_F(ConditionsTest, ADeviceThatKeepsThresholdsIsNotHeldBackByThem) {
  deployment.signal_min = 10;
  deployment.power_min_percent = 50;
  deployment.conditions.free_bytes_min = 100;
  say(facts::kSignal, "3");
  say(facts::kBatteryPercent, "3");
  say(facts::kFreeBytes, "99");
  EXPECT_EQ(unmet_condition(deployment, device, 0)->condition, Condition::signal);
  const auto unmet = unmet_condition(deployment, device, 0, Thresholds::the_devices);
  ASSERT_TRUE(unmet);
  EXPECT_EQ(unmet->condition, Condition::free_space);
  EXPECT_EQ(conditions_text(deployment, device, 0, Thresholds::the_devices),
            "free space is 99, at least 100 bytes is wanted");
}

TEST_F(ConditionsTest, SpaceForThePackageOrMore) {
  say(facts::kFreeBytes, "5000");
  deployment.conditions.fits_package = true;
  EXPECT_EQ(label(5'000), "");
  EXPECT_EQ(label(5'001), "free_space");
  EXPECT_EQ(unmet_condition(deployment, device, 5'001)->text(),
            "free space is 5000, at least 5001 bytes is wanted");
  deployment.conditions.free_bytes_min = 6'000;
  EXPECT_EQ(label(10), "free_space");
  deployment.conditions.fits_package = false;
  deployment.conditions.free_bytes_min = 0;
  EXPECT_EQ(label(5'001), "");
}

TEST_F(ConditionsTest, NetworksAndWhatOperatorsSet) {
  deployment.conditions.networks = {"wifi", "ethernet"};
  say(facts::kNetwork, "4g");
  EXPECT_EQ(label(), "network");
  EXPECT_EQ(unmet_condition(deployment, device, 0)->text(),
            "network is 4g, wifi or ethernet is wanted");
  set_text(device.attributes, facts::kNetwork, "Ethernet");
  EXPECT_EQ(label(), "");
  set_text(device.attributes, facts::kNetwork, "");
  EXPECT_EQ(label(), "network");
}

}  // namespace
}  // namespace otaru::domain
