// SPDX-License-Identifier: Apache-2.0
#include "cli/described.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string_view>

#include "base/encoding.h"
#include "cli/inspect_file.h"
#include "cli/process.h"
#include "domain/version.h"

namespace otaru::cli {
namespace {

using base::Code;
using inspect::Fact;
using inspect::FactName;
using inspect::Findings;

constexpr size_t kAnswerBytesMax = 16;

std::vector<const Fact*> facts_of(const Findings& findings, FactName name) {
  std::vector<const Fact*> out;
  for (const auto& fact : findings.facts) {
    const bool known = std::any_of(out.begin(), out.end(),
                                   [&](const Fact* other) { return other->value == fact.value; });
    if (fact.name == name && !known) out.push_back(&fact);
  }
  return out;
}

// Formats whose hardware is the device that the maker named, not a chip (inspect/match.h).
bool names_devices(const Findings& findings) {
  return findings.kind == "rauc" || findings.kind == "mender" || findings.kind == "android-ota";
}

std::string listed(const std::vector<const Fact*>& facts) {
  std::string out;
  for (const auto* fact : facts) out += (out.empty() ? "" : ", ") + fact->value;
  return out;
}

class Described {
 public:
  Described(PublishArgs& args, Session& session, const Findings& findings)
      : args_(args), session_(session), findings_(findings) {}

  base::Status run() {
    const bool no_version = args_.version.empty();
    const bool no_product = args_.product.empty();
    const auto versions = facts_of(findings_, FactName::version);
    const auto names = product_names();
    OTARU_CHECK(check_enough(no_product && names.empty(), no_version && versions.empty()));
    if (no_version) {
      args_.version = versions.front()->value;
      take("version", *versions.front());
      if (versions.size() > 1) {
        notes_ += "  the file names several versions (" + listed(versions) +
                  "); --version takes another\n";
      }
    }
    if (no_product) OTARU_CHECK(take_product(names));
    if (args_.create) describe_new_product();
    return confirm();
  }

 private:
  base::Status check_enough(bool product_missing, bool version_missing) const {
    const std::string flags = std::string(product_missing ? "--product" : "") +
                              (product_missing && version_missing ? " and " : "") +
                              (version_missing ? "--version" : "");
    if (!findings_.sound()) {
      return base::fail(Code::invalid, args_.package.file +
                                           " is damaged, so nothing is taken from it; see: otaru "
                                           "inspect, or give --product and --version");
    }
    if (flags.empty()) return {};
    return base::fail(
        Code::invalid, args_.package.file + " (" + findings_.title + ") does not say " +
                           (product_missing ? "which product it is for" : "") +
                           (product_missing && version_missing ? ", nor " : "") +
                           (version_missing ? "which version it is" : "") + ": give " + flags);
  }

  std::vector<const Fact*> product_names() const {
    auto names = facts_of(findings_, FactName::product);
    if (names.empty() && names_devices(findings_)) names = facts_of(findings_, FactName::hardware);
    return names;
  }

  // The product of exactly this name, or none.
  base::Result<std::optional<int64_t>> find_product(const std::string& name) {
    std::vector<int64_t> ids;
    OTARU_TRY(reply, for_each_item(session_.client, "/api/v1/products", [&](base::JsonView item) {
                if (item.find("name").text().value_or("") == name) {
                  ids.push_back(item.find("id").integer().value_or(0));
                }
                return true;
              }));
    if (!reply.good()) {
      return base::fail(Code::conflict,
                        "the list of products was refused: " + std::to_string(reply.status));
    }
    if (ids.size() > 1) {
      return base::fail(Code::conflict,
                        "several products are called '" + name + "': give one with --product");
    }
    return ids.empty() ? std::nullopt : std::optional(ids.front());
  }

  // Of several names (a file for several devices) the one that is there; else it must be said.
  base::Status take_product(const std::vector<const Fact*>& names) {
    const Fact* taken = nullptr;
    for (const auto* fact : names) {
      OTARU_TRY(found, find_product(fact->value));
      if (!found) continue;
      if (taken != nullptr) {
        return base::fail(Code::conflict, "the file is for several products (" + listed(names) +
                                              "): give one with --product");
      }
      taken = fact;
      args_.product = std::to_string(*found);
    }
    if (taken != nullptr) {
      take("product", *taken);
      return {};
    }
    const std::string& name = names.front()->value;
    if (!args_.create) {
      return base::fail(Code::not_found, "there is no product '" + listed(names) +
                                             "', which the file is for: --create adds it, or "
                                             "--product says which it is");
    }
    if (names.size() > 1 || base::parse_int(name)) {
      return base::fail(Code::conflict,
                        "the file names '" + listed(names) +
                            "', which is not one name for a new product: give it with --product");
    }
    args_.product = name;
    take("product", *names.front());
    notes_ += "  a product that is not there yet is added\n";
    return {};
  }

  // Members of a product that --create makes; what --set says goes before.
  void describe_new_product() {
    const auto boards = facts_of(findings_, FactName::board);
    const auto hardware = facts_of(findings_, FactName::hardware);
    const bool revisions = findings_.kind == "swupdate";
    if (!boards.empty()) {
      set("model", *boards.front());
    } else if (!hardware.empty() && !revisions) {
      set("model", *hardware.front());
    }
    // SWUpdate's "#RE:" are patterns of revisions, not one.
    if (revisions && !hardware.empty() && !hardware.front()->value.starts_with("#RE:")) {
      set("hw_version", *hardware.front());
    }
    // The scheme that the version fits; dotted numbers are the server's own choice.
    if (is_set("version_scheme")) return;
    using domain::VersionScheme;
    for (const auto scheme :
         {VersionScheme::dotted, VersionScheme::semver, VersionScheme::publish_order}) {
      if (!domain::validate_version({scheme, {}}, args_.version)) continue;
      if (scheme == VersionScheme::dotted) return;
      args_.product_settings.push_back("version_scheme=" +
                                       std::string(domain::scheme_name(scheme)));
      notes_ += "  a new product orders its versions by " +
                std::string(domain::scheme_name(scheme)) + ", which this one fits\n";
      return;
    }
  }

  bool is_set(const std::string& member) const {
    return std::any_of(
        args_.product_settings.begin(), args_.product_settings.end(),
        [&](const std::string& text) { return text.starts_with(member + "="); });
  }
  void set(const std::string& member, const Fact& fact) {
    if (is_set(member)) return;
    args_.product_settings.push_back(member + "=" + fact.value);
    take("new product's " + member, fact);
  }

  void take(const std::string& what, const Fact& fact) {
    rows_.push_back({what, printable(fact.value), evidence_text(fact.evidence)});
  }

  base::Status confirm() const {
    const std::string shown =
        printable(args_.package.file) + " (" + printable(findings_.title) + ") says:\n" +
        format_table({{"TAKEN", ""}, {"VALUE", ""}, {"EVIDENCE", ""}}, rows_) +
        printable_lines(notes_);
    std::fputs(shown.c_str(), stderr);
    if (args_.yes) return {};
    if (::isatty(STDIN_FILENO) != 1 || !session_.terminal) {
      return base::fail(Code::invalid,
                        "nothing was published: without a terminal to ask on, --yes says that "
                        "this is right, or give --product and --version");
    }
    std::fputs("Publish it as that? [y/N] ", stderr);
    std::string answer;
    char byte = 0;
    while (answer.size() < kAnswerBytesMax && ::read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n') {
      answer.push_back(byte);
    }
    const std::string word = base::lower(base::trim(answer));
    if (!interrupted() && (word == "y" || word == "yes")) return {};
    return base::fail(Code::conflict, "nothing was published");
  }

  // Lines of our own, with words of the file in them.
  static std::string printable_lines(const std::string& text) {
    std::string out;
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at);
      out += printable(text.substr(at, end - at)) + "\n";
      at = end + 1;
    }
    return out;
  }

  PublishArgs& args_;
  Session& session_;
  const Findings& findings_;
  std::vector<std::vector<std::string>> rows_;
  std::string notes_;
};

}  // namespace

base::Status take_from_file(PublishArgs& args, Session& session) {
  OTARU_TRY(findings, findings_of(args.package.file));
  return Described(args, session, findings).run();
}

}  // namespace otaru::cli
