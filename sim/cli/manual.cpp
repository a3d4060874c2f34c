// Pages are collected by asking each command for --help.
#include "sim/cli/manual.h"

#include <fmt/format.h>

#include "sim/author/new_case.h"
#include "sim/base/check.h"
#include "sim/base/text.h"
#include "sim/cli/build_info.h"
#include "sim/kernels/isa.h"
#include "sim/mxu/profile.h"

namespace mxcheck::cli {
namespace {

using Strings = std::vector<std::string>;

// Text as roff shows it: no macro at the start of a line, no escape, hyphens that can be searched.
std::string roff(const std::string& text) {
  std::string out;
  bool start = true;
  for (const char c : text) {
    if (start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    start = c == '\n';
  }
  return out;
}

std::string verbatim(const std::string& text) {
  std::string body = roff(text);
  while (body.ends_with('\n')) body.pop_back();
  return ".nf\n" + body + "\n.fi\n";
}

std::string option_text(const OptionInfo& option) {
  std::string out = ".TP\n.B ";
  if (!option.letter.empty()) out += "\\-" + option.letter + ", ";
  out += "\\-\\-" + roff(option.name);
  if (option.takes_value) out += " \\fIARG\\fR";
  return out + "\n" + roff(option.meaning) + "\n";
}

std::string command_text(const HelpPage& page, const char* summary) {
  std::string out = fmt::format(".SS {}\n{}.\n.PP\n", roff(page.command), roff(summary));
  out += verbatim(page.synopsis);
  for (const OptionInfo& option : page.options) out += option_text(option);
  if (!page.examples.empty()) out += ".PP\nExamples:\n" + verbatim(page.examples);
  return out;
}

std::string shell_words(const Strings& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

// Does the command take ids of cases?
bool takes_ids(const std::string& command) {
  return command == "show" || command == "bless" || command == "minimize";
}

Strings option_names(const HelpPage& page) {
  Strings out;
  for (const OptionInfo& option : page.options) {
    out.push_back("--" + option.name);
    if (!option.letter.empty()) out.push_back("-" + option.letter);
  }
  return out;
}

// "'" cannot stand inside of '...'; zsh's specifications give brackets and colons a meaning.
std::string zsh_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else if (c == '[' || c == ']' || c == ':' || c == '\\') {
      out += std::string("\\") + c;
    } else {
      out += c == '\n' ? ' ' : c;
    }
  }
  return out;
}

std::string zsh_option(const HelpPage& page, const OptionInfo& option) {
  std::string value;
  if (option.takes_value) {
    const Strings words = option_words(page.command, option.name);
    value = words.empty() ? ":value:_files" : ":value:(" + shell_words(words) + ")";
  }
  std::string out =
      fmt::format("      '*--{}[{}]{}'", option.name, zsh_text(option.meaning), value);
  if (!option.letter.empty()) {
    out += fmt::format(" '*-{}[{}]{}'", option.letter, zsh_text(option.meaning), value);
  }
  return out + " \\\n";
}

}  // namespace

std::vector<HelpPage> help_pages() {
  std::vector<HelpPage> out;
  for (const Command& command : commands()) {
    try {
      static_cast<void>(command.run({"--help"}));
      MXCHECK_CHECK(false, std::string("a command without help: ") + command.name);
    } catch (const HelpRequested& help) {
      out.push_back(help.page());
    }
  }
  return out;
}

Strings option_words(const std::string& command, const std::string& option) {
  if (option == "policy") return numerics::policy_names();
  if (option == "hardware") return mxu::preset_names();
  if (option == "op") return graph::op_names();
  if (option == "level") return {"auto", "functional", "cycle", "fast"};
  if (option == "color") return {"auto", "always", "never"};
  if (option == "progress") return {"auto", "never"};
  if (option == "dump-mode") return {"isolated", "end_to_end"};
  if (option == "check") {
    return {"golden", "fast", "cycle", "fake_quant", "ste", "srq", "metamorphic"};
  }
  if (option == "isa") {
    Strings out;
    for (const kernels::Isa one : kernels::isas_here()) out.emplace_back(kernels::name(one));
    return out;
  }
  if (command == "mutate" && option == "tier") return {"smoke", "full"};
  if (command != "new") return {};
  if (option == "mode") return author::new_mode_names();
  if (option == "dtype") return {"f32", "bf16", "f16"};
  if (option == "lhs" || option == "rhs" || option == "bwd") {
    Strings out = numerics::qtype_names();
    out.emplace_back("float");
    return out;
  }
  if (option != "template") return {};
  Strings out;
  for (const author::TemplateInfo& info : author::templates()) out.emplace_back(info.name);
  return out;
}

std::string manual_page() {
  std::string out = fmt::format(
      ".TH MXCHECK 1 \"\" \"mxcheck {}\" \"User Commands\"\n.SH NAME\nmxcheck \\- bit\\-exact "
      "conformance suite for the numerics of quantized training\n.SH SYNOPSIS\n.B mxcheck\n"
      "\\fICOMMAND\\fR [\\fIarguments\\fR]\n.SH DESCRIPTION\n"
      "A case is a small quantized graph in JSON with its data, its rules and the values that "
      "must\n"
      "come out.\n.B mxcheck\nruns cases on its model of the matrix unit and compares every "
      "value.\n"
      ".SH COMMANDS\n",
      roff(version()));
  const std::vector<HelpPage> pages = help_pages();
  for (std::size_t i = 0; i < pages.size(); ++i) {
    out += command_text(pages[i], commands()[i].summary);
  }
  return out +
         ".SH ENVIRONMENT\n.TP\n.B MXCHECK_\\fIOPTION\\fR\nsets an option; the option on the "
         "command line wins.\n.TP\n.B SOURCE_DATE_EPOCH\nthe date in the provenance of blessed "
         "values.\n.TP\n.B NO_COLOR\nno colours.\n"
         ".SH EXIT STATUS\n.TP\n.B 0\nas expected\n.TP\n.B 1\nsome case is not as expected\n.TP\n"
         ".B 2\ninterrupted; partial reports are written\n.TP\n.B 3\ninternal error\n.TP\n.B 4\n"
         "usage, an invalid case or configuration\n.TP\n.B 5\nnothing selected\n.TP\n.B 77\n"
         "the host cannot run it\n";
}

std::string bash_completion() {
  Strings names{"--help", "--version", "help"};
  std::string options, values, ids;
  for (const HelpPage& page : help_pages()) {
    names.push_back(page.command);
    options +=
        fmt::format("    {}) words=\"{}\" ;;\n", page.command, shell_words(option_names(page)));
    for (const OptionInfo& option : page.options) {
      const Strings words = option_words(page.command, option.name);
      if (words.empty() || !option.takes_value) continue;
      const std::string letter =
          option.letter.empty() ? "" : fmt::format("|{}:-{}", page.command, option.letter);
      values +=
          fmt::format("    {}:--{}{}) COMPREPLY=($(compgen -W \"{}\" -- \"$cur\")); return ;;\n",
                      page.command, option.name, letter, shell_words(words));
    }
    if (takes_ids(page.command)) ids += (ids.empty() ? "" : "|") + page.command;
  }
  return fmt::format(
      "# bash completion of mxcheck, made by `mxcheck completion bash`.\n"
      "_mxcheck() {{\n"
      "  local cur=\"${{COMP_WORDS[COMP_CWORD]}}\" prev=\"${{COMP_WORDS[COMP_CWORD-1]}}\"\n"
      "  local command=\"${{COMP_WORDS[1]}}\" words=\"\"\n"
      "  COMPREPLY=()\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W \"{}\" -- \"$cur\"))\n    return\n  fi\n"
      "  case \"$command:$prev\" in\n"
      "    *:--id) COMPREPLY=($(compgen -W \"$(mxcheck completion ids 2>/dev/null)\" -- "
      "\"$cur\")); return ;;\n"
      "{}  esac\n"
      "  case \"$command\" in\n{}"
      "    help) COMPREPLY=($(compgen -W \"{}\" -- \"$cur\")); return ;;\n  esac\n"
      "  if [[ \"$cur\" == -* ]]; then\n"
      "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n    return\n  fi\n"
      "  case \"$command\" in\n"
      "    {}) COMPREPLY=($(compgen -W \"$(mxcheck completion ids 2>/dev/null)\" -- \"$cur\")) ;;\n"
      "    explain) COMPREPLY=($(compgen -W \"$(mxcheck completion labels)\" -- \"$cur\")); return "
      ";;\n"
      "  esac\n"
      "  COMPREPLY+=($(compgen -f -- \"$cur\"))\n"
      "}}\ncomplete -o filenames -F _mxcheck mxcheck\n",
      shell_words(names), values, options, shell_words(names), ids);
}

std::string zsh_completion() {
  std::string list, cases;
  const std::vector<HelpPage> pages = help_pages();
  for (std::size_t i = 0; i < pages.size(); ++i) {
    const HelpPage& page = pages[i];
    list += fmt::format("    '{}:{}'\n", page.command, zsh_text(commands()[i].summary));
    cases += fmt::format("    {}) _arguments \\\n", page.command);
    for (const OptionInfo& option : page.options) cases += zsh_option(page, option);
    cases += takes_ids(page.command)     ? "      '*:case:_mxcheck_cases' ;;\n"
             : page.command == "explain" ? "      '*:word:($(mxcheck completion labels))' ;;\n"
                                         : "      '*:file:_files' ;;\n";
  }
  return "#compdef mxcheck\n# zsh completion of mxcheck, made by `mxcheck completion zsh`.\n"
         "_mxcheck_cases() {\n  local -a ids\n  ids=(${(f)\"$(mxcheck completion ids "
         "2>/dev/null)\"})\n  compadd -a ids\n  _files\n}\n"
         "_mxcheck() {\n  local -a commands\n  commands=(\n" +
         list +
         "  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  fi\n"
         "  local command=$words[2]\n  shift words\n  (( CURRENT-- ))\n  case $command in\n" +
         cases + "  esac\n}\n_mxcheck \"$@\"\n";
}

}  // namespace mxcheck::cli
