// SPDX-License-Identifier: Apache-2.0
// The sentences of schedule, audience, waves and of all that makes a device wait, word by word.
#include <gtest/gtest.h>

#include "domain/consent.h"
#include "domain/decide.h"
#include "domain/test_world.h"

namespace otaru::domain {
namespace {

// 2026-05-01 12:00 UTC, a Friday.
constexpr base::Time kFriday{1'777'636'800'000};

struct ExplainWaitTest : ::testing::Test {
  ExplainWaitTest() : p(w.product("gateway")), two(w.release(p, "2.0")), d(w.deploy(two)) {
    w.full(two, 5000);
    d.name = "spring";
    answer.deployment = d.id;
    answer.release = two.id;
    w.device.reported = {{"time_zone", "Asia/Shanghai"}};
  }
  void expect(Reason reason, std::string_view english, std::string_view chinese) {
    answer.reason = reason;
    const CheckIn in = check_in_of(p, "1.0");
    const Snapshot& s = w.build();
    EXPECT_EQ(explain(s, w.device, in, answer, "en"), english);
    EXPECT_EQ(explain(s, w.device, in, answer, "zh"), chinese);
  }
  Group& group(std::string_view name) {
    Group& row = w.rows.groups.emplace_back();
    row.id = GroupId{static_cast<int64_t>(w.rows.groups.size())};
    row.tenant = kDefaultTenant;
    row.name = name;
    return row;
  }

  TestWorld w;
  Product& p;
  Release& two;
  Deployment& d;
  Decision answer;
};

TEST_F(ExplainWaitTest, NotStarted) {
  answer.retry_at = kFriday;
  expect(Reason::not_started,
         "Deployment 'spring' has not begun: it starts at Fri 2026-05-01 20:00 +08:00.",
         "部署“spring”尚未开始，将于 周五 2026-05-01 20:00 +08:00 开始。");
}

TEST_F(ExplainWaitTest, Exclusions) {
  d.excluded_keys = {"dev-1"};
  expect(Reason::not_in_audience, "Deployment 'spring' excludes 'dev-1' by name.",
         "部署“spring”明确排除了设备“dev-1”。");
  d.excluded_keys = {};
  d.audience.excluded_groups = {group("lab").id};
  w.device.groups = {GroupId{1}};
  expect(Reason::not_in_audience,
         "Deployment 'spring' excludes the group 'lab', and 'dev-1' is in it.",
         "部署“spring”排除了分组“lab”，而设备“dev-1”属于该分组。");
  d.audience.excluded_groups = {};
  d.audience.excluded_filter = "key == \"dev-1\"";
  expect(Reason::not_in_audience,
         "Deployment 'spring' excludes what matches key == \"dev-1\", and 'dev-1' does.",
         "部署“spring”排除了符合 key == \"dev-1\" 的设备，而“dev-1”符合。");
}

TEST_F(ExplainWaitTest, Audience) {
  d.audience.filter = "site == \"north\"";
  expect(Reason::not_in_audience,
         "Deployment 'spring' is for devices with site == \"north\", and 'dev-1' does not match.",
         "部署“spring”适用于符合 site == \"north\" 的设备，而“dev-1”不符合。");
  d.audience.filter.clear();
  d.audience.hardware = {"B1", "B2"};
  expect(Reason::not_in_audience,
         "Deployment 'spring' is for the hardware B1, B2, but the device says nothing.",
         "部署“spring”适用于硬件 B1、B2，而设备为（未说明）。");
  w.device.attributes = {{"hw_version", "A1"}};
  expect(Reason::not_in_audience,
         "Deployment 'spring' is for the hardware B1, B2, but the device says 'A1'.",
         "部署“spring”适用于硬件 B1、B2，而设备为“A1”。");
  d.audience.hardware = {};
  d.everyone = false;
  d.audience.groups = {group("lab").id};
  expect(Reason::not_in_audience,
         "Deployment 'spring' is for the groups 'lab', and 'dev-1' is none of them.",
         "部署“spring”适用于分组“lab”，不包含“dev-1”。");
  d.device_keys = {"a", "b"};
  expect(Reason::not_in_audience,
         "Deployment 'spring' is for the groups 'lab' and 2 named devices, and 'dev-1' is none of "
         "them.",
         "部署“spring”适用于分组“lab”及 2 台指定设备，不包含“dev-1”。");
}

TEST_F(ExplainWaitTest, Share) {
  d.audience.share_ppm = place(d.id, "dev-1");
  const std::string own = std::to_string(d.audience.share_ppm / 10'000);
  const CheckIn in = check_in_of(p, "1.0");
  answer.reason = Reason::not_in_audience;
  const std::string text = explain(w.build(), w.device, in, answer, "en");
  EXPECT_EQ(text.find("Deployment 'spring' is for " + own), 0u) << text;
  EXPECT_NE(text.find(" % of the devices, and 'dev-1' stands at " + own), std::string::npos);
}

TEST_F(ExplainWaitTest, Waves) {
  d.waves.resize(3);
  d.waves[0].name = "test";
  d.waves[0].filter = "site == \"lab\"";
  d.waves[1].name = "some";
  d.waves[1].filter = "site == \"north\"";
  expect(Reason::not_in_wave,
         "Deployment 'spring' goes in waves, 3 of them, and 'dev-1' fits none.",
         "部署“spring”分 3 个批次进行，设备“dev-1”不属于任何批次。");
  d.waves[2].name = "all";
  d.waves[2].share_ppm = kWholeShare;
  d.rollout.open_waves = 1;
  expect(Reason::not_in_wave,
         "Is in wave 3 ('all') of 3 of deployment 'spring', which is not open yet: wave 1 ('test') "
         "waits for the server's next look.",
         "设备属于部署“spring”共 3 个批次中的第 3（“all”）批，尚未开放：第 1（“test”）"
         "批须满足：服务器的下一次检查。");
  d.waves[0].gate = Gate{20, 950'000, 50'000, 24 * base::kHourMs, true};
  d.rollout.gate_met_at = kFriday;
  d.rollout.next_approved = true;
  expect(Reason::not_in_wave,
         "Is in wave 3 ('all') of 3 of deployment 'spring', which is not open yet: wave 1 ('test') "
         "waits for at least 20 ended updates, at least 95 % of them successful, at most 5 % of "
         "them failed, all that for 24 h, the agreement of a person. The numbers hold since Fri "
         "2026-05-01 20:00 +08:00, and have to until Sat 2026-05-02 20:00 +08:00. Somebody has "
         "agreed.",
         "设备属于部署“spring”共 3 个批次中的第 3（“all”）批，尚未开放：第 1（“test”）"
         "批须满足：至少 20 次升级结束、成功率至少 95 %、失败率不超过 5 %、并保持 24 "
         "小时、人工批准。各项指标自 周五 2026-05-01 20:00 +08:00 起达标，须保持至 周六 2026-05-02 "
         "20:00 +08:00。已获批准。");
  d.waves[0] = Wave{};
  d.waves[2].name.clear();
  d.rollout = Rollout{};
  d.rollout.open_waves = 1;
  expect(Reason::not_in_wave,
         "Is in wave 3 of 3 of deployment 'spring', which is not open yet: wave 1 waits for the "
         "server's next look.",
         "设备属于部署“spring”共 3 个批次中的第 3 批，尚未开放：第 1 批须满足：服务器的下一次检查。");
}

TEST_F(ExplainWaitTest, Windows) {
  d.windows.list = {Window{0x1f, 22 * 60, 6 * 60}};
  answer.retry_at = kFriday + 2 * base::kHourMs;
  expect(Reason::outside_window,
         "Deployment 'spring' has 2.0, but not now: its windows (Mon-Fri 22:00-06:00) open at Fri "
         "2026-05-01 22:00 +08:00 (Asia/Shanghai, reported by the device).",
         "部署“spring”的版本为 2.0，但当前不在维护时段内：时段（Mon-Fri 22:00-06:00）将于 周五 "
         "2026-05-01 22:00 +08:00 开启（Asia/Shanghai，由设备上报）。");
  w.device.reported.clear();
  answer.retry_at.reset();
  expect(Reason::outside_window,
         "Deployment 'spring' has 2.0, but not now: its windows (Mon-Fri 22:00-06:00) do not open "
         "within three weeks (UTC, for want of a time zone).",
         "部署“spring”的版本为 2.0，但当前不在维护时段内：时段（Mon-Fri "
         "22:00-06:00）三周内不会开启（UTC，因时区未知）。");
}

TEST_F(ExplainWaitTest, Conditions) {
  d.signal_min = -90;
  w.device.reported = {{"signal", "-97"}};
  expect(Reason::condition_unmet,
         "Deployment 'spring' has 2.0, but the signal is -97, and at least -90 is wanted.",
         "部署“spring”的版本为 2.0，但信号为 -97，要求至少 -90。");
  d.signal_min = 0;
  d.power_min_percent = 50;
  d.conditions.strict = true;
  expect(Reason::condition_unmet,
         "Deployment 'spring' has 2.0, but the battery is not known, and at least 50 % is wanted.",
         "部署“spring”的版本为 2.0，但电量为 未知，要求至少 50 %。");
  d.power_min_percent = 0;
  d.conditions.fits_package = true;
  w.device.reported = {{"free_bytes", "4000"}};
  expect(Reason::condition_unmet,
         "Deployment 'spring' has 2.0, but the free space is 4000 bytes, and at least 5 000 bytes "
         "is wanted.",
         "部署“spring”的版本为 2.0，但可用空间为 4000 字节，要求至少 5 000 字节。");
  d.conditions.fits_package = false;
  d.conditions.networks = {"wifi", "ethernet"};
  w.device.reported = {{"network", "4g"}};
  expect(Reason::condition_unmet,
         "Deployment 'spring' has 2.0, but the network is 4g, and one of wifi, ethernet is wanted.",
         "部署“spring”的版本为 2.0，但网络为 4g，要求为 wifi、ethernet 之一。");
}

TEST_F(ExplainWaitTest, Consents) {
  expect(Reason::consent_needed,
         "Deployment 'spring' has 2.0, but somebody has to agree first: the deployment asks.",
         "部署“spring”的版本为 2.0，但须先取得同意：部署要求询问。");
  w.device.consent.choice = ConsentChoice::ask;
  expect(Reason::consent_needed,
         "Deployment 'spring' has 2.0, but somebody has to agree first: the device wants to be "
         "asked.",
         "部署“spring”的版本为 2.0，但须先取得同意：设备要求每次询问。");
  expect(Reason::consent_refused, "Deployment 'spring' has 2.0, but somebody said no to it.",
         "部署“spring”的版本为 2.0，但该升级已被拒绝。");
  w.device.consent.choice = ConsentChoice::opted_out;
  w.device.consent.by = "app";
  w.device.consent.at = kFriday;
  expect(Reason::consent_refused,
         "Deployment 'spring' has 2.0, but the device has opted out of updates (app, Fri "
         "2026-05-01 20:00 +08:00).",
         "部署“spring”的版本为 2.0，但设备已选择不接受升级（app，周五 2026-05-01 20:00 +08:00）。");
  answer.retry_at = kFriday + base::kHourMs;
  expect(Reason::consent_postponed,
         "Deployment 'spring' has 2.0, but it was put off until Fri 2026-05-01 21:00 +08:00 (app, "
         "Fri 2026-05-01 20:00 +08:00).",
         "部署“spring”的版本为 2.0，但已推迟至 周五 2026-05-01 21:00 +08:00（app，周五 2026-05-01 "
         "20:00 +08:00）。");
}

TEST_F(ExplainWaitTest, RatesAndBrakes) {
  d.rate.per_minute = 1000;
  d.rate.concurrent_max = 50;
  d.rate.bytes_per_second = 2'000'000;
  answer.retry_at = kFriday;
  answer.label = "per_minute";
  expect(
      Reason::rate_limited,
      "Deployment 'spring' has 2.0, but it may begin on a limited number of devices a minute (1 "
      "000 at its start); it is worth asking again at Fri 2026-05-01 20:00 +08:00.",
      "部署“spring”的版本为 2.0，但每分钟可开始的设备数有限（起始为 1 000）；可于 周五 2026-05-01 "
      "20:00 +08:00 再次查询。");
  answer.label = "concurrent_max";
  expect(Reason::rate_limited,
         "Deployment 'spring' has 2.0, but 50 updates are under way, and no more may be at once; "
         "it is worth asking again at Fri 2026-05-01 20:00 +08:00.",
         "部署“spring”的版本为 2.0，但同时进行的升级已达上限 50；可于 周五 2026-05-01 20:00 +08:00 "
         "再次查询。");
  answer.label = "bytes_per_second";
  answer.retry_at.reset();
  expect(
      Reason::rate_limited,
      "Deployment 'spring' has 2.0, but it may move 2 000 000 bytes a second, and they are "
      "taken; it is worth asking again at a later check.",
      "部署“spring”的版本为 2.0，但每秒传输上限 2 000 000 字节已用尽；可于 之后的检查 再次查询。");
  expect(Reason::braked, "Deployment 'spring' has 2.0, but one of its brakes has tripped.",
         "部署“spring”的版本为 2.0，但其熔断条件已触发。");
  d.rollout.stopped_by = "failures: 12 of 40 (30 %)";
  expect(Reason::braked,
         "Deployment 'spring' has 2.0, but one of its brakes has tripped: failures: 12 of 40 (30 "
         "%).",
         "部署“spring”的版本为 2.0，但其熔断条件已触发：failures: 12 of 40 (30 %)。");
  d.state = DeploymentState::paused;
  expect(Reason::deployment_paused,
         "Deployment 'spring' would bring 2.0, but it is paused: failures: 12 of 40 (30 %).",
         "部署“spring”可提供版本 2.0，但已暂停：failures: 12 of 40 (30 %)。");
}

TEST_F(ExplainWaitTest, Requirements) {
  Product& radio = w.product("radio");
  two.requirements = {{radio.id, "1.5"}};
  expect(Reason::requirement_unmet,
         "Deployment 'spring' has 2.0, but it requires 'radio' in 1.5 or newer, and the device "
         "does not report it.",
         "部署“spring”的版本为 2.0，但要求产品“radio”不低于 1.5，设备未上报该产品。");
  w.device.components = {{"radio", radio.id, "1.4", {}}};
  expect(Reason::requirement_unmet,
         "Deployment 'spring' has 2.0, but it requires 'radio' in 1.5 or newer, and the device "
         "runs 1.4.",
         "部署“spring”的版本为 2.0，但要求产品“radio”不低于 1.5，设备当前为 1.4。");
}

TEST_F(ExplainWaitTest, KitsHaveAnOrder) {
  Product& radio = w.product("radio");
  Release& radio_two = w.release(radio, "2.1");
  Kit& kit = w.kit("1.0", {two.id, radio_two.id});
  kit.items[0].stage = 1;
  d.target = {};
  d.target.kit = kit.id;
  w.device.components = {{"radio", radio.id, "1.4", {}}};
  expect(Reason::waits_for_component,
         "Deployment 'spring' has 2.0, but the kit has an order: 'radio' goes to 2.1 first.",
         "部署“spring”的版本为 2.0，但套件有先后顺序：须先将“radio”升级到 2.1。");
}

TEST_F(ExplainWaitTest, RetriesModesAndStones) {
  d.retry_interval_s = 5400;
  Task& failed = w.task(d, two, {PackageId{1}}, TaskState::failed);
  failed.failure = FailureClass::download;
  failed.updated_at = kFriday;
  answer.retry_at = kFriday + 90 * base::kMinuteMs;
  expect(Reason::retry_later,
         "Deployment 'spring' has 2.0, but the last attempt failed (download, Fri 2026-05-01 20:00 "
         "+08:00); it is tried again after 90 min, at Fri 2026-05-01 21:30 +08:00.",
         "部署“spring”的版本为 2.0，但上次尝试失败（download，周五 2026-05-01 20:00 +08:00）；间隔 "
         "90 分钟 后重试，即 周五 2026-05-01 21:30 +08:00。");
  expect(Reason::mode_unsupported,
         "Deployment 'spring' has 2.0, but it is to be downloaded and not installed, and the "
         "protocol of this device cannot say that.",
         "部署“spring”的版本为 2.0，但该部署要求仅下载不安装，而设备的协议不支持。");
  answer.offer = Offer{d.id, two.id, {PackageId{1}}, 5000};
  answer.stepping = true;
  answer.final_release = w.release(p, "3.0").id;
  expect(Reason::offer,
         "Is offered 2.0 (full package, 5 000 bytes) by deployment 'spring', a stepping stone on "
         "the way to 3.0.",
         "由部署“spring”提供版本 2.0（完整包，5 000 字节），此为升级到 3.0 的过渡版本。");
}

TEST_F(ExplainWaitTest, WithdrawnReleases) {
  expect(Reason::release_withdrawn,
         "Deployment 'spring' has 2.0, but another deployment takes that release back from this "
         "device.",
         "部署“spring”的版本为 2.0，但另一部署正在从该设备撤回此版本。");
  Deployment& healer = w.deploy(w.release(p, "1.9"));
  healer.name = "back to 1.9";
  healer.heals = d.id;
  expect(Reason::release_withdrawn,
         "Deployment 'spring' has 2.0, but deployment 'back to 1.9' takes that release back from "
         "this device.",
         "部署“spring”的版本为 2.0，但部署“back to 1.9”正在从该设备撤回此版本。");
}

}  // namespace
}  // namespace otaru::domain
