// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "domain/decide.h"
#include "domain/test_world.h"

namespace otaru::domain {
namespace {

struct ExplainTest : ::testing::Test {
  ExplainTest() : p(w.product("gateway")), one(w.release(p, "1.2")), two(w.release(p, "2.0")) {
    w.full(two, 1'234'567);
    w.delta(two, "1.2", 4711);
    w.newest().name = "spring";
  }
  void expect(std::string_view version, std::string_view english, std::string_view chinese) {
    EXPECT_EQ(w.said(check_in_of(p, version)), english);
    EXPECT_EQ(w.said(check_in_of(p, version), "zh-CN"), chinese);
  }
  Deployment& first() { return w.rows.deployments[0]; }

  TestWorld w;
  Product& p;
  Release& one;
  Release& two;
};

TEST_F(ExplainTest, Offers) {
  expect("1.2", "Is offered 2.0 (delta from 1.2, 4 711 bytes) by deployment 'spring'.",
         "由部署“spring”提供版本 2.0（基于 1.2 的差分包，4 711 字节）。");
  expect("1.3", "Is offered 2.0 (full package, 1 234 567 bytes) by deployment 'spring'.",
         "由部署“spring”提供版本 2.0（完整包，1 234 567 字节）。");
  w.delta(w.release(p, "3.0"), "2.0", 289);
  expect("1.2", "Is offered 3.0 (2 packages, 5 000 bytes) by deployment 'spring'.",
         "由部署“spring”提供版本 3.0（2 个包，5 000 字节）。");
}

TEST_F(ExplainTest, TasksThatGoOnOrWait) {
  w.task(first(), two, {PackageId{2}}, TaskState::downloading);
  expect("1.2",
         "Goes on with task 257 (downloading) to 2.0 (delta from 1.2, 4 711 bytes) of deployment "
         "'spring'.",
         "继续执行部署“spring”的任务 257（downloading），目标版本 2.0（基于 1.2 的差分包，4 711 "
         "字节）。");
  w.device.tasks[0].state = TaskState::paused;
  expect("1.2", "Task 257 of deployment 'spring' to 2.0 is paused.",
         "部署“spring”的任务 257（目标版本 2.0）已暂停。");
  first().state = DeploymentState::paused;
  expect("1.2", "Deployment 'spring' would bring 2.0, but it is paused.",
         "部署“spring”可提供版本 2.0，但已暂停。");
}

TEST_F(ExplainTest, NothingToDo) {
  expect("2.1", "Runs 2.1, and the deployment 'spring' has 2.0: nothing to do.",
         "当前版本为 2.1，部署“spring”的版本为 2.0，无需升级。");
}

TEST_F(ExplainTest, Devices) {
  expect("x", "Reports the version x, which does not fit the version scheme of 'gateway'.",
         "上报的版本 x 不符合产品“gateway”的版本格式。");
  w.device.blocked = true;
  expect("1.2", "The device 'dev-1' is blocked and gets nothing.",
         "设备“dev-1”已被禁用，不提供任何升级。");
  w.device.pending = true;
  expect("1.2",
         "The device 'dev-1' registered itself and waits for approval; it gets nothing before.",
         "设备“dev-1”为自行注册，等待审批，审批前不提供任何升级。");
  w.device.pending = false;
  w.device.blocked = false;
  CheckIn unknown;
  unknown.slot = "toaster";
  EXPECT_EQ(w.said(unknown), "Asks for a product that is not known here ('toaster').");
  EXPECT_EQ(w.said(unknown, "zh"), "设备查询的产品未知（“toaster”）。");
}

TEST_F(ExplainTest, Deployments) {
  first().everyone = false;
  first().device_keys = {"a", "b"};
  expect("1.2", "Deployment 'spring' names 2 devices, but not 'dev-1'.",
         "部署“spring”指定了 2 台设备，不包含“dev-1”。");
  first().everyone = true;
  first().from_versions = {"1.0", ""};
  expect("1.2", "Runs 1.2, but deployment 'spring' only starts from 1.0, an unknown version.",
         "当前版本为 1.2，而部署“spring”仅适用于 1.0、（未上报）。");
  first().from_versions.clear();
  first().attempts_max = 1;
  w.task(first(), two, {PackageId{2}}, TaskState::failed);
  expect("1.2", "Has failed 1 times to install 2.0; deployment 'spring' leaves it alone.",
         "安装版本 2.0 已失败 1 次，部署“spring”不再重试。");
  first().deadline = base::Time{0};
  expect("1.2", "The deadline of deployment 'spring' has passed (1970-01-01T00:00:00.000Z).",
         "部署“spring”的截止时间已过（1970-01-01T00:00:00.000Z）。");
  first().state = DeploymentState::finished;
  expect("1.2", "No running deployment concerns the product 'gateway'.",
         "没有正在运行的部署涉及产品“gateway”。");
}

TEST_F(ExplainTest, Releases) {
  first().target.newest_in_channel = "beta";
  expect("1.2",
         "Deployment 'spring' takes the newest release of channel 'beta', but nothing of 'gateway' "
         "is published there.",
         "部署“spring”取通道“beta”的最新版本，但产品“gateway”在该通道没有已发布的版本。");
  first().target = {};
  first().target.release = two.id;
  two.state = ReleaseState::revoked;
  expect("1.2", "What deployment 'spring' should bring to 'gateway' is not published.",
         "部署“spring”要为产品“gateway”安装的版本尚未发布或已撤回。");
  two.state = ReleaseState::published;
  two.labels = {{"language", "CN"}};
  CheckIn check = check_in_of(p, "1.2");
  const std::pair<std::string_view, std::string_view> stated[] = {{"language", "EN"}};
  check.labels = stated;
  EXPECT_EQ(w.said(check),
            "Release 2.0 of deployment 'spring' is for language 'CN', but the device says 'EN'.");
  EXPECT_EQ(w.said(check, "zh"), "部署“spring”的版本 2.0 要求 language 为“CN”，而设备为“EN”。");
  check.labels = {};
  check.strict_labels = true;
  EXPECT_EQ(
      w.said(check),
      "Release 2.0 of deployment 'spring' is for language 'CN', but the device says nothing.");
}

TEST_F(ExplainTest, Packages) {
  w.rows.packages[0].hidden = true;
  expect("1.1",
         "Runs 1.1, but the packages of 2.0 in deployment 'spring' are deltas, and none applies to "
         "it.",
         "当前版本为 1.1，而部署“spring”中版本 2.0 只有差分包，且均不适用。");
  first().mode = PackageMode::full_only;
  expect("1.1", "Deployment 'spring' has 2.0, but no package that it may use leads there.",
         "部署“spring”的版本为 2.0，但没有可用的升级包。");
  w.rows.packages[1].hidden = true;
  expect("1.1", "Deployment 'spring' has 2.0, but no package of it is visible to this requester.",
         "部署“spring”的版本为 2.0，但请求者无权看到其任何包。");
}

TEST(Explain, EveryReasonHasANameAndASentence) {
  TestWorld w;
  const Snapshot& s = w.build();
  for (int i = 0; i <= static_cast<int>(Reason::task_cancelled); ++i) {
    Decision decision;
    decision.reason = static_cast<Reason>(i);
    if (decision.reason == Reason::offer || decision.reason == Reason::continue_task) {
      decision.offer.emplace();
    }
    for (const std::string_view language : {"en", "zh"}) {
      const std::string text = explain(s, w.device, CheckIn{}, decision, language);
      EXPECT_TRUE(text.ends_with(language == "zh" ? "。" : ".")) << name_of(decision.reason);
    }
    for (int k = 0; k < i; ++k) {
      EXPECT_NE(name_of(decision.reason), name_of(static_cast<Reason>(k)));
    }
  }
}

}  // namespace
}  // namespace otaru::domain
