// What a case came to, as bytes for another process of the same build: the result as the JSON
// report has it, why it was refused, its dumped values.
#pragma once

#include <optional>
#include <string>

#include "sim/suite/run_case.h"

namespace mxcheck::cluster {

// Digests of a device are left behind: devices are not asked by several processes.
[[nodiscard]] std::string to_bytes(suite::CaseRun run);
// nullopt for anything that is not such bytes.
[[nodiscard]] std::optional<suite::CaseRun> from_bytes(const std::string& bytes);

}  // namespace mxcheck::cluster
