// Which shard this process is: --shard-index and --shard-count, else the variables that GoogleTest
// and Bazel set for the processes of a sharded test:
//   GTEST_TOTAL_SHARDS GTEST_SHARD_INDEX GTEST_SHARD_STATUS_FILE
//   TEST_TOTAL_SHARDS  TEST_SHARD_INDEX  TEST_SHARD_STATUS_FILE
#pragma once

#include "reports/shard.h"
#include "sim/cli/options.h"

namespace mxcheck::cli {

// By the options alone; UsageError for one without the other.
[[nodiscard]] reports::Shard shard_of_options(const po::variables_map& map);
// By the options, else by the variables; UsageError for variables that cannot be meant.
[[nodiscard]] reports::Shard shard_here(const po::variables_map& map);
// Touches the status files the variables name: the sign that this program knows of shards.
// UsageError if one cannot be made.
void touch_shard_status_files();

}  // namespace mxcheck::cli
