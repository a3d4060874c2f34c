// Names, places and digests of shards.
#include "reports/shard.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "sim/base/digest.h"

namespace mxcheck::reports {

std::uint64_t shard_of(const std::string& id, std::uint64_t count) {
  const std::array<unsigned char, 32> digest = base::sha256(id);
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) number = (number << 8) | digest[i];
  return number % count;
}

bool Shard::has(const std::string& id) const { return count <= 1 || shard_of(id, count) == index; }

std::string shard_name(const Shard& shard) {
  return shard.count <= 1 ? "" : fmt::format("{}/{}", shard.index, shard.count);
}

std::optional<Shard> shard_from_name(const std::string& name) {
  if (name.empty()) return Shard{};
  Shard out;
  const char* const end = name.data() + name.size();
  const auto index = std::from_chars(name.data(), end, out.index);
  if (index.ec != std::errc{} || index.ptr == end || *index.ptr != '/') return std::nullopt;
  const auto count = std::from_chars(index.ptr + 1, end, out.count);
  if (count.ec != std::errc{} || count.ptr != end) return std::nullopt;
  const bool fits = out.count > 1 && out.count <= kMostShards && out.index < out.count;
  return fits && shard_name(out) == name ? std::optional(out) : std::nullopt;
}

std::string suite_digest(const std::vector<CaseResult>& cases) {
  std::string text;
  for (const CaseResult& c : cases) {
    text += c.id + " " + c.digest + " " + c.golden_digest + "\n";
  }
  return base::sha256_hex(text);
}

std::string selection_digest(
    const std::vector<std::pair<std::string, std::string>>& ids_and_digests) {
  std::string text;
  for (const auto& [id, digest] : ids_and_digests) text += id + " " + digest + "\n";
  return base::sha256_hex(text);
}

}  // namespace mxcheck::reports
