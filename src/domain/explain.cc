// SPDX-License-Identifier: Apache-2.0
// A decision as one sentence for people, in English or Chinese, with the values that decided.
#include <string>

#include "domain/decide.h"

namespace otaru::domain {
namespace {

// 4711 -> "4 711"
std::string grouped(int64_t number) {
  const std::string digits = std::to_string(number);
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ' ';
    out += digits[i];
  }
  return out;
}

// The values a sentence may need, and the two languages to put them into.
class Explainer {
 public:
  Explainer(const Snapshot& snapshot, const Device& device, const CheckIn& check_in,
            const Decision& decision, bool chinese)
      : snapshot_(snapshot),
        device_(device),
        check_in_(check_in),
        decision_(decision),
        chinese_(chinese) {}

  std::string sentence() const {
    switch (decision_.reason) {
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
        return say("The device " + quoted(device_.key) + " is blocked and gets nothing.",
                   "设备" + quoted(device_.key) + "已被禁用，不提供任何升级。");
      case Reason::bad_version:
        return say("Reports the version " + running() +
                       ", which does not fit the version scheme of " + product() + ".",
                   "上报的版本 " + running() + " 不符合产品" + product() + "的版本格式。");
      case Reason::not_in_audience:
      case Reason::from_version_excluded:
      case Reason::no_release:
      case Reason::attempts_exhausted:
      case Reason::deadline_passed:
        return excluded();
      case Reason::not_started:
      case Reason::not_in_wave:
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
        return waits();
      case Reason::label_mismatch:
      case Reason::not_visible:
      case Reason::no_package:
      case Reason::base_mismatch:
        return withheld();
    }
    return {};
  }

 private:
  std::string say(std::string english, std::string chinese) const {
    return chinese_ ? std::move(chinese) : std::move(english);
  }

  std::string quoted(std::string_view text) const {
    const std::string inner(text);
    return chinese_ ? "“" + inner + "”" : "'" + inner + "'";
  }

  std::string running() const {
    if (!check_in_.version.empty()) return std::string(check_in_.version);
    return say("an unknown version", "（未上报）");
  }

  std::string product() const {
    const CompiledProduct* compiled = snapshot_.product(check_in_.product);
    if (compiled != nullptr) return quoted(compiled->product->name);
    return quoted(check_in_.slot);
  }

  std::string deployment() const {
    const CompiledDeployment* compiled = snapshot_.deployment(decision_.deployment);
    if (compiled != nullptr) return quoted(compiled->deployment->name);
    return quoted(std::to_string(decision_.deployment.value));
  }

  std::string release() const {
    const Release* row = snapshot_.release(decision_.release);
    return row != nullptr ? row->version : say("no release", "（无）");
  }

  // "delta from 1.2, 4 711 bytes" or "full package, 22 bytes" or "3 packages, 4 711 bytes"
  std::string packages() const {
    const Offer& offer = *decision_.offer;
    const std::string size = grouped(offer.bytes);
    if (offer.chain.size() != 1) {
      const std::string count = std::to_string(offer.chain.size());
      return say(count + " packages, " + size + " bytes", count + " 个包，" + size + " 字节");
    }
    const Package* package = snapshot_.package(offer.chain.front());
    if (package == nullptr || package->kind == PackageKind::full) {
      return say("full package, " + size + " bytes", "完整包，" + size + " 字节");
    }
    return say("delta from " + package->base_version + ", " + size + " bytes",
               "基于 " + package->base_version + " 的差分包，" + size + " 字节");
  }

  std::string offered() const {
    return say(
        "Is offered " + release() + " (" + packages() + ") by deployment " + deployment() + ".",
        "由部署" + deployment() + "提供版本 " + release() + "（" + packages() + "）。");
  }

  std::string continued() const {
    const Task* task = device_.task(decision_.task);
    const std::string id = std::to_string(decision_.task.value);
    const std::string state(task != nullptr ? name_of(task->state) : "open");
    return say("Goes on with task " + id + " (" + state + ") to " + release() + " (" + packages() +
                   ") of deployment " + deployment() + ".",
               "继续执行部署" + deployment() + "的任务 " + id + "（" + state + "），目标版本 " +
                   release() + "（" + packages() + "）。");
  }

  std::string paused() const {
    const CompiledDeployment* compiled = snapshot_.deployment(decision_.deployment);
    const bool whole =
        compiled != nullptr && compiled->deployment->state == DeploymentState::paused;
    if (whole || !decision_.task) {
      return say("Deployment " + deployment() + " would bring " + release() + ", but it is paused.",
                 "部署" + deployment() + "可提供版本 " + release() + "，但已暂停。");
    }
    const std::string id = std::to_string(decision_.task.value);
    return say("Task " + id + " of deployment " + deployment() + " to " + release() + " is paused.",
               "部署" + deployment() + "的任务 " + id + "（目标版本 " + release() + "）已暂停。");
  }

  std::string excluded() const {
    const CompiledDeployment* compiled = snapshot_.deployment(decision_.deployment);
    static const Deployment kNothing;
    const Deployment& row = compiled != nullptr ? *compiled->deployment : kNothing;
    if (decision_.reason == Reason::not_in_audience) {
      const std::string count = grouped(static_cast<int64_t>(row.device_keys.size()));
      return say("Deployment " + deployment() + " names " + count + " devices, but not " +
                     quoted(device_.key) + ".",
                 "部署" + deployment() + "指定了 " + count + " 台设备，不包含" +
                     quoted(device_.key) + "。");
    }
    if (decision_.reason == Reason::from_version_excluded) {
      const std::string list = versions(row);
      return say("Runs " + running() + ", but deployment " + deployment() + " only starts from " +
                     list + ".",
                 "当前版本为 " + running() + "，而部署" + deployment() + "仅适用于 " + list + "。");
    }
    if (decision_.reason == Reason::attempts_exhausted) {
      const std::string count = std::to_string(row.attempts_max);
      return say(
          "Has failed " + count + " times to install " + release() + "; deployment " +
              deployment() + " leaves it alone.",
          "安装版本 " + release() + " 已失败 " + count + " 次，部署" + deployment() + "不再重试。");
    }
    if (decision_.reason == Reason::deadline_passed) {
      const std::string when = row.deadline ? base::iso8601(*row.deadline) : std::string();
      return say("The deadline of deployment " + deployment() + " has passed (" + when + ").",
                 "部署" + deployment() + "的截止时间已过（" + when + "）。");
    }
    return unpublished(row);
  }

  std::string unpublished(const Deployment& row) const {
    if (row.target.newest_in_channel.empty()) {
      return say("What deployment " + deployment() + " should bring to " + product() +
                     " is not published.",
                 "部署" + deployment() + "要为产品" + product() + "安装的版本尚未发布或已撤回。");
    }
    return say("Deployment " + deployment() + " takes the newest release of channel " +
                   quoted(row.target.newest_in_channel) + ", but nothing of " + product() +
                   " is published there.",
               "部署" + deployment() + "取通道" + quoted(row.target.newest_in_channel) +
                   "的最新版本，但产品" + product() + "在该通道没有已发布的版本。");
  }

  std::string versions(const Deployment& row) const {
    std::string out;
    for (const std::string& version : row.from_versions) {
      if (!out.empty()) out += say(", ", "、");
      out += version.empty() ? say("an unknown version", "（未上报）") : version;
    }
    return out;
  }

  std::string waits() const {
    const std::string why(name_of(decision_.reason));
    const std::string when = decision_.retry_at ? base::iso8601(*decision_.retry_at) : "";
    return say("Deployment " + deployment() + " has " + release() + ", but not now: " + why +
                   (when.empty() ? "." : " (until " + when + ")."),
               "部署" + deployment() + "的版本为 " + release() + "，但目前不提供：" + why +
                   (when.empty() ? "。" : "（至 " + when + "）。"));
  }

  std::string withheld() const {
    if (decision_.reason == Reason::label_mismatch) return mismatched();
    if (decision_.reason == Reason::not_visible) {
      return say("Deployment " + deployment() + " has " + release() +
                     ", but no package of it is visible to this requester.",
                 "部署" + deployment() + "的版本为 " + release() + "，但请求者无权看到其任何包。");
    }
    if (decision_.reason == Reason::base_mismatch) {
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
    const Release* row = snapshot_.release(decision_.release);
    const std::string* wanted = row != nullptr ? find_text(row->labels, decision_.label) : nullptr;
    const std::string label(decision_.label);
    std::string stated = say("nothing", "（未说明）");
    for (const auto& entry : check_in_.labels) {
      if (entry.first == label) stated = quoted(entry.second);
    }
    const std::string value = quoted(wanted != nullptr ? *wanted : std::string());
    return say("Release " + release() + " of deployment " + deployment() + " is for " + label +
                   " " + value + ", but the device says " + stated + ".",
               "部署" + deployment() + "的版本 " + release() + " 要求 " + label + " 为" + value +
                   "，而设备为" + stated + "。");
  }

  const Snapshot& snapshot_;
  const Device& device_;
  const CheckIn& check_in_;
  const Decision& decision_;
  bool chinese_;
};

}  // namespace

std::string explain(const Snapshot& snapshot, const Device& device, const CheckIn& check_in,
                    const Decision& decision, std::string_view language) {
  const bool chinese = language.substr(0, 2) == "zh";
  return Explainer(snapshot, device, check_in, decision, chinese).sentence();
}

}  // namespace otaru::domain
