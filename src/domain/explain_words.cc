// SPDX-License-Identifier: Apache-2.0
#include "domain/explain_words.h"

#include <array>

namespace otaru::domain {

std::string ExplainWords::quoted(std::string_view text) const {
  const std::string inner(text);
  return chinese_ ? "“" + inner + "”" : "'" + inner + "'";
}

std::string ExplainWords::version(std::string_view text) const {
  if (!text.empty()) return std::string(text);
  return say("an unknown version", "（未上报）");
}

std::string ExplainWords::product() const {
  if (snapshot_.product(check_in_.product) != nullptr) return product(check_in_.product);
  return quoted(check_in_.slot);
}

std::string ExplainWords::product(ProductId id) const {
  const CompiledProduct* found = snapshot_.product(id);
  return quoted(found != nullptr ? found->product->name : std::to_string(id.value));
}

std::string ExplainWords::deployment(DeploymentId id) const {
  const CompiledDeployment* found = snapshot_.deployment(id);
  return quoted(found != nullptr ? found->deployment->name : std::to_string(id.value));
}

std::string ExplainWords::release(ReleaseId id) const {
  const Release* found = snapshot_.release(id);
  return found != nullptr ? found->version : say("no release", "（无）");
}

std::string ExplainWords::holds() const {
  return say("Deployment " + deployment() + " has " + release() + ", but ",
             "部署" + deployment() + "的版本为 " + release() + "，但");
}

const Deployment& ExplainWords::row() const {
  static const Deployment kNothing;
  const CompiledDeployment* found = compiled();
  return found != nullptr ? *found->deployment : kNothing;
}

std::string ExplainWords::when(base::Time t) const {
  const auto zone = zone_of(device_.attributes, device_.reported, row().windows).zone;
  std::string text = zone.text(t);
  if (!chinese_) return text;
  static constexpr std::array<std::string_view, 7> kDays = {"周一", "周二", "周三", "周四",
                                                            "周五", "周六", "周日"};
  const int64_t days = base::floor_div(zone.local_s(t), 24 * 3600);
  const size_t behind_day = text.find(' ');
  return std::string(kDays[static_cast<size_t>(base::weekday_of(days))]) + text.substr(behind_day);
}

std::string ExplainWords::when() const {
  if (decision_.retry_at) return when(*decision_.retry_at);
  return say("a later check", "之后的检查");
}

std::string ExplainWords::zone() const {
  const auto found = zone_of(device_.attributes, device_.reported, row().windows);
  switch (found.source) {
    case DeviceZone::Source::attribute:
      return say(found.zone.name() + ", set by operators", found.zone.name() + "，由操作员设置");
    case DeviceZone::Source::reported:
      return say(found.zone.name() + ", reported by the device",
                 found.zone.name() + "，由设备上报");
    case DeviceZone::Source::deployment:
      return say(found.zone.name() + ", of the deployment", found.zone.name() + "，部署的时区");
    case DeviceZone::Source::utc:
      return say("UTC, for want of a time zone", "UTC，因时区未知");
  }
  return {};
}

std::string ExplainWords::grouped(int64_t number) {
  const std::string digits = std::to_string(number);
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ' ';
    out += digits[i];
  }
  return out;
}

std::string ExplainWords::percent(int64_t share_ppm) {
  constexpr int64_t kPercentPpm = kWholeShare / 100;
  std::string text = std::to_string(share_ppm / kPercentPpm);
  std::string part = std::to_string(kPercentPpm + share_ppm % kPercentPpm).substr(1);
  while (!part.empty() && part.back() == '0') part.pop_back();
  if (!part.empty()) text += "." + part;
  return text + " %";
}

std::string ExplainWords::duration(int64_t ms) const {
  const auto in = [&](int64_t unit, const char* english, const char* chinese) {
    return std::to_string(ms / unit) + " " + say(english, chinese);
  };
  if (ms >= base::kDayMs * 2 && ms % base::kDayMs == 0) return in(base::kDayMs, "days", "天");
  if (ms >= base::kHourMs && ms % base::kHourMs == 0) return in(base::kHourMs, "h", "小时");
  if (ms >= base::kMinuteMs && ms % base::kMinuteMs == 0) return in(base::kMinuteMs, "min", "分钟");
  return in(base::kSecondMs, "s", "秒");
}

std::string ExplainWords::list(const std::vector<std::string>& texts) const {
  std::string out;
  for (const std::string& text : texts) {
    if (!out.empty()) out += say(", ", "、");
    out += version(text);
  }
  return out;
}

}  // namespace otaru::domain
