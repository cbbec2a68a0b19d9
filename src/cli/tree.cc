// SPDX-License-Identifier: Apache-2.0
#include "cli/tree.h"

#include <algorithm>

#include "base/encoding.h"
#include "cli/cli11.h"

namespace otaru::cli {
namespace {

TreeOption option_of(const CLI::Option& option) {
  TreeOption out;
  out.name =
      option.get_lnames().empty() ? option.get_single_name() : "--" + option.get_lnames().front();
  if (!option.nonpositional()) out.name = option.get_name();
  out.value_name = option.get_expected_max() == 0 ? "" : option.get_type_name();
  out.help = option.get_description();
  out.environment = option.get_envname();
  out.required = option.get_required();
  return out;
}

TreeCommand command_of(const CLI::App& app, const std::vector<std::string>& words) {
  TreeCommand out;
  out.words = words;
  out.summary = app.get_description();
  out.examples = app.get_footer();
  for (const auto* option : app.get_options()) {
    (option->nonpositional() ? out.options : out.arguments).push_back(option_of(*option));
  }
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    auto inner = words;
    inner.push_back(sub->get_name());
    out.commands.push_back(command_of(*sub, inner));
  }
  return out;
}

std::string variable_of(const std::vector<std::string>& words, const std::string& option) {
  std::string name = "OTARU";
  for (const auto& word : words) name += "_" + word;
  name += "_" + option;
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    if (c == '-') return '_';
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return name;
}

void name_below(CLI::App& app, const std::vector<std::string>& words) {
  for (auto* option : app.get_options()) {
    const bool taken = !option->get_envname().empty();
    if (taken || option->get_lnames().empty() || option->get_lnames().front() == "help") continue;
    option->envname(variable_of(words, option->get_lnames().front()));
  }
  for (auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    auto inner = words;
    inner.push_back(sub->get_name());
    name_below(*sub, inner);
  }
}

}  // namespace

TreeCommand tree_of(const CLI::App& app) {
  return command_of(app, {});
}

void name_environment(CLI::App& app) {
  for (auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (sub->get_name() != "serve") name_below(*sub, {sub->get_name()});
  }
}

}  // namespace otaru::cli
