// SPDX-License-Identifier: Apache-2.0
// The whole command line as data: what completion and man pages are made of, so that they say what
// the parser does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace otaru::cli {

struct TreeOption {
  std::string name;        // "--limit", or "FILE" for an argument
  std::string value_name;  // "TEXT"; empty: a switch
  std::string help;
  std::string environment;  // variable that sets it too; may be empty
  bool required = false;
};

struct TreeCommand {
  std::vector<std::string> words;  // {"product", "add"}; empty for the program itself
  std::string summary;
  std::string examples;  // the help's footer
  std::vector<TreeOption> arguments;
  std::vector<TreeOption> options;
  std::vector<TreeCommand> commands;
};

TreeCommand tree_of(const CLI::App& app);

// Gives every option of every command its environment variable, OTARU_NOUN_VERB_OPTION; those that
// have one, and those of `serve`, whose settings have their own, are left alone.
void name_environment(CLI::App& app);

// A script that completes commands and options. `shell`: bash, zsh or fish; empty for another.
std::string completion_script(const TreeCommand& tree, std::string_view shell);

struct ManPage {
  std::string name;  // "otaru-product.1"
  std::string text;  // roff, man(7)
};
// One page for the program and one for each of its commands.
std::vector<ManPage> man_pages(const TreeCommand& tree, std::string_view version);

}  // namespace otaru::cli
