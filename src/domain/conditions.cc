// SPDX-License-Identifier: Apache-2.0
#include "domain/conditions.h"

#include <algorithm>
#include <charconv>

#include "domain/facts.h"

namespace otaru::domain {
namespace {

constexpr Condition kConditions[] = {Condition::signal, Condition::power, Condition::free_space,
                                     Condition::network};

// A whole number, or one with a fraction, which is dropped downwards: 79.9 % is not 80 %.
std::optional<int64_t> whole_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return {};
  std::string_view rest(end, static_cast<size_t>(text.data() + text.size() - end));
  if (rest.empty()) return value;
  if (!rest.starts_with('.') || rest.size() < 2) return {};
  rest.remove_prefix(1);
  if (rest.find_first_not_of("0123456789") != std::string_view::npos) return {};
  const bool fraction = rest.find_first_not_of('0') != std::string_view::npos;
  return text.starts_with('-') && fraction ? value - 1 : value;
}

bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : int{c}; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

void compare(std::string_view fact, int64_t at_least, bool strict, ConditionResult& out) {
  out.at_least = at_least;
  out.found = fact;
  const auto number = whole_number(fact);
  out.known = number.has_value();
  out.met = number ? *number >= at_least : !strict;
}

bool handed_over(Condition condition, Thresholds whose) {
  return whose == Thresholds::the_devices &&
         (condition == Condition::signal || condition == Condition::power);
}

}  // namespace

std::optional<ConditionResult> look_at(Condition condition, const Deployment& deployment,
                                       const Device& device, int64_t offer_bytes) {
  const Conditions& wanted = deployment.conditions;
  const auto fact = [&](std::string_view name) {
    return facts::find(device.attributes, device.reported, name);
  };
  ConditionResult out;
  out.condition = condition;
  switch (condition) {
    case Condition::signal:
      if (deployment.signal_min == 0) return {};
      compare(fact(facts::kSignal), deployment.signal_min, wanted.strict, out);
      return out;
    case Condition::power:
      if (deployment.power_min_percent <= 0) return {};
      compare(fact(facts::kBatteryPercent), deployment.power_min_percent, wanted.strict, out);
      // Plugged in without saying how full: power will not run out. One that says how full it is
      // must be full enough all the same, for somebody may pull the plug.
      if (!out.known && fact(facts::kCharging) == "true") {
        out.met = out.known = true;
        out.found = "charging";
      }
      return out;
    case Condition::free_space: {
      const int64_t bytes =
          std::max(wanted.free_bytes_min, wanted.fits_package ? offer_bytes : int64_t{0});
      if (bytes <= 0) return {};
      compare(fact(facts::kFreeBytes), bytes, wanted.strict, out);
      return out;
    }
    case Condition::network:
      break;
  }
  if (wanted.networks.empty()) return {};
  out.networks = &wanted.networks;
  out.found = fact(facts::kNetwork);
  out.known = !out.found.empty();
  out.met = out.known
                ? std::any_of(wanted.networks.begin(), wanted.networks.end(),
                              [&](const std::string& one) { return same_word(one, out.found); })
                : !wanted.strict;
  return out;
}

std::optional<ConditionResult> unmet_condition(const Deployment& deployment, const Device& device,
                                               int64_t offer_bytes, Thresholds whose) {
  for (const Condition condition : kConditions) {
    if (handed_over(condition, whose)) continue;
    const auto result = look_at(condition, deployment, device, offer_bytes);
    if (result && !result->met) return result;
  }
  return {};
}

std::string conditions_text(const Deployment& deployment, const Device& device, int64_t offer_bytes,
                            Thresholds whose) {
  std::string out;
  for (const Condition condition : kConditions) {
    if (handed_over(condition, whose)) continue;
    const auto result = look_at(condition, deployment, device, offer_bytes);
    if (!result) continue;
    if (!out.empty()) out += "; ";
    out += result->text();
  }
  return out.empty() ? "none" : out;
}

std::string ConditionResult::text() const {
  std::string out(name_of(condition));
  std::replace(out.begin(), out.end(), '_', ' ');
  if (known) {
    out += " is " + std::string(found);
  } else if (found.empty()) {
    out += " is not known";
  } else {
    out += " is '" + std::string(found) + "', which is no number";
  }
  if (networks == nullptr) {
    return out + ", at least " + std::to_string(at_least) +
           (condition == Condition::power        ? " %"
            : condition == Condition::free_space ? " bytes"
                                                 : "") +
           " is wanted";
  }
  std::string words;
  for (const std::string& one : *networks) words += (words.empty() ? "" : " or ") + one;
  return out + ", " + words + " is wanted";
}

std::string_view name_of(Condition v) {
  switch (v) {
    case Condition::signal:
      return "signal";
    case Condition::power:
      return "power";
    case Condition::free_space:
      return "free_space";
    case Condition::network:
      break;
  }
  return "network";
}

}  // namespace otaru::domain
