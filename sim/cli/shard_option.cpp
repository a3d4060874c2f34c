// Variables come in families of the same three words; each set of them must be whole and those of
// two families must agree.
#include "sim/cli/shard_option.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdlib>

#include "sim/base/file.h"
#include "sim/base/text.h"

namespace mxcheck::cli {
namespace {

constexpr std::array kFamilies{"GTEST_", "TEST_"};

// "" is as good as not set.
std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

std::optional<std::uint64_t> number(const std::string& name, std::uint64_t most) {
  const std::optional<std::string> word = variable(name);
  if (!word) return std::nullopt;
  std::uint64_t value = 0;
  const char* const end = word->data() + word->size();
  const auto [stop, error] = std::from_chars(word->data(), end, value);
  if (error != std::errc{} || stop != end || value > most) {
    throw UsageError(fmt::format("{} is '{}'; it must be an integer from 0 to {}", name,
                                 base::printable(*word), most));
  }
  return value;
}

std::optional<reports::Shard> shard_of_family(const std::string& prefix) {
  const std::string count_name = prefix + "TOTAL_SHARDS", index_name = prefix + "SHARD_INDEX";
  const auto count = number(count_name, reports::kMostShards);
  const auto index = number(index_name, reports::kMostShards);
  if (!count && !index) return std::nullopt;
  if (!count || !index) {
    throw UsageError(fmt::format("{} is set and {} is not", count ? count_name : index_name,
                                 count ? index_name : count_name));
  }
  if (*index < *count) return reports::Shard{*index, *count};
  throw UsageError(
      fmt::format("{} is {}, not below {}, which is {}", index_name, *index, count_name, *count));
}

}  // namespace

reports::Shard shard_of_options(const po::variables_map& map) {
  if (!has(map, "shard-index") && !has(map, "shard-count")) return {};
  if (!has(map, "shard-index") || !has(map, "shard-count")) {
    const bool index = has(map, "shard-index");
    throw UsageError(fmt::format("--{} has no meaning without --{}",
                                 index ? "shard-index" : "shard-count",
                                 index ? "shard-count" : "shard-index"));
  }
  constexpr auto kMost = static_cast<std::int64_t>(reports::kMostShards);
  const std::int64_t count = integer(map, "shard-count", 1, 1, kMost);
  return {static_cast<std::uint64_t>(integer(map, "shard-index", 0, 0, count - 1)),
          static_cast<std::uint64_t>(count)};
}

reports::Shard shard_here(const po::variables_map& map) {
  if (has(map, "shard-index") || has(map, "shard-count")) return shard_of_options(map);
  std::optional<reports::Shard> found;
  std::string from;
  for (const std::string prefix : kFamilies) {
    const std::optional<reports::Shard> one = shard_of_family(prefix);
    if (!one) continue;
    if (found && (found->index != one->index || found->count != one->count)) {
      throw UsageError(
          fmt::format("{0}SHARD_INDEX and {0}TOTAL_SHARDS say {1} of {2}, {3}SHARD_INDEX and "
                      "{3}TOTAL_SHARDS {4} of {5}",
                      from, found->index, found->count, prefix, one->index, one->count));
    }
    found = one;
    from = prefix;
  }
  return found.value_or(reports::Shard{});
}

void touch_shard_status_files() {
  for (const std::string prefix : kFamilies) {
    const std::optional<std::string> file = variable(prefix + "SHARD_STATUS_FILE");
    if (!file) continue;
    const base::Status made = base::append_to_file(*file, "");
    if (!made) {
      throw UsageError(prefix + "SHARD_STATUS_FILE: " + base::printable(made.error()));
    }
    std::error_code ignored;
    std::filesystem::last_write_time(*file, std::filesystem::file_time_type::clock::now(), ignored);
  }
}

}  // namespace mxcheck::cli
