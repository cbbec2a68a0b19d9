// SPDX-License-Identifier: Apache-2.0
#include "inspect/match.h"

#include <algorithm>

#include "base/encoding.h"

namespace otaru::inspect {
namespace {

// What a format's facts are worth when they are held against the catalogue.
enum class Meaning {
  device,     // the maker wrote which devices it is for
  revisions,  // SWUpdate: revisions of a board, and boards by name
  part,       // a chip, a board of the build, an identifier
};

struct KindRule {
  std::string_view kind;
  Meaning hardware;
  bool version;  // the version is the product's, not that of a component
};
constexpr KindRule kKindRules[] = {
    {"swupdate", Meaning::revisions, true}, {"rauc", Meaning::device, true},
    {"mender", Meaning::device, true},      {"android-ota", Meaning::device, true},
    {"nrf-dfu", Meaning::part, true},       {"mcumgr-dfu", Meaning::part, true},
    {"deb", Meaning::part, true},           {"ipk", Meaning::part, true},
    {"rpm", Meaning::part, true},           {"mcuboot", Meaning::part, true},
    {"esp-idf-app", Meaning::part, true},
};

KindRule rule_of(std::string_view kind) {
  const auto* found = std::find_if(std::begin(kKindRules), std::end(kKindRules),
                                   [kind](const KindRule& rule) { return rule.kind == kind; });
  return found == std::end(kKindRules) ? KindRule{kind, Meaning::part, false} : *found;
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_decimal(char c) {
  return c >= '0' && c <= '9';
}

std::string plain_version(std::string_view text) {
  text = base::trim(text);
  if (text.size() > 1 && (text[0] == 'v' || text[0] == 'V') && is_decimal(text[1])) {
    text.remove_prefix(1);
  }
  return base::lower(text);
}

// "release-2.1.0" and "2.1.0": a name without digits, a separator, the version.
bool is_named_version(std::string_view longer, std::string_view version) {
  if (version.empty() || longer.size() <= version.size() || !longer.ends_with(version))
    return false;
  std::string_view name = longer.substr(0, longer.size() - version.size());
  if (name.ends_with("v") && name.size() > 1) name.remove_suffix(1);
  return !name.empty() && !is_alphanumeric(name.back()) &&
         std::none_of(name.begin(), name.end(), is_decimal);
}

// Letters and digits only: "Gateway-A" and "gateway a" are one name.
std::string plain_name(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_alphanumeric(c)) out.push_back(c);
  }
  return base::lower(out);
}

// The name as a whole word of the text: "vendor,gateway-a" has gateway-a, not gateway-ab.
bool has_word(std::string_view text, std::string_view name) {
  const std::string low = base::lower(text);
  const std::string wanted = base::lower(name);
  for (size_t at = low.find(wanted); at != std::string::npos; at = low.find(wanted, at + 1)) {
    const size_t end = at + wanted.size();
    const bool begins = at == 0 || !is_alphanumeric(low[at - 1]);
    if (begins && (end == low.size() || !is_alphanumeric(low[end]))) return true;
  }
  return false;
}

bool same_name(std::string_view of_file, std::string_view name) {
  const std::string wanted = plain_name(name);
  return !wanted.empty() && (plain_name(of_file) == wanted || has_word(of_file, name));
}

std::vector<const Fact*> facts_of(const Findings& findings, FactName name) {
  std::vector<const Fact*> out;
  for (const auto& fact : findings.facts) {
    if (fact.name == name) out.push_back(&fact);
  }
  return out;
}

// "gateway-a, gateway-b (sw-description:software.hardware-compatibility)"
std::string said(const std::vector<const Fact*>& facts) {
  constexpr size_t kShownMax = 5;
  std::string out;
  for (size_t i = 0; i < facts.size() && i < kShownMax; ++i) {
    out += (i == 0 ? "" : ", ") + facts[i]->value;
  }
  if (facts.size() > kShownMax) out += " and " + std::to_string(facts.size() - kShownMax) + " more";
  const Evidence& evidence = facts.front()->evidence;
  return out + " (" + (evidence.path.empty() ? evidence.field : evidence.path) + ")";
}

class Matcher {
 public:
  Matcher(const Findings& findings, const Expected& expected)
      : findings_(findings), expected_(expected), rule_(rule_of(findings.kind)) {}

  std::vector<Mismatch> all() {
    version();
    base_version();
    switch (rule_.hardware) {
      case Meaning::device:
        devices();
        break;
      case Meaning::revisions:
        revisions();
        break;
      case Meaning::part:
        parts();
        break;
    }
    return std::move(out_);
  }

 private:
  void add(Weight weight, std::string_view field, const std::vector<const Fact*>& facts,
           std::string sentence, std::string remedy) {
    out_.push_back({weight, std::string(field), std::move(sentence), std::move(remedy),
                    facts.front()->evidence});
  }

  // Debian's and rpm's versions end in the packager's revision.
  bool is_packaged_version(std::string_view of_file) const {
    if (rule_.kind != "deb" && rule_.kind != "rpm" && rule_.kind != "ipk") return false;
    if (const size_t epoch = of_file.find(':'); epoch != std::string_view::npos) {
      of_file.remove_prefix(epoch + 1);
    }
    return same_version(of_file, expected_.version) ||
           same_version(of_file.substr(0, of_file.rfind('-')), expected_.version);
  }

  void version() {
    const auto facts = facts_of(findings_, FactName::version);
    if (facts.empty() || expected_.version.empty()) return;
    const bool fits = std::any_of(facts.begin(), facts.end(), [this](const Fact* fact) {
      return same_version(fact->value, expected_.version) || is_packaged_version(fact->value);
    });
    if (fits) return;
    add(rule_.version ? Weight::refuse : Weight::mention, "version", facts,
        "The file says it is version " + said(facts) + ", but the release is " +
            std::string(expected_.version) + ".",
        "Upload the file of this release, or make a release of the file's version.");
  }

  void base_version() {
    const auto facts = facts_of(findings_, FactName::base_version);
    if (facts.empty()) return;
    if (expected_.base_version.empty()) {
      add(Weight::refuse, "base_version", facts,
          "The file is a delta for devices that run " + said(facts) +
              ", but it was given as a full package.",
          "Give the base version with the package, or upload the full file.");
      return;
    }
    const bool fits = std::any_of(facts.begin(), facts.end(), [this](const Fact* fact) {
      return same_version(fact->value, expected_.base_version);
    });
    if (fits) return;
    add(Weight::refuse, "base_version", facts,
        "The file is a delta for devices that run " + said(facts) +
            ", but the package's base version is " + std::string(expected_.base_version) + ".",
        "Correct the base version, or upload the other delta.");
  }

  // Name, model and hardware version, alone and as people put them together.
  bool is_ours(std::string_view value) const {
    const std::string_view names[] = {expected_.model, expected_.hardware_version,
                                      expected_.product};
    const std::string plain = plain_name(value);
    for (const auto first : names) {
      if (same_name(value, first)) return true;
      for (const auto second : names) {
        if (first.empty() || second.empty() || first == second) continue;
        if (plain == plain_name(first) + plain_name(second)) return true;
      }
    }
    return false;
  }

  std::string ours() const {
    std::string out = std::string(expected_.model);
    if (!expected_.hardware_version.empty()) {
      out += (out.empty() ? "" : ", hardware ") + std::string(expected_.hardware_version);
    }
    return out;
  }

  void refuse_hardware(const std::vector<const Fact*>& facts) {
    add(Weight::refuse, "hardware", facts,
        "The file is for " + said(facts) + ", but the product is " + ours() + ".",
        "Upload the file for this product, or set the product's model or hardware version to what "
        "the file says.");
  }

  void devices() {
    const auto facts = facts_of(findings_, FactName::hardware);
    if (facts.empty() || (expected_.model.empty() && expected_.hardware_version.empty())) return;
    const bool fits = std::any_of(facts.begin(), facts.end(),
                                  [this](const Fact* fact) { return is_ours(fact->value); });
    if (!fits) refuse_hardware(facts);
  }

  void revisions() {
    const auto listed = facts_of(findings_, FactName::hardware);
    const auto boards = facts_of(findings_, FactName::board);
    // A list beside the boards holds for every device.
    const bool for_all = std::any_of(listed.begin(), listed.end(), [](const Fact* fact) {
      return fact->evidence.field == "software.hardware-compatibility";
    });
    if (!boards.empty() && !for_all && !expected_.model.empty() &&
        std::none_of(boards.begin(), boards.end(),
                     [this](const Fact* fact) { return is_ours(fact->value); })) {
      refuse_hardware(boards);
      return;
    }
    if (listed.empty() || expected_.hardware_version.empty()) return;
    const bool fits = std::any_of(listed.begin(), listed.end(), [this](const Fact* fact) {
      // Which revisions a pattern means, devices decide.
      return fact->value.starts_with("#RE:") || fact->value == "*" || is_ours(fact->value) ||
             same_version(fact->value, expected_.hardware_version);
    });
    if (!fits) refuse_hardware(listed);
  }

  // Chips: only when the product names one of the same family, "esp32s3" against "esp32c3".
  void parts() {
    const auto facts = facts_of(findings_, FactName::hardware);
    if (facts.empty()) return;
    const auto family = [](std::string_view text) {
      const std::string plain = plain_name(text);
      const auto end = std::find_if(plain.begin(), plain.end(), is_decimal);
      constexpr size_t kLettersMin = 3;
      const auto letters = static_cast<size_t>(end - plain.begin());
      return letters < kLettersMin || end == plain.end() ? std::string() : plain.substr(0, letters);
    };
    for (const auto name : {expected_.hardware_version, expected_.model}) {
      const std::string ours = family(name);
      if (ours.empty()) continue;
      const bool comparable = std::all_of(facts.begin(), facts.end(), [&](const Fact* fact) {
        return family(fact->value) == ours;
      });
      const bool fits = std::any_of(facts.begin(), facts.end(),
                                    [this](const Fact* fact) { return is_ours(fact->value); });
      if (!comparable || fits) continue;
      refuse_hardware(facts);
      return;
    }
  }

  const Findings& findings_;
  const Expected& expected_;
  KindRule rule_;
  std::vector<Mismatch> out_;
};

}  // namespace

bool same_version(std::string_view of_file, std::string_view of_release) {
  std::string file = plain_version(of_file);
  std::string release = plain_version(of_release);
  // MCUboot has a build number always; 0 is none.
  constexpr std::string_view kNoBuild = "+0";
  for (std::string* text : {&file, &release}) {
    if (text->ends_with(kNoBuild)) text->resize(text->size() - kNoBuild.size());
  }
  return file == release || is_named_version(file, release) || is_named_version(release, file);
}

std::vector<Mismatch> mismatches(const Findings& findings, const Expected& expected) {
  return Matcher(findings, expected).all();
}

}  // namespace otaru::inspect
