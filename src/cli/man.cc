// SPDX-License-Identifier: Apache-2.0
// Man pages in the man(7) macros, from the very texts of --help.
#include "cli/tree.h"

namespace otaru::cli {
namespace {

// Text of a line: nothing in it is a request or an escape.
std::string roff(std::string_view text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    line_start = c == '\n';
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string command_line(const TreeCommand& command) {
  std::string out = "otaru";
  for (const auto& word : command.words) out += " " + word;
  return out;
}

std::string page_name(const TreeCommand& command) {
  return command.words.empty() ? "otaru" : "otaru-" + command.words.front();
}

void synopsis(const TreeCommand& command, std::string& out) {
  out += ".SY " + roff(command_line(command)) + "\n";
  for (const auto& argument : command.arguments) out += ".I " + roff(argument.name) + "\n";
  for (const auto& option : command.options) {
    if (!option.name.starts_with("--") || option.name == "--help") continue;
    const std::string value =
        option.value_name.empty() ? "" : " \\fI" + roff(option.value_name) + "\\fR";
    out += (option.required ? "\\fB" + roff(option.name) + "\\fR" + value
                            : "[\\fB" + roff(option.name) + "\\fR" + value + "]") +
           "\n";
  }
  if (!command.commands.empty()) out += ".I COMMAND\n\\&...\n";
  out += ".YS\n";
}

void options(const TreeCommand& command, std::string& out) {
  const auto add = [&](const TreeOption& option, const char* font) {
    out += ".TP\n" + std::string(font) + roff(option.name) + "\\fR";
    if (!option.value_name.empty() && option.name.starts_with("--")) {
      out += " \\fI" + roff(option.value_name) + "\\fR";
    }
    out += "\n" + roff(option.help);
    if (!option.environment.empty()) out += "\n.br\nEnvironment: " + roff(option.environment);
    out += "\n";
  };
  for (const auto& argument : command.arguments) add(argument, "\\fI");
  for (const auto& option : command.options) {
    if (option.name.starts_with("--") && option.name != "--help") add(option, "\\fB");
  }
}

void examples(const TreeCommand& command, std::string& out) {
  if (command.examples.empty()) return;
  out += ".PP\n.nf\n" + roff(command.examples) + "\n.fi\n";
}

std::string head_of(const TreeCommand& command, std::string_view version) {
  const std::string name = page_name(command);
  std::string upper = name;
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return ".TH " + upper + " 1 \"\" \"otaru " + std::string(version) + "\" \"Otaru\"\n.SH NAME\n" +
         roff(name) + " \\- " + roff(command.summary) + "\n.SH SYNOPSIS\n";
}

ManPage page_of(const TreeCommand& command, std::string_view version) {
  std::string text = head_of(command, version);
  if (command.commands.empty()) {
    synopsis(command, text);
    text += ".SH OPTIONS\n";
    options(command, text);
    text += ".SH NOTES\n";
    examples(command, text);
  } else {
    for (const auto& inner : command.commands) synopsis(inner, text);
    text += ".SH COMMANDS\n";
    for (const auto& inner : command.commands) {
      text += ".SS " + roff(command_line(inner)) + "\n" + roff(inner.summary) + ".\n";
      options(inner, text);
      examples(inner, text);
    }
  }
  text += ".SH SEE ALSO\n.BR otaru (1)\n";
  return {page_name(command) + ".1", std::move(text)};
}

}  // namespace

std::vector<ManPage> man_pages(const TreeCommand& tree, std::string_view version) {
  std::vector<ManPage> pages;
  std::string text = head_of(tree, version);
  synopsis(tree, text);
  text += ".SH COMMANDS\n";
  for (const auto& command : tree.commands) {
    text += ".TP\n.BR " + roff(page_name(command)) + " (1)\n" + roff(command.summary) + "\n";
  }
  text += ".SH OPTIONS\n";
  options(tree, text);
  text += ".SH NOTES\n";
  examples(tree, text);
  pages.push_back({"otaru.1", std::move(text)});
  for (const auto& command : tree.commands) pages.push_back(page_of(command, version));
  return pages;
}

}  // namespace otaru::cli
