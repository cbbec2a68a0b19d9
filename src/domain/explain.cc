// SPDX-License-Identifier: Apache-2.0
// A decision as one sentence for people, in English or Chinese, with the values that decided.
#include <string>

#include "domain/explain_words.h"

namespace otaru::domain {
namespace {

class Explainer : private ExplainWords {
 public:
  using ExplainWords::ExplainWords;

  std::string sentence() const {
    switch (decision().reason) {
      case Reason::offer:
        return offered();
      case Reason::continue_task:
        return continued();
      case Reason::up_to_date:
        return say("Runs " + running() + ", and the deployment " + deployment() + " has " +
                       release() + ": nothing to do.",
                   "当前版本为 " + running() + "，部署" + deployment() + "的版本为 " + release() +
                       "，无需升级。");
      case Reason::unknown_product:
        return say("Asks for a product that is not known here (" + product() + ").",
                   "设备查询的产品未知（" + product() + "）。");
      case Reason::no_deployment:
        return say("No running deployment concerns the product " + product() + ".",
                   "没有正在运行的部署涉及产品" + product() + "。");
      case Reason::deployment_paused:
        return paused();
      case Reason::device_blocked:
        if (device().pending) {
          return say(
              "The device " + quoted(device().key) +
                  " registered itself and waits for approval; it gets nothing before.",
              "设备" + quoted(device().key) + "为自行注册，等待审批，审批前不提供任何升级。");
        }
        return say("The device " + quoted(device().key) + " is blocked and gets nothing.",
                   "设备" + quoted(device().key) + "已被禁用，不提供任何升级。");
      case Reason::bad_version:
        return say("Reports the version " + running() +
                       ", which does not fit the version scheme of " + product() + ".",
                   "上报的版本 " + running() + " 不符合产品" + product() + "的版本格式。");
      case Reason::from_version_excluded:
      case Reason::no_release:
      case Reason::attempts_exhausted:
      case Reason::task_cancelled:
      case Reason::deadline_passed:
        return excluded();
      case Reason::not_in_audience:
      case Reason::not_started:
      case Reason::not_in_wave:
        return explain_audience(*this);
      case Reason::release_withdrawn:
      case Reason::requirement_unmet:
      case Reason::waits_for_component:
      case Reason::retry_later:
      case Reason::mode_unsupported:
      case Reason::consent_needed:
      case Reason::consent_postponed:
      case Reason::consent_refused:
      case Reason::condition_unmet:
      case Reason::outside_window:
      case Reason::braked:
      case Reason::rate_limited:
        return explain_wait(*this);
      case Reason::label_mismatch:
      case Reason::not_visible:
      case Reason::no_package:
      case Reason::base_mismatch:
        return withheld();
    }
    return {};
  }

 private:
  // "delta from 1.2, 4 711 bytes" or "full package, 22 bytes" or "3 packages, 4 711 bytes"
  std::string packages() const {
    const Offer& offer = *decision().offer;
    const std::string size = grouped(offer.bytes);
    if (offer.chain.size() != 1) {
      const std::string count = std::to_string(offer.chain.size());
      return say(count + " packages, " + size + " bytes", count + " 个包，" + size + " 字节");
    }
    const Package* package = snapshot().package(offer.chain.front());
    if (package == nullptr || package->kind == PackageKind::full) {
      return say("full package, " + size + " bytes", "完整包，" + size + " 字节");
    }
    return say("delta from " + package->base_version + ", " + size + " bytes",
               "基于 " + package->base_version + " 的差分包，" + size + " 字节");
  }

  std::string offered() const {
    const std::string on =
        say("Is offered " + release() + " (" + packages() + ") by deployment " + deployment(),
            "由部署" + deployment() + "提供版本 " + release() + "（" + packages() + "）");
    if (!decision().stepping) return on + say(".", "。");
    const std::string last = release(decision().final_release);
    return on + say(", a stepping stone on the way to " + last + ".",
                    "，此为升级到 " + last + " 的过渡版本。");
  }

  std::string continued() const {
    const Task* task = device().task(decision().task);
    const std::string id = std::to_string(decision().task.value);
    const std::string state(task != nullptr ? name_of(task->state) : "open");
    return say("Goes on with task " + id + " (" + state + ") to " + release() + " (" + packages() +
                   ") of deployment " + deployment() + ".",
               "继续执行部署" + deployment() + "的任务 " + id + "（" + state + "），目标版本 " +
                   release() + "（" + packages() + "）。");
  }

  std::string paused() const {
    if (row().state == DeploymentState::paused || !decision().task) {
      const std::string& by = row().rollout.stopped_by;
      return say("Deployment " + deployment() + " would bring " + release() + ", but it is paused" +
                     (by.empty() ? "." : ": " + by + "."),
                 "部署" + deployment() + "可提供版本 " + release() + "，但已暂停" +
                     (by.empty() ? "。" : "：" + by + "。"));
    }
    const std::string id = std::to_string(decision().task.value);
    return say("Task " + id + " of deployment " + deployment() + " to " + release() + " is paused.",
               "部署" + deployment() + "的任务 " + id + "（目标版本 " + release() + "）已暂停。");
  }

  std::string excluded() const {
    if (decision().reason == Reason::from_version_excluded) {
      const std::string wanted = list(row().from_versions);
      return say(
          "Runs " + running() + ", but deployment " + deployment() + " only starts from " + wanted +
              ".",
          "当前版本为 " + running() + "，而部署" + deployment() + "仅适用于 " + wanted + "。");
    }
    if (decision().reason == Reason::attempts_exhausted) {
      const std::string count = std::to_string(row().attempts_max);
      return say(
          "Has failed " + count + " times to install " + release() + "; deployment " +
              deployment() + " leaves it alone.",
          "安装版本 " + release() + " 已失败 " + count + " 次，部署" + deployment() + "不再重试。");
    }
    if (decision().reason == Reason::task_cancelled) {
      return say(
          "An operator cancelled " + release() + " on this device; deployment " + deployment() +
              " leaves it alone.",
          "操作员已在此设备上取消版本 " + release() + "，部署" + deployment() + "不再提供。");
    }
    if (decision().reason == Reason::deadline_passed) {
      const std::string end = row().deadline ? base::iso8601(*row().deadline) : std::string();
      return say("The deadline of deployment " + deployment() + " has passed (" + end + ").",
                 "部署" + deployment() + "的截止时间已过（" + end + "）。");
    }
    return unpublished();
  }

  std::string unpublished() const {
    if (row().target.newest_in_channel.empty()) {
      return say("What deployment " + deployment() + " should bring to " + product() +
                     " is not published.",
                 "部署" + deployment() + "要为产品" + product() + "安装的版本尚未发布或已撤回。");
    }
    return say("Deployment " + deployment() + " takes the newest release of channel " +
                   quoted(row().target.newest_in_channel) + ", but nothing of " + product() +
                   " is published there.",
               "部署" + deployment() + "取通道" + quoted(row().target.newest_in_channel) +
                   "的最新版本，但产品" + product() + "在该通道没有已发布的版本。");
  }

  std::string withheld() const {
    if (decision().reason == Reason::label_mismatch) return mismatched();
    if (decision().reason == Reason::not_visible) {
      return say("Deployment " + deployment() + " has " + release() +
                     ", but no package of it is visible to this requester.",
                 "部署" + deployment() + "的版本为 " + release() + "，但请求者无权看到其任何包。");
    }
    if (decision().reason == Reason::base_mismatch) {
      return say("Runs " + running() + ", but the packages of " + release() + " in deployment " +
                     deployment() + " are deltas, and none applies to it.",
                 "当前版本为 " + running() + "，而部署" + deployment() + "中版本 " + release() +
                     " 只有差分包，且均不适用。");
    }
    return say("Deployment " + deployment() + " has " + release() +
                   ", but no package that it may use leads there.",
               "部署" + deployment() + "的版本为 " + release() + "，但没有可用的升级包。");
  }

  std::string mismatched() const {
    const Release* found = snapshot().release(decision().release);
    const std::string* wanted =
        found != nullptr ? find_text(found->labels, decision().label) : nullptr;
    const std::string label(decision().label);
    std::string stated = say("nothing", "（未说明）");
    for (const auto& entry : check_in().labels) {
      if (entry.first == label) stated = quoted(entry.second);
    }
    const std::string value = quoted(wanted != nullptr ? *wanted : std::string());
    return say("Release " + release() + " of deployment " + deployment() + " is for " + label +
                   " " + value + ", but the device says " + stated + ".",
               "部署" + deployment() + "的版本 " + release() + " 要求 " + label + " 为" + value +
                   "，而设备为" + stated + "。");
  }
};

}  // namespace

std::string explain(const Snapshot& snapshot, const Device& device, const CheckIn& check_in,
                    const Decision& decision, std::string_view language) {
  return Explainer(snapshot, device, check_in, decision, language).sentence();
}

}  // namespace otaru::domain
