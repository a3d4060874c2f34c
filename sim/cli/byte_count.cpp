// 512M, 512MB and 512MiB are one thing.
#include "sim/cli/byte_count.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sim/base/text.h"

namespace mxcheck::cli {

std::uint64_t byte_count(const po::variables_map& map, const char* name, std::uint64_t otherwise) {
  if (!has(map, name)) return otherwise;
  const std::string word = text(map, name, "");
  const std::size_t digits = std::min(word.find_first_not_of("0123456789"), word.size());
  std::string unit = word.substr(digits);
  if (unit.ends_with("iB") && unit.size() == 3) unit.resize(1);
  if (unit.ends_with("B") && unit.size() == 2) unit.resize(1);
  static const std::string kUnits = "KMGT";
  const std::size_t power = unit.empty() ? 0 : kUnits.find(unit[0]) + 1;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + digits, value);
  constexpr std::uint64_t kLargest = std::uint64_t{1} << 60;
  const unsigned shift = static_cast<unsigned>(10 * power);
  const bool good = error == std::errc{} && end == word.data() + digits &&
                    unit.size() == (power > 0 ? 1 : 0) && value > 0 && value <= (kLargest >> shift);
  if (good) return value << shift;
  throw UsageError(fmt::format("--{} is '{}'; it must be a size such as 512M or 2G", name,
                               base::printable(word)));
}

}  // namespace mxcheck::cli
