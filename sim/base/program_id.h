// What tells this build of the program from any other: results that were kept are only those of the
// same code.
#pragma once

#include <string>

namespace mxcheck::base {

// SHA-256 (hex) over the identities of the running program and of every library it has loaded: the
// build id the linker made of all their bytes, or where there is none the digest of the file. "" if
// one of them has neither.
[[nodiscard]] std::string program_id();

}  // namespace mxcheck::base
