// A shard: the part of a run's cases that one of several processes takes. Which case belongs to
// which shard follows from its id alone, so that adding a case moves no other. Digests tie the
// shards of one run together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/model.h"

namespace mxcheck::reports {

inline constexpr std::uint64_t kMostShards = std::uint64_t{1} << 20;

struct Shard {
  std::uint64_t index = 0;
  std::uint64_t count = 1;

  // SHA-256 of the id, its first eight bytes as a big-endian number, modulo `count`.
  [[nodiscard]] bool has(const std::string& id) const;
};

// "1/4": the second of four, as in a report's context; "" if there is one shard only.
[[nodiscard]] std::string shard_name(const Shard& shard);
// The reverse; nullopt for anything else.
[[nodiscard]] std::optional<Shard> shard_from_name(const std::string& name);
// Which of `count` shards has the case.
[[nodiscard]] std::uint64_t shard_of(const std::string& id, std::uint64_t count);

// SHA-256 over id, digest and golden digest of the cases, one line each (RunResult::suite_digest).
[[nodiscard]] std::string suite_digest(const std::vector<CaseResult>& cases);
// SHA-256 over id and digest of all cases that the shards of a run have together, by id.
[[nodiscard]] std::string selection_digest(
    const std::vector<std::pair<std::string, std::string>>& ids_and_digests);

}  // namespace mxcheck::reports
