// SPDX-License-Identifier: Apache-2.0
// Why a device that a deployment would serve has to wait, told with the values: what has to happen,
// and when it is worth asking again.
#include <algorithm>

#include "domain/conditions.h"
#include "domain/deployment_rules.h"
#include "domain/explain_words.h"

namespace otaru::domain {
namespace {

std::string window_sentence(const ExplainWords& words) {
  const std::string list = text_of(words.row().windows.list);
  const std::string opens =
      words.decision().retry_at
          ? words.say("open at " + words.when(), "将于 " + words.when() + " 开启")
          : words.say("do not open within three weeks", "三周内不会开启");
  return words.holds() +
         words.say(
             "not now: its windows (" + list + ") " + opens + " (" + words.zone() + ").",
             "当前不在维护时段内：时段（" + list + "）" + opens + "（" + words.zone() + "）。");
}

// What the conditions are held against: the bytes that would be offered.
int64_t offer_bytes(const ExplainWords& words, const CompiledDeployment& compiled) {
  const CompiledProduct* product = words.snapshot().product(words.check_in().product);
  if (product == nullptr) return 0;
  const DeploymentRules rules(words.snapshot(), *product, words.device(), words.check_in(), {});
  return rules.concern(compiled, DecisionTrace::silent()).plan.bytes;
}

std::string condition_name(const ExplainWords& words, Condition condition) {
  switch (condition) {
    case Condition::signal:
      return words.say("the signal", "信号");
    case Condition::power:
      return words.say("the battery", "电量");
    case Condition::free_space:
      return words.say("the free space", "可用空间");
    case Condition::network:
      return words.say("the network", "网络");
  }
  return {};
}

std::string unit_of(const ExplainWords& words, Condition condition) {
  if (condition == Condition::power) return " %";
  if (condition == Condition::free_space) return words.say(" bytes", " 字节");
  return {};
}

std::string condition_sentence(const ExplainWords& words) {
  const CompiledDeployment* compiled = words.compiled();
  std::optional<ConditionResult> unmet;
  if (compiled != nullptr) {
    const Thresholds whose =
        words.check_in().keeps_thresholds ? Thresholds::the_devices : Thresholds::ours;
    unmet = unmet_condition(*compiled->deployment, words.device(), offer_bytes(words, *compiled),
                            whose);
  }
  if (!unmet) {
    const std::string label(words.decision().label);
    return words.holds() +
           words.say("not in this state: " + label + ".", "设备状态不满足条件：" + label + "。");
  }
  const std::string name = condition_name(words, unmet->condition);
  const std::string unit = unit_of(words, unmet->condition);
  const std::string found =
      unmet->known ? std::string(unmet->found) + unit : words.say("not known", "未知");
  std::string wanted;
  if (unmet->networks != nullptr) {
    wanted =
        words.say("one of " + words.list(*unmet->networks), words.list(*unmet->networks) + " 之一");
  } else {
    const std::string number = unmet->at_least < 0 ? std::to_string(unmet->at_least)
                                                   : ExplainWords::grouped(unmet->at_least);
    wanted = words.say("at least ", "至少 ") + number + unit;
  }
  return words.holds() + words.say(name + " is " + found + ", and " + wanted + " is wanted.",
                                   name + "为 " + found + "，要求" +
                                       (unmet->networks != nullptr ? "为 " : "") + wanted + "。");
}

std::string said_by(const ExplainWords& words) {
  const Consent& consent = words.device().consent;
  if (consent.by.empty()) return {};
  return words.say(" (" + consent.by + ", " + words.when(consent.at) + ")",
                   "（" + consent.by + "，" + words.when(consent.at) + "）");
}

std::string consent_sentence(const ExplainWords& words) {
  const Reason reason = words.decision().reason;
  if (reason == Reason::consent_postponed) {
    return words.holds() + words.say("it was put off until " + words.when() + said_by(words) + ".",
                                     "已推迟至 " + words.when() + said_by(words) + "。");
  }
  if (reason == Reason::consent_needed) {
    const bool own = words.device().consent.choice == ConsentChoice::ask;
    return words.holds() +
           words.say(
               std::string("somebody has to agree first: ") +
                   (own ? "the device wants to be asked" : "the deployment asks") + ".",
               std::string("须先取得同意：") + (own ? "设备要求每次询问" : "部署要求询问") + "。");
  }
  if (words.device().consent.choice == ConsentChoice::opted_out) {
    return words.holds() + words.say("the device has opted out of updates" + said_by(words) + ".",
                                     "设备已选择不接受升级" + said_by(words) + "。");
  }
  return words.holds() + words.say("somebody said no to it.", "该升级已被拒绝。");
}

std::string rate_sentence(const ExplainWords& words) {
  const Rate& rate = words.row().rate;
  const std::string_view limit = words.decision().label;
  std::string limits = words.say("its rate is used up", "已达到速率上限");
  if (limit == "per_minute") {
    const std::string count = ExplainWords::grouped(rate.per_minute);
    limits = words.say(
        "it may begin on a limited number of devices a minute (" + count + " at its start)",
        "每分钟可开始的设备数有限（起始为 " + count + "）");
  } else if (limit == "concurrent_max") {
    const std::string count = ExplainWords::grouped(rate.concurrent_max);
    limits = words.say(count + " updates are under way, and no more may be at once",
                       "同时进行的升级已达上限 " + count);
  } else if (limit == "bytes_per_second") {
    const std::string count = ExplainWords::grouped(rate.bytes_per_second);
    limits = words.say("it may move " + count + " bytes a second, and they are taken",
                       "每秒传输上限 " + count + " 字节已用尽");
  }
  return words.holds() + words.say(limits + "; it is worth asking again at " + words.when() + ".",
                                   limits + "；可于 " + words.when() + " 再次查询。");
}

// The first requirement of a list that this device does not meet.
const Requirement* unmet_of(const ExplainWords& words, const std::vector<Requirement>& list) {
  for (const Requirement& wanted : list) {
    const CompiledProduct* product = words.snapshot().product(wanted.product);
    const auto& components = words.device().components;
    const bool met = std::any_of(components.begin(), components.end(), [&](const Component& c) {
      if (c.product != wanted.product || product == nullptr) return false;
      const auto order =
          compare_versions(product->product->version_format, c.version, wanted.version_min);
      return order && *order != std::strong_ordering::less;
    });
    if (!met) return &wanted;
  }
  return nullptr;
}

const Requirement* unmet_requirement(const ExplainWords& words) {
  const Release* release = words.snapshot().release(words.decision().release);
  if (release == nullptr) return nullptr;
  if (const Requirement* unmet = unmet_of(words, release->requirements)) return unmet;
  const Kit* kit = words.snapshot().kit(words.row().target.kit);
  if (kit == nullptr) return nullptr;
  for (const KitItem& item : kit->items) {
    if (item.release != release->id) continue;
    if (const Requirement* unmet = unmet_of(words, item.requirements)) return unmet;
  }
  return nullptr;
}

std::string requirement_sentence(const ExplainWords& words) {
  const Requirement* unmet = unmet_requirement(words);
  if (unmet == nullptr) {
    return words.holds() +
           words.say("it requires something that is not there.", "其前提条件尚未满足。");
  }
  const auto& components = words.device().components;
  const auto found = std::find_if(components.begin(), components.end(),
                                  [&](const Component& c) { return c.product == unmet->product; });
  const std::string name = words.product(unmet->product);
  const std::string has = found == components.end()
                              ? words.say("the device does not report it", "设备未上报该产品")
                              : words.say("the device runs " + words.version(found->version),
                                          "设备当前为 " + words.version(found->version));
  return words.holds() +
         words.say(
             "it requires " + name + " in " + unmet->version_min + " or newer, and " + has + ".",
             "要求产品" + name + "不低于 " + unmet->version_min + "，" + has + "。");
}

// Of a kit: the component of an earlier stage that is not there yet.
const Release* earlier_release(const ExplainWords& words) {
  const Kit* kit = words.snapshot().kit(words.row().target.kit);
  if (kit == nullptr) return nullptr;
  int64_t own_stage = 0;
  for (const KitItem& item : kit->items) {
    if (item.release == words.decision().release) own_stage = item.stage;
  }
  for (const KitItem& item : kit->items) {
    const Release* release = words.snapshot().release(item.release);
    if (item.stage >= own_stage || release == nullptr) continue;
    const CompiledProduct* product = words.snapshot().product(release->product);
    for (const Component& component : words.device().components) {
      if (component.product != release->product || product == nullptr) continue;
      if (product->compare(*release, component.version).value_or(1) > 0) return release;
    }
  }
  return nullptr;
}

std::string kit_sentence(const ExplainWords& words) {
  const Release* before = earlier_release(words);
  if (before == nullptr) {
    return words.holds() + words.say("another component of the device has its turn before.",
                                     "须先升级设备的其他组件。");
  }
  const std::string name = words.product(before->product);
  return words.holds() +
         words.say("the kit has an order: " + name + " goes to " + before->version + " first.",
                   "套件有先后顺序：须先将" + name + "升级到 " + before->version + "。");
}

std::string retry_sentence(const ExplainWords& words) {
  const Task* failed = nullptr;
  for (const Task& task : words.device().tasks) {
    if (task.deployment != words.decision().deployment || task.state != TaskState::failed) continue;
    failed = &task;
    break;
  }
  std::string what = words.say("the last attempt failed", "上次尝试失败");
  if (failed != nullptr) {
    const std::string failure(name_of(failed->failure));
    what += words.say(" (" + failure + ", " + words.when(failed->updated_at) + ")",
                      "（" + failure + "，" + words.when(failed->updated_at) + "）");
  }
  const std::string pause = words.duration(words.row().retry_interval_s * base::kSecondMs);
  return words.holds() +
         words.say(what + "; it is tried again after " + pause + ", at " + words.when() + ".",
                   what + "；间隔 " + pause + " 后重试，即 " + words.when() + "。");
}

// Which deployment takes the release back.
const Deployment* healing(const ExplainWords& words) {
  for (const Deployment& row : words.snapshot().rows().deployments) {
    if (!row.heals || has_ended(row.state) || row.state == DeploymentState::draft) continue;
    const CompiledDeployment* healed = words.snapshot().deployment(row.heals);
    if (healed == nullptr) continue;
    const Deployment& bad = *healed->deployment;
    const Release* release = words.snapshot().release(words.decision().release);
    const bool by_channel = release != nullptr && !bad.target.newest_in_channel.empty() &&
                            bad.target.newest_in_channel == release->channel;
    const bool named = std::any_of(
        healed->targets.begin(), healed->targets.end(),
        [&](const CompiledTarget& target) { return target.release == words.decision().release; });
    if (by_channel || named) return &row;
  }
  return nullptr;
}

std::string withdrawn_sentence(const ExplainWords& words) {
  const Deployment* by = healing(words);
  const std::string who = by == nullptr ? words.say("another deployment", "另一部署")
                                        : words.say("deployment ", "部署") + words.quoted(by->name);
  return words.holds() + words.say(who + " takes that release back from this device.",
                                   who + "正在从该设备撤回此版本。");
}

std::string mode_sentence(const ExplainWords& words) {
  return words.holds() +
         words.say(
             "it is to be downloaded and not installed, and the protocol of this device "
             "cannot say that.",
             "该部署要求仅下载不安装，而设备的协议不支持。");
}

std::string braked_sentence(const ExplainWords& words) {
  const std::string& why = words.row().rollout.stopped_by;
  if (why.empty()) {
    return words.holds() + words.say("one of its brakes has tripped.", "其熔断条件已触发。");
  }
  return words.holds() + words.say("one of its brakes has tripped: " + why + ".",
                                   "其熔断条件已触发：" + why + "。");
}

}  // namespace

bool serves_later(Reason reason) {
  switch (reason) {
    case Reason::waits_for_component:
    case Reason::retry_later:
    case Reason::consent_needed:
    case Reason::consent_postponed:
    case Reason::condition_unmet:
    case Reason::outside_window:
    case Reason::braked:
    case Reason::rate_limited:
      return true;
    case Reason::offer:
    case Reason::continue_task:
    case Reason::up_to_date:
    case Reason::unknown_product:
    case Reason::no_deployment:
    case Reason::deployment_paused:
    case Reason::not_in_audience:
    case Reason::device_blocked:
    case Reason::from_version_excluded:
    case Reason::label_mismatch:
    case Reason::not_visible:
    case Reason::no_package:
    case Reason::base_mismatch:
    case Reason::bad_version:
    case Reason::no_release:
    case Reason::attempts_exhausted:
    case Reason::task_cancelled:
    case Reason::deadline_passed:
    case Reason::not_started:
    case Reason::not_in_wave:
    case Reason::release_withdrawn:
    case Reason::requirement_unmet:
    case Reason::mode_unsupported:
    case Reason::consent_refused:
      return false;
  }
  return false;
}

std::string explain_wait(const ExplainWords& words) {
  switch (words.decision().reason) {
    case Reason::release_withdrawn:
      return withdrawn_sentence(words);
    case Reason::requirement_unmet:
      return requirement_sentence(words);
    case Reason::waits_for_component:
      return kit_sentence(words);
    case Reason::retry_later:
      return retry_sentence(words);
    case Reason::mode_unsupported:
      return mode_sentence(words);
    case Reason::consent_needed:
    case Reason::consent_postponed:
    case Reason::consent_refused:
      return consent_sentence(words);
    case Reason::condition_unmet:
      return condition_sentence(words);
    case Reason::outside_window:
      return window_sentence(words);
    case Reason::braked:
      return braked_sentence(words);
    case Reason::rate_limited:
      return rate_sentence(words);
    case Reason::offer:
    case Reason::continue_task:
    case Reason::up_to_date:
    case Reason::unknown_product:
    case Reason::no_deployment:
    case Reason::deployment_paused:
    case Reason::not_in_audience:
    case Reason::device_blocked:
    case Reason::from_version_excluded:
    case Reason::label_mismatch:
    case Reason::not_visible:
    case Reason::no_package:
    case Reason::base_mismatch:
    case Reason::bad_version:
    case Reason::no_release:
    case Reason::attempts_exhausted:
    case Reason::task_cancelled:
    case Reason::deadline_passed:
    case Reason::not_started:
    case Reason::not_in_wave:
      break;  // told elsewhere
  }
  return {};
}

}  // namespace otaru::domain
