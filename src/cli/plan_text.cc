// SPDX-License-Identifier: Apache-2.0
#include "cli/plan_text.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <limits>

#include "base/encoding.h"
#include "cli/command.h"

namespace otaru::cli {
namespace {

using base::Code;

// A cursor over what was typed.
class Typed {
 public:
  explicit Typed(std::string_view text) : text_(text) {}

  bool at_end() {
    blanks();
    return at_ >= text_.size();
  }
  bool take(std::string_view word) {
    blanks();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  // Up to one of these characters, or the end.
  std::string_view until(std::string_view ends) {
    blanks();
    const size_t end = std::min(text_.find_first_of(ends, at_), text_.size());
    const auto out = base::trim(text_.substr(at_, end - at_));
    begin_ = at_;
    at_ = end;
    return out;
  }
  std::string_view rest() { return until({}); }
  base::Result<int64_t> number(std::string_view what) {
    blanks();
    const size_t end = std::min(text_.find_first_not_of("0123456789", at_), text_.size());
    const auto value = base::parse_int(text_.substr(at_, end - at_));
    if (!value) return base::fail(wrong(what));
    at_ = end;
    return *value;
  }
  // "12.5": its digits, which are JSON.
  base::Result<std::string> decimal(std::string_view what) {
    blanks();
    const size_t end = std::min(text_.find_first_not_of("0123456789.", at_), text_.size());
    const std::string digits(text_.substr(at_, end - at_));
    const size_t dot = digits.find('.');
    const bool good =
        !digits.empty() && dot != 0 && dot + 1 != digits.size() &&
        digits.find('.', dot == std::string::npos ? 0 : dot + 1) == std::string::npos &&
        (digits.size() == 1 || digits[0] != '0' || digits[1] == '.');
    if (!good) return base::fail(wrong(what));
    at_ = end;
    return digits;
  }
  base::Error wrong(std::string_view expected) const { return error(at_, expected); }
  base::Error wrong_word(std::string_view expected) const { return error(begin_, expected); }

 private:
  base::Error error(size_t at, std::string_view expected) const {
    return {Code::invalid,
            "column " + std::to_string(at + 1) + " of '" + std::string(text_) + "': expected " +
                std::string(expected),
            {}};
  }
  void blanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    begin_ = at_;
  }
  std::string_view text_;
  size_t at_ = 0;
  size_t begin_ = 0;
};

std::string quoted(std::string_view text) {
  base::JsonWriter out;
  out.value(text);
  return out.take();
}

std::string list_of(const std::vector<std::string>& json) {
  std::string out = "[";
  for (const auto& one : json) out += (out.size() > 1 ? "," : "") + one;
  return out + "]";
}

std::string words_of(std::string_view commas) {
  std::vector<std::string> out;
  while (!commas.empty()) {
    const size_t end = std::min(commas.find(','), commas.size());
    if (const auto word = base::trim(commas.substr(0, end)); !word.empty()) {
      out.push_back(quoted(word));
    }
    commas.remove_prefix(std::min(end + 1, commas.size()));
  }
  return list_of(out);
}

base::Status expect_end(Typed& typed) {
  if (typed.at_end()) return {};
  return base::fail(typed.wrong("the end"));
}

// "success>=95%,failure<=2%,sample>=20,soak=1h,approval"
base::Result<std::string> read_gate(Typed& typed) {
  Members out;
  do {
    if (typed.take("approval")) {
      out.emplace_back("approval", "true");
    } else if (typed.take("soak=")) {
      const auto text = typed.until(", ");
      auto seconds = parse_seconds(text);
      if (!seconds) return base::fail(typed.wrong_word("a time such as 1h30m"));
      out.emplace_back("soak_s", std::to_string(*seconds));
    } else if (typed.take("sample>=")) {
      OTARU_TRY(count, typed.number("a number of devices"));
      out.emplace_back("sample_min", std::to_string(count));
    } else if (typed.take("success>=")) {
      OTARU_TRY(share, typed.decimal("a percentage"));
      if (!typed.take("%")) return base::fail(typed.wrong("'%'"));
      out.emplace_back("success_percent", share);
    } else if (typed.take("failure<=")) {
      OTARU_TRY(share, typed.decimal("a percentage"));
      if (!typed.take("%")) return base::fail(typed.wrong("'%'"));
      out.emplace_back("failure_percent", share);
    } else {
      return base::fail(typed.wrong("success>=N%, failure<=N%, sample>=N, soak=TIME or approval"));
    }
  } while (typed.take(","));
  return object_of(out);
}

// "NAME: [test] [share=N%] [group=A,B] [gate=...] [filter=... to the end]"
base::Result<std::string> read_wave(std::string_view text) {
  Typed typed(text);
  Members out{{"name", quoted(typed.until(":"))}};
  if (!typed.take(":")) return base::fail(typed.wrong("':' behind the name"));
  while (!typed.at_end()) {
    if (typed.take("share=")) {
      OTARU_TRY(share, typed.decimal("a percentage"));
      if (!typed.take("%")) return base::fail(typed.wrong("'%'"));
      out.emplace_back("share_percent", share);
    } else if (typed.take("group=")) {
      out.emplace_back("groups", words_of(typed.until(" ")));
    } else if (typed.take("filter=")) {
      out.emplace_back("filter", quoted(typed.rest()));
    } else if (typed.take("gate=")) {
      OTARU_TRY(gate, read_gate(typed));
      out.emplace_back("gate", gate);
    } else if (typed.take("test")) {
      out.emplace_back("test", "true");
    } else {
      return base::fail(typed.wrong("test, share=N%, group=NAMES, gate=CONDITIONS or filter=TEXT"));
    }
  }
  return object_of(out);
}

// "KIND[(CLASSES)] > N[%] [of SAMPLE]: pause | cancel | roll-back to PRODUCT@VERSION | ... kit V"
base::Result<std::string> read_brake(std::string_view text, Client& client) {
  Typed typed(text);
  const auto kind = typed.until("(>: ");
  if (kind != "failures" && kind != "silence" && kind != "health") {
    return base::fail(typed.wrong_word("failures, silence or health"));
  }
  Members out{{"kind", quoted(kind)}};
  if (typed.take("(")) {
    out.emplace_back("classes", words_of(typed.until(")")));
    if (!typed.take(")")) return base::fail(typed.wrong("')'"));
  }
  if (!typed.take(">=") && !typed.take(">")) return base::fail(typed.wrong("'>'"));
  OTARU_TRY(least, typed.decimal("a number, or a percentage"));
  const bool share = typed.take("%");
  out.emplace_back(share ? "share_percent" : "count_min", least);
  if (share && typed.take("of")) {
    OTARU_TRY(sample, typed.number("a number of devices"));
    out.emplace_back("sample_min", std::to_string(sample));
  }
  if (!typed.take(":")) return base::fail(typed.wrong("':' and what to do"));
  if (typed.take("roll-back") || typed.take("roll_back")) {
    out.emplace_back("action", "\"roll_back\"");
    if (!typed.take("to")) return base::fail(typed.wrong("'to' and a release"));
    const bool kit = typed.take("kit ");
    OTARU_TRY(id, resolve(kit ? Names::kit : Names::release, std::string(typed.rest()), client));
    out.emplace_back(kit ? "back_to_kit" : "back_to_release", std::to_string(id));
  } else if (typed.take("pause")) {
    out.emplace_back("action", "\"pause\"");
  } else if (typed.take("cancel")) {
    out.emplace_back("action", "\"cancel\"");
  } else {
    return base::fail(typed.wrong("pause, cancel or roll-back to PRODUCT@VERSION"));
  }
  OTARU_CHECK(expect_end(typed));
  return object_of(out);
}

base::Result<Members> one_time(const std::vector<std::string>& texts, const std::string& member) {
  OTARU_TRY(seconds, parse_seconds(texts.back()));
  return Members{{member, std::to_string(seconds)}};
}

// What the API shows of a deployment and only the server writes.
bool only_shown(std::string_view member) {
  constexpr std::string_view kShown[] = {
      "id",        "state",      "device_count", "heals", "rollout", "excluded_device_count",
      "approvals", "created_at", "updated_at",   "counts"};
  return std::find(std::begin(kShown), std::end(kShown), member) != std::end(kShown);
}

// --- Showing ------------------------------------------------------------------------------------

std::string time_text(int64_t seconds) {
  std::string out;
  const std::pair<int64_t, char> units[] = {{86'400, 'd'}, {3'600, 'h'}, {60, 'm'}, {1, 's'}};
  for (const auto& [size, letter] : units) {
    if (seconds >= size) out += std::to_string(seconds / size) + letter;
    seconds %= size;
  }
  return out.empty() ? "0s" : out;
}

int64_t number_at(base::JsonView object, std::string_view member) {
  return object.find(member).integer().value_or(0);
}

std::string gate_text(base::JsonView gate) {
  std::string out;
  const auto add = [&out](const std::string& text) { out += (out.empty() ? "" : ", ") + text; };
  if (const auto share = gate.find("success_percent"); share.number().value_or(0) > 0) {
    add("success >= " + json_line(share) + " %");
  }
  if (const auto share = gate.find("failure_percent"); share.number().value_or(100) < 100) {
    add("failure <= " + json_line(share) + " %");
  }
  if (const auto count = number_at(gate, "sample_min")) add("of " + std::to_string(count));
  if (const auto soak = number_at(gate, "soak_s")) add("for " + time_text(soak));
  if (gate.find("approval").boolean().value_or(false)) add("approval");
  return out;
}

std::string waves_text(base::JsonView waves, int64_t open) {
  std::vector<std::vector<std::string>> rows;
  for (size_t i = 0; i < waves.size(); ++i) {
    const auto wave = waves.at(i);
    std::string whom = value_text(wave.find("groups"));
    const auto add = [&whom](const std::string& text) {
      whom += (whom.empty() || whom == "-" ? "" : ", ") + text;
    };
    if (whom == "-") whom.clear();
    if (const auto share = wave.find("share_percent"); share.number().value_or(0) > 0) {
      add(json_line(share) + " %");
    }
    if (const auto filter = wave.find("filter").text(); filter && !filter->empty()) {
      add(printable(*filter));
    }
    rows.push_back({printable(wave.find("name").text().value_or("")),
                    wave.find("test").boolean().value_or(false) ? "yes" : "",
                    static_cast<int64_t>(i) < open ? "yes" : "", whom,
                    gate_text(wave.find("gate"))});
  }
  return format_table({{"WAVE", ""}, {"TEST", ""}, {"OPEN", ""}, {"WHOM", ""}, {"GATE", ""}}, rows);
}

std::string brake_text(base::JsonView brake) {
  std::string out(brake.find("kind").text().value_or(""));
  if (brake.find("classes").size() > 0) out += "(" + value_text(brake.find("classes")) + ")";
  std::string when;
  if (const auto share = brake.find("share_percent"); share.number().value_or(0) > 0) {
    when = " >= " + json_line(share) + " %";
    if (const auto of = number_at(brake, "sample_min")) when += " of " + std::to_string(of);
  }
  if (const auto count = number_at(brake, "count_min")) {
    when += (when.empty() ? " >= " : " or >= ") + std::to_string(count);
  }
  out += when + ": " + std::string(brake.find("action").text().value_or(""));
  if (const auto id = brake.find("back_to_release").integer()) {
    out += " to release " + std::to_string(*id);
  }
  if (const auto id = brake.find("back_to_kit").integer()) out += " to kit " + std::to_string(*id);
  return printable(out);
}

// Whether a member says something: no zero, nothing empty, nothing that is not there.
bool says_something(base::JsonView value) {
  if (value.is_null()) return false;
  if (value.is_object() || value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i) {
      if (value.is_array() || says_something(value.at(i))) return true;
    }
    return false;
  }
  if (const auto text = value.text()) return !text->empty();
  if (const auto flag = value.boolean()) return *flag;
  return value.number().value_or(0) != 0;
}

}  // namespace

base::Result<int64_t> parse_seconds(std::string_view text) {
  Typed typed(text);
  int64_t sum = 0;
  bool any = false;
  constexpr int64_t kMost = 400 * 86'400;
  while (!typed.at_end()) {
    OTARU_TRY(count, typed.number("a time such as 90s, 1h30m or 2d"));
    int64_t unit = 1;
    if (typed.take("d")) {
      unit = 86'400;
    } else if (typed.take("h")) {
      unit = 3'600;
    } else if (typed.take("m")) {
      unit = 60;
    } else if (!typed.take("s") && (any || !typed.at_end())) {
      return base::fail(typed.wrong("d, h, m or s"));
    }
    if (count > kMost / unit || sum > kMost) return base::fail(typed.wrong("less than 400 days"));
    sum += count * unit;
    any = true;
  }
  if (!any) return base::fail(typed.wrong("a time such as 90s, 1h30m or 2d"));
  return sum;
}

base::Result<Members> read_percent(const std::vector<std::string>& texts, Client&) {
  Typed typed(texts.back());
  OTARU_TRY(share, typed.decimal("a percentage such as 12.5"));
  typed.take("%");
  OTARU_CHECK(expect_end(typed));
  return Members{{"audience.share_percent", share}};
}

base::Result<Members> read_windows(const std::vector<std::string>& texts, Client&) {
  std::vector<std::string> list;
  for (const auto& text : texts) list.push_back(quoted(text));
  return Members{{"windows.list", list_of(list)}};
}

base::Result<Members> read_rate(const std::vector<std::string>& texts, Client&) {
  Typed typed(texts.back());
  OTARU_TRY(count, typed.number("devices a minute, such as 100/min"));
  if (typed.take("/") && !typed.take("min")) return base::fail(typed.wrong("'min'"));
  OTARU_CHECK(expect_end(typed));
  return Members{{"rate.per_minute", std::to_string(count)}};
}

base::Result<Members> read_growth(const std::vector<std::string>& texts, Client&) {
  Typed typed(texts.back());
  OTARU_TRY(share, typed.number("a percentage, such as 50%/10m"));
  if (!typed.take("%")) return base::fail(typed.wrong("'%'"));
  if (!typed.take("/")) return base::fail(typed.wrong("'/' and how often"));
  const auto every = typed.rest();
  const bool successes = every.ends_with("successes");
  int64_t of = 0;
  if (successes) {
    Typed count(every.substr(0, every.size() - std::string_view("successes").size()));
    OTARU_TRY(number, count.number("a number of successes"));
    of = number;
  } else {
    OTARU_TRY(seconds, parse_seconds(every));
    of = seconds;
  }
  return Members{{"rate.growth_percent", std::to_string(share)},
                 {"rate.growth_every_s", std::to_string(successes ? 0 : of)},
                 {"rate.growth_every_successes", std::to_string(successes ? of : 0)}};
}

base::Result<Members> read_bandwidth(const std::vector<std::string>& texts, Client&) {
  Typed typed(texts.back());
  OTARU_TRY(count, typed.number("bytes a second, such as 10MB/s"));
  int64_t unit = 1;
  const std::pair<std::string_view, int64_t> units[] = {
      {"kB", 1'000},  {"MB", 1'000'000},  {"GB", 1'000'000'000},
      {"KiB", 1'024}, {"MiB", 1'048'576}, {"GiB", 1'073'741'824},
      {"B", 1}};
  for (const auto& [word, size] : units) {
    if (!typed.take(word)) continue;
    unit = size;
    break;
  }
  if (count > std::numeric_limits<int64_t>::max() / unit) {
    return base::fail(typed.wrong("less than that"));
  }
  if (typed.take("/") && !typed.take("s")) return base::fail(typed.wrong("'s'"));
  OTARU_CHECK(expect_end(typed));
  return Members{{"rate.bytes_per_second", std::to_string(count * unit)}};
}

base::Result<Members> read_waves(const std::vector<std::string>& texts, Client&) {
  std::vector<std::string> list;
  for (const auto& text : texts) {
    OTARU_TRY(wave, read_wave(text));
    list.push_back(wave);
  }
  return Members{{"waves", list_of(list)}};
}

base::Result<Members> read_brakes(const std::vector<std::string>& texts, Client& client) {
  std::vector<std::string> list;
  for (const auto& text : texts) {
    OTARU_TRY(brake, read_brake(text, client));
    list.push_back(brake);
  }
  return Members{{"brakes", list_of(list)}};
}

base::Result<Members> read_timeouts(const std::vector<std::string>& texts, Client&) {
  Members out;
  for (const auto& text : texts) {
    Typed typed(text);
    const auto state = typed.until("=");
    if (state != "pending" && state != "downloading" && state != "upgrading") {
      return base::fail(typed.wrong_word("pending, downloading or upgrading"));
    }
    if (!typed.take("=")) return base::fail(typed.wrong("'=' and a time"));
    OTARU_TRY(seconds, parse_seconds(typed.rest()));
    out.emplace_back("timeouts." + std::string(state) + "_s", std::to_string(seconds));
  }
  return out;
}

base::Result<Members> read_silence(const std::vector<std::string>& texts, Client&) {
  return one_time(texts, "watch.silence_s");
}
base::Result<Members> read_health(const std::vector<std::string>& texts, Client&) {
  return one_time(texts, "watch.health_s");
}
base::Result<Members> read_retry_interval(const std::vector<std::string>& texts, Client&) {
  return one_time(texts, "retry_interval_s");
}

// "PRODUCT>=VERSION"
base::Result<Members> read_requirements(const std::vector<std::string>& texts, Client& client) {
  std::vector<std::string> list;
  for (const auto& text : texts) {
    Typed typed(text);
    const std::string product(typed.until(">"));
    if (!typed.take(">=")) return base::fail(typed.wrong("PRODUCT>=VERSION"));
    OTARU_TRY(id, resolve(Names::product, product, client));
    list.push_back(
        object_of({{"product", std::to_string(id)}, {"version_min", quoted(typed.rest())}}));
  }
  return Members{{"requirements", list_of(list)}};
}

// "STAGE:RELEASE"
base::Result<Members> read_kit_items(const std::vector<std::string>& texts, Client& client) {
  std::vector<std::string> list;
  for (const auto& text : texts) {
    Typed typed(text);
    OTARU_TRY(stage, typed.number("STAGE:RELEASE, such as 1:lamp@1.2.0"));
    if (!typed.take(":")) return base::fail(typed.wrong("':' and a release"));
    OTARU_TRY(id, resolve(Names::release, std::string(typed.rest()), client));
    list.push_back(object_of({{"release", std::to_string(id)}, {"stage", std::to_string(stage)}}));
  }
  return Members{{"items", list_of(list)}};
}

base::Result<Members> read_plan_file(const std::vector<std::string>& texts, Client&) {
  const std::string& path = texts.back();
  std::ifstream in(path);
  if (!in) return base::fail(Code::invalid, "cannot read " + path);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  auto document = base::JsonDocument::parse(text);
  if (!document || !document->root().is_object()) {
    return base::fail(
        Code::invalid,
        path + " is no JSON object" + (document ? std::string() : ": " + document.error().message));
  }
  const auto root = document->root();
  Members out;
  for (size_t i = 0; i < root.size(); ++i) {
    if (only_shown(root.key_at(i))) continue;
    out.emplace_back(root.key_at(i), base::json_text(root.at(i)));
  }
  return out;
}

std::string object_of(const Members& members) {
  // One level of objects; what was given whole is opened when a part of it comes later.
  std::vector<std::pair<std::string, Members>> objects;
  std::vector<std::pair<std::string, std::string>> order;  // name, JSON ("" for an object)
  const auto place = [&order](const std::string& name) -> std::string& {
    for (auto& [known, json] : order) {
      if (known == name) return json;
    }
    return order.emplace_back(name, "").second;
  };
  const auto inner = [&objects](const std::string& name) -> Members& {
    for (auto& [known, list] : objects) {
      if (known == name) return list;
    }
    return objects.emplace_back(name, Members()).second;
  };
  for (const auto& [path, json] : members) {
    const size_t dot = path.find('.');
    const std::string outer = path.substr(0, dot);
    std::string& whole = place(outer);
    if (dot == std::string::npos) {
      whole = json;
      inner(outer).clear();
      continue;
    }
    Members& list = inner(outer);
    if (!whole.empty()) {
      const auto document = base::JsonDocument::parse(whole);
      const auto root = document ? document->root() : base::JsonView();
      // A target is one thing: naming another takes its place.
      for (size_t i = 0; outer != "target" && i < root.size(); ++i) {
        list.emplace_back(root.key_at(i), base::json_text(root.at(i)));
      }
      whole.clear();
    }
    const std::string name = path.substr(dot + 1);
    const auto known = std::find_if(list.begin(), list.end(),
                                    [&name](const Member& one) { return one.first == name; });
    if (known == list.end()) {
      list.emplace_back(name, json);
    } else {
      known->second = json;
    }
  }
  base::JsonWriter out;
  out.begin_object();
  for (const auto& [name, json] : order) {
    out.key(name);
    out.raw(json.empty() ? object_of(inner(name)) : json);
  }
  out.end_object();
  return out.take();
}

std::string deployment_text(base::JsonView deployment) {
  // First what is set, then what has a form of its own; what is as it is by default is left out.
  base::JsonWriter set;
  set.begin_object();
  constexpr std::string_view kOwnForm[] = {"waves", "brakes", "counts"};
  constexpr std::string_view kAlways[] = {"everyone", "priority"};
  for (size_t i = 0; i < deployment.size(); ++i) {
    const auto name = deployment.key_at(i);
    const auto value = deployment.at(i);
    const auto is = [&name](std::string_view other) { return other == name; };
    if (std::any_of(std::begin(kOwnForm), std::end(kOwnForm), is)) continue;
    const bool always = std::any_of(std::begin(kAlways), std::end(kAlways), is);
    if (!always && !says_something(value)) continue;
    set.key(name);
    if (!value.is_object()) {
      set.raw(base::json_text(value));
      continue;
    }
    set.begin_object();
    for (size_t k = 0; k < value.size(); ++k) {
      if (!says_something(value.at(k))) continue;
      set.key(value.key_at(k));
      set.raw(base::json_text(value.at(k)));
    }
    set.end_object();
  }
  set.end_object();
  const auto shown = base::JsonDocument::parse(set.text());
  std::string out = shown ? format_details(shown->root()) : "";
  if (const auto waves = deployment.find("waves"); waves.size() > 0) {
    out += "\n" + waves_text(waves, number_at(deployment.find("rollout"), "open_waves"));
  }
  if (const auto brakes = deployment.find("brakes"); brakes.size() > 0) {
    out += "\n";
    for (size_t i = 0; i < brakes.size(); ++i) {
      out += "brake  " + brake_text(brakes.at(i)) + "\n";
    }
  }
  if (const auto counts = deployment.find("counts"); counts.exists()) {
    out += "\ncounts\n" + format_details(counts, 2);
  }
  return out;
}

}  // namespace otaru::cli
