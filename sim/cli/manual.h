// The manual page and shell completion, made from what the commands say of themselves: a command or
// option that exists is in them, and nothing else.
#pragma once

#include <string>
#include <vector>

#include "sim/cli/options.h"

namespace mxcheck::cli {

// Help pages of all commands, in the order of the table.
[[nodiscard]] std::vector<HelpPage> help_pages();
// The words an option of a command takes; empty: anything (or a file).
[[nodiscard]] std::vector<std::string> option_words(const std::string& command,
                                                    const std::string& option);

[[nodiscard]] std::string manual_page();  // mxcheck.1, for man
[[nodiscard]] std::string bash_completion();
[[nodiscard]] std::string zsh_completion();

}  // namespace mxcheck::cli
