// How often relations were applied and why not, collected for a report.
#pragma once

#include <algorithm>
#include <string>

#include "reports/model.h"

namespace mxcheck::suite {

inline reports::RelationCount& relation_count(reports::CheckResult& result,
                                              const std::string& name) {
  const auto same = [&](const reports::RelationCount& r) { return r.relation == name; };
  const auto found = std::find_if(result.relations.begin(), result.relations.end(), same);
  if (found != result.relations.end()) return *found;
  result.relations.push_back({name, 0, 0, {}});
  return result.relations.back();
}

inline void relation_applied(reports::CheckResult& result, const std::string& name,
                             std::int64_t elements) {
  reports::RelationCount& r = relation_count(result, name);
  ++r.applied;
  r.elements += elements;
}

inline void relation_not_applicable(reports::CheckResult& result, const std::string& name,
                                    const std::string& reason) {
  reports::RelationCount& r = relation_count(result, name);
  const auto same = [&](const auto& other) { return other.first == reason; };
  const auto found = std::find_if(r.not_applicable.begin(), r.not_applicable.end(), same);
  if (found != r.not_applicable.end()) {
    ++found->second;
  } else {
    r.not_applicable.emplace_back(reason, 1);
  }
}

}  // namespace mxcheck::suite
