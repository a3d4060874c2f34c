// Facts travel as pairs of frames, in the order of the report.
#include "sim/cluster/introduction.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/json_reader.h"
#include "sim/cluster/frames.h"

namespace mxcheck::cluster {

std::string to_bytes(const Introduction& introduction) {
  std::string out;
  add_frame(out, introduction.host);
  add_frame(out, introduction.trouble);
  for (const auto& [key, value] : introduction.facts) {
    add_frame(out, key);
    add_frame(out, value);
  }
  return out;
}

std::optional<Introduction> introduction_from(const std::string& bytes) {
  std::size_t offset = 0;
  const auto host = take_frame(bytes, offset), trouble = take_frame(bytes, offset);
  if (!host || !trouble) return std::nullopt;
  Introduction out{*host, *trouble, {}};
  while (offset < bytes.size()) {
    auto key = take_frame(bytes, offset), value = take_frame(bytes, offset);
    if (!key || !value) return std::nullopt;
    out.facts.emplace_back(std::move(*key), std::move(*value));
  }
  return out;
}

std::string difference(const Introduction& first, const Introduction& worker) {
  if (!worker.trouble.empty()) return worker.trouble;
  for (std::size_t i = 0; i < std::max(first.facts.size(), worker.facts.size()); ++i) {
    if (i >= first.facts.size() || i >= worker.facts.size() ||
        first.facts[i].first != worker.facts[i].first) {
      return "it is another build";
    }
    const auto& [key, value] = first.facts[i];
    const std::string& other = worker.facts[i].second;
    if (value == other) continue;
    return fmt::format("its {} is {}, here it is {}", key, base::shortened(other),
                       base::shortened(value));
  }
  return "";
}

}  // namespace mxcheck::cluster
