// SPDX-License-Identifier: Apache-2.0
// Completion scripts. They are whole in themselves: completing starts no program, so that it is
// as fast on a server under load as anywhere.
#include <functional>
#include <set>

#include "cli/tree.h"

namespace otaru::cli {
namespace {

std::string joined_words(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

// Inside single quotes of a shell.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\n') {
      out += ' ';
    } else if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

bool is_long(const TreeOption& option) {
  return option.name.starts_with("--");
}

void for_each_command(const TreeCommand& command,
                      const std::function<void(const TreeCommand&)>& each) {
  each(command);
  for (const auto& inner : command.commands) for_each_command(inner, each);
}

std::string names_of(const std::vector<TreeCommand>& commands) {
  std::string out;
  for (const auto& command : commands) out += (out.empty() ? "" : " ") + command.words.back();
  return out;
}

std::string options_of(const TreeCommand& command) {
  std::string out;
  for (const auto& option : command.options) {
    if (is_long(option)) out += (out.empty() ? "" : " ") + option.name;
  }
  return out;
}

// Options that are followed by a value, of any command: none is a switch elsewhere.
std::string valued_options(const TreeCommand& tree) {
  std::set<std::string> names;
  for_each_command(tree, [&](const TreeCommand& command) {
    for (const auto& option : command.options) {
      if (is_long(option) && !option.value_name.empty()) names.insert(option.name);
    }
  });
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : "|") + name;
  return out;
}

// bash and zsh walk the words in the same way; they differ in how they offer what they found.
std::string walk(const TreeCommand& tree, const std::string& words, const std::string& first,
                 const std::string& last) {
  std::string known;
  for_each_command(tree, [&](const TreeCommand& command) {
    if (!command.words.empty())
      known += (known.empty() ? "" : "|") + quoted(joined_words(command.words));
  });
  return "  local at='' word='' i skip=''\n"
         "  for ((i = " +
         first + "; i < " + last +
         "; i++)); do\n"
         "    word=\"${" +
         words +
         "[i]}\"\n"
         "    if [[ -n $skip ]]; then skip=''; continue; fi\n"
         "    case \"$word\" in\n"
         "      " +
         valued_options(tree) +
         ") skip=1; continue ;;\n"
         "      -*) continue ;;\n"
         "    esac\n"
         "    case \"${at:+$at }$word\" in\n"
         "      " +
         known +
         ") at=\"${at:+$at }$word\" ;;\n"
         "    esac\n"
         "  done\n";
}

std::string bash_script(const TreeCommand& tree) {
  std::string out =
      "# bash completion of otaru; made by `otaru completion bash`.\n"
      "_otaru() {\n"
      "  local cur=\"${COMP_WORDS[COMP_CWORD]}\" words='' options=''\n" +
      walk(tree, "COMP_WORDS", "1", "COMP_CWORD") + "  case \"$at\" in\n";
  const std::string everywhere = options_of(tree);
  for_each_command(tree, [&](const TreeCommand& command) {
    out += "    " + quoted(joined_words(command.words)) +
           ") words=" + quoted(names_of(command.commands)) +
           "; options=" + quoted(options_of(command)) + " ;;\n";
  });
  out +=
      "  esac\n"
      "  COMPREPLY=()\n"
      "  if [[ $cur == -* ]]; then\n"
      "    COMPREPLY=($(compgen -W \"$options " +
      everywhere +
      "\" -- \"$cur\"))\n"
      "  elif [[ -z $skip && -n $words ]]; then\n"
      "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
      "  fi\n"
      "}\n"
      "complete -o default -F _otaru otaru\n";
  return out;
}

std::string zsh_script(const TreeCommand& tree) {
  std::string out =
      "#compdef otaru\n"
      "# zsh completion of otaru; made by `otaru completion zsh`.\n"
      "_otaru() {\n"
      "  local -a commands options\n" +
      walk(tree, "words", "2", "CURRENT") + "  case \"$at\" in\n";
  const auto described = [](const std::string& name, const std::string& help) {
    std::string text = name;
    std::string escaped;
    for (const char c : help) escaped += c == ':' ? std::string("\\:") : std::string(1, c);
    return " " + quoted(text + ":" + escaped);
  };
  for_each_command(tree, [&](const TreeCommand& command) {
    out += "    " + quoted(joined_words(command.words)) + ")\n      commands=(";
    for (const auto& inner : command.commands) out += described(inner.words.back(), inner.summary);
    out += ")\n      options=(";
    for (const auto& option : command.options) {
      if (is_long(option)) out += described(option.name, option.help);
    }
    out += ") ;;\n";
  });
  out +=
      "  esac\n"
      "  if [[ ${words[CURRENT]} == -* ]]; then\n"
      "    options+=(";
  for (const auto& option : tree.options) {
    if (is_long(option)) out += described(option.name, option.help);
  }
  out +=
      ")\n"
      "    _describe 'option' options\n"
      "  elif [[ -z $skip ]] && ((${#commands})); then\n"
      "    _describe 'command' commands\n"
      "  else\n"
      "    _files\n"
      "  fi\n"
      "}\n"
      "if [[ $funcstack[1] == _otaru ]]; then _otaru \"$@\"; else compdef _otaru otaru; fi\n";
  return out;
}

std::string fish_script(const TreeCommand& tree) {
  std::string out =
      "# fish completion of otaru; made by `otaru completion fish`.\n"
      "function __otaru_at\n"
      "  set -l at\n"
      "  set -l skip 0\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    if test $skip = 1\n"
      "      set skip 0\n"
      "      continue\n"
      "    end\n"
      "    switch $word\n"
      "      case ";
  std::string valued = valued_options(tree);
  for (char& c : valued) c = c == '|' ? ' ' : c;
  out += valued +
         "\n"
         "        set skip 1\n"
         "      case '-*'\n"
         "      case '*'\n"
         "        set -a at $word\n"
         "    end\n"
         "  end\n"
         "  string match -q -- \"$argv\" \"$at\"\n"
         "end\n";
  for_each_command(tree, [&](const TreeCommand& command) {
    const std::string here = joined_words(command.words);
    const std::string condition = " -n " + quoted("__otaru_at " + here);
    for (const auto& inner : command.commands) {
      out += "complete -c otaru -f" + condition + " -a " + quoted(inner.words.back()) + " -d " +
             quoted(inner.summary) + "\n";
    }
    // Behind a command's own words come its arguments, too.
    const std::string within = here.empty() ? "" : " -n " + quoted("__otaru_at \"" + here + "*\"");
    for (const auto& option : command.options) {
      if (!is_long(option)) continue;
      out += "complete -c otaru" + within + " -l " + quoted(option.name.substr(2)) +
             (option.value_name.empty() ? "" : " -r") + " -d " + quoted(option.help) + "\n";
    }
  });
  return out;
}

}  // namespace

std::string completion_script(const TreeCommand& tree, std::string_view shell) {
  if (shell == "bash") return bash_script(tree);
  if (shell == "zsh") return zsh_script(tree);
  if (shell == "fish") return fish_script(tree);
  return "";
}

}  // namespace otaru::cli
