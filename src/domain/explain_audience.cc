// SPDX-License-Identifier: Apache-2.0
// Whom a deployment is for and when, told with the values: schedule, audience, waves.
#include <algorithm>

#include "domain/audience_rules.h"
#include "domain/device_filter.h"
#include "domain/explain_words.h"
#include "domain/facts.h"

namespace otaru::domain {
namespace {

// The rule of the audience that says no to this device; empty: none does.
std::string refusing_rule(const ExplainWords& words, const CompiledDeployment& compiled) {
  Trace steps;
  AudienceRules(words.snapshot(), words.device(), {}).audience(compiled, DecisionTrace(&steps));
  if (steps.empty() || steps.back().passed) return {};
  return steps.back().rule;
}

std::string group_names(const ExplainWords& words,
                        const std::vector<const CompiledGroup*>& groups) {
  std::string out;
  for (const CompiledGroup* group : groups) {
    if (!out.empty()) out += words.say(", ", "、");
    out += words.quoted(group->group->name);
  }
  return out;
}

std::string excluded_sentence(const ExplainWords& words, const CompiledDeployment& compiled) {
  const Deployment& row = *compiled.deployment;
  const std::string key = words.quoted(words.device().key);
  const std::string name = words.deployment();
  if (row.excluded_keys.contains(words.device().key)) {
    return words.say("Deployment " + name + " excludes " + key + " by name.",
                     "部署" + name + "明确排除了设备" + key + "。");
  }
  for (const CompiledGroup* group : compiled.excluded_groups) {
    if (!is_member(words.snapshot(), *group, words.device(), {})) continue;
    const std::string of = words.quoted(group->group->name);
    return words.say(
        "Deployment " + name + " excludes the group " + of + ", and " + key + " is in it.",
        "部署" + name + "排除了分组" + of + "，而设备" + key + "属于该分组。");
  }
  const std::string& filter = row.audience.excluded_filter;
  return words.say(
      "Deployment " + name + " excludes what matches " + filter + ", and " + key + " does.",
      "部署" + name + "排除了符合 " + filter + " 的设备，而" + key + "符合。");
}

std::string member_sentence(const ExplainWords& words, const CompiledDeployment& compiled) {
  const Deployment& row = *compiled.deployment;
  const std::string key = words.quoted(words.device().key);
  const std::string count = ExplainWords::grouped(static_cast<int64_t>(row.device_keys.size()));
  if (compiled.groups.empty()) {
    return words.say(
        "Deployment " + words.deployment() + " names " + count + " devices, but not " + key + ".",
        "部署" + words.deployment() + "指定了 " + count + " 台设备，不包含" + key + "。");
  }
  const std::string groups = group_names(words, compiled.groups);
  const std::string listed =
      row.device_keys.size() == 0
          ? std::string()
          : words.say(" and " + count + " named devices", "及 " + count + " 台指定设备");
  return words.say(
      "Deployment " + words.deployment() + " is for the groups " + groups + listed + ", and " +
          key + " is none of them.",
      "部署" + words.deployment() + "适用于分组" + groups + listed + "，不包含" + key + "。");
}

std::string hardware_sentence(const ExplainWords& words, const Deployment& row) {
  const std::string_view own =
      facts::find(words.device().attributes, words.device().reported, facts::kHwVersion);
  const std::string said = own.empty() ? words.say("nothing", "（未说明）") : words.quoted(own);
  const std::string wanted = words.list(row.audience.hardware);
  return words.say(
      "Deployment " + words.deployment() + " is for the hardware " + wanted +
          ", but the device says " + said + ".",
      "部署" + words.deployment() + "适用于硬件 " + wanted + "，而设备为" + said + "。");
}

std::string audience_sentence(const ExplainWords& words) {
  const CompiledDeployment* compiled = words.compiled();
  const std::string key = words.quoted(words.device().key);
  const std::string rule = compiled == nullptr ? std::string() : refusing_rule(words, *compiled);
  if (rule.empty()) {
    return words.say("Deployment " + words.deployment() + " is not for " + key + ".",
                     "部署" + words.deployment() + "不适用于设备" + key + "。");
  }
  const Deployment& row = *compiled->deployment;
  if (rule == "excluded") return excluded_sentence(words, *compiled);
  if (rule == "audience") return member_sentence(words, *compiled);
  if (rule == "hardware") return hardware_sentence(words, row);
  if (rule == "filter") {
    return words.say("Deployment " + words.deployment() + " is for devices with " +
                         row.audience.filter + ", and " + key + " does not match.",
                     "部署" + words.deployment() + "适用于符合 " + row.audience.filter +
                         " 的设备，而" + key + "不符合。");
  }
  const std::string share = ExplainWords::percent(row.audience.share_ppm);
  const std::string own = ExplainWords::percent(place(row.id, words.device().key));
  return words.say(
      "Deployment " + words.deployment() + " is for " + share + " of the devices, and " + key +
          " stands at " + own + ".",
      "部署" + words.deployment() + "适用于 " + share + " 的设备，而" + key + "位于 " + own + "。");
}

// "2 ('some')"; in Chinese so that what follows can stand right behind it.
std::string wave_name(const ExplainWords& words, const Deployment& row, size_t wave) {
  const std::string number = std::to_string(wave + 1);
  const std::string& name = row.waves[wave].name;
  if (name.empty()) return number + words.say("", " ");
  return number + words.say(" (", "（") + words.quoted(name) + words.say(")", "）");
}

// "at least 20 ended updates, 95 % successful, held for 24 h, the agreement of a person"
std::string gate_text(const ExplainWords& words, const Gate& gate) {
  std::vector<std::string> parts;
  if (gate.sample_min > 0) {
    const std::string count = ExplainWords::grouped(gate.sample_min);
    parts.push_back(
        words.say("at least " + count + " ended updates", "至少 " + count + " 次升级结束"));
  }
  if (gate.success_ppm_min > 0) {
    const std::string share = ExplainWords::percent(gate.success_ppm_min);
    parts.push_back(words.say("at least " + share + " of them successful", "成功率至少 " + share));
  }
  if (gate.failure_ppm_max < kWholeShare) {
    const std::string share = ExplainWords::percent(gate.failure_ppm_max);
    parts.push_back(words.say("at most " + share + " of them failed", "失败率不超过 " + share));
  }
  if (gate.soak_ms > 0) {
    const std::string time = words.duration(gate.soak_ms);
    parts.push_back(words.say("all that for " + time, "并保持 " + time));
  }
  if (gate.approval) parts.push_back(words.say("the agreement of a person", "人工批准"));
  if (parts.empty()) return words.say("the server's next look", "服务器的下一次检查");
  return words.list(parts);
}

// What of the gate is there already.
std::string gate_progress(const ExplainWords& words, const Deployment& row, const Gate& gate) {
  std::string out;
  if (row.rollout.gate_met_at) {
    const base::Time met = *row.rollout.gate_met_at;
    out += words.say(" The numbers hold since " + words.when(met),
                     "各项指标自 " + words.when(met) + " 起达标");
    if (gate.soak_ms > 0) {
      const std::string until = words.when(met + gate.soak_ms);
      out += words.say(", and have to until " + until, "，须保持至 " + until);
    }
    out += words.say(".", "。");
  }
  if (gate.approval && row.rollout.next_approved) {
    out += words.say(" Somebody has agreed.", "已获批准。");
  }
  return out;
}

std::string wave_sentence(const ExplainWords& words) {
  const CompiledDeployment* compiled = words.compiled();
  if (compiled == nullptr || compiled->waves.empty()) return audience_sentence(words);
  const Deployment& row = *compiled->deployment;
  const std::string count = std::to_string(row.waves.size());
  const auto fits = AudienceRules(words.snapshot(), words.device(), {}).wave_of(*compiled);
  if (!fits) {
    const std::string key = words.quoted(words.device().key);
    return words.say("Deployment " + words.deployment() + " goes in waves, " + count +
                         " of them, and " + key + " fits none.",
                     "部署" + words.deployment() + "分 " + count + " 个批次进行，设备" + key +
                         "不属于任何批次。");
  }
  const size_t open = std::min(open_waves(row), row.waves.size());
  const Gate& gate = row.waves[open - 1].gate;
  const std::string own = wave_name(words, row, *fits);
  const std::string before = wave_name(words, row, open - 1);
  std::string out = words.say(
      "Is in wave " + own + " of " + count + " of deployment " + words.deployment() +
          ", which is not open yet: wave " + before + " waits for " + gate_text(words, gate) + ".",
      "设备属于部署" + words.deployment() + "共 " + count + " 个批次中的第 " + own +
          "批，尚未开放：第 " + before + "批须满足：" + gate_text(words, gate) + "。");
  return out + gate_progress(words, row, gate);
}

}  // namespace

std::string explain_audience(const ExplainWords& words) {
  if (words.decision().reason == Reason::not_in_wave) return wave_sentence(words);
  if (words.decision().reason == Reason::not_started) {
    return words.say(
        "Deployment " + words.deployment() + " has not begun: it starts at " + words.when() + ".",
        "部署" + words.deployment() + "尚未开始，将于 " + words.when() + " 开始。");
  }
  return audience_sentence(words);
}

}  // namespace otaru::domain
