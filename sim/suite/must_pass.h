// The must-pass list: every case that asks something of a device, with the digests of the case and
// of the answers the model gives, tied to a version of the suite. A device conforms to that version
// when it passes every case of the list that it claims; the list says what "every" is.
// cases/devices/must_pass/<version>.json; made by `mxcheck conform --write-must-pass FILE`.
//
// Labels: MUST-FILE, MUST-KEY, MUST-VALUE.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reports/model.h"
#include "sim/base/diagnostic.h"
#include "sim/suite/device_check.h"

namespace mxcheck::suite {

struct MustPassEntry {
  std::string id, case_digest, expected_digest;
  std::int64_t products = 0, quantizes = 0, quantized_dots = 0;  // requests
};

struct MustPass {
  std::string suite;  // version
  std::vector<MustPassEntry> cases;
  std::string text;  // of the file
};

[[nodiscard]] std::optional<MustPass> read_must_pass(const std::filesystem::path& file,
                                                     base::Diagnostics& diagnostics);
[[nodiscard]] std::optional<MustPass> parse_must_pass(const std::string& text,
                                                      const std::string& file,
                                                      base::Diagnostics& diagnostics);

// The list of a run in which everything was claimed: what passed, in case order.
[[nodiscard]] std::string must_pass_text(const std::string& suite, const reports::RunResult& run,
                                         const std::map<std::string, DeviceDigests>& digests);

// How a run stands to the list.
struct MustPassCount {
  std::int64_t listed = 0, passed = 0, failed = 0;
  std::int64_t skipped = 0;    // not claimed by the device
  std::int64_t waived = 0;     // not passed, with a waiver
  std::int64_t different = 0;  // the case is not the one of the list
  std::int64_t absent = 0;     // not part of the run
};
[[nodiscard]] MustPassCount count_must_pass(const MustPass& list, const reports::RunResult& run);

}  // namespace mxcheck::suite
