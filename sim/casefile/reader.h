// The parts a case is read in. Each reads one top-level key into the case and reports every problem
// it meets; the order is that of load_case_file(). Internal to this folder.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "sim/casefile/case.h"
#include "sim/casefile/context.h"

namespace mxcheck::casefile {

// What is known while the graph is being built.
struct GraphNames {
  std::unordered_map<std::string, int> values;  // value number by name
  std::vector<bool> unknown;                    // by value number: its type could not be read
};

void read_ports(Context& context, const JsonValue& root, Case& c, GraphNames& names);
void read_nodes(Context& context, const JsonValue& nodes, Case& c, GraphNames& names);
// The attributes of a node; false after a report.
bool read_attributes(Context& context, const JsonValue& node, graph::Op op,
                     graph::Attributes& attributes);
void read_rules(Context& context, const JsonValue& rules, Case& c);
void read_policy(Context& context, const JsonValue& policy, Case& c);
void read_hardware(Context& context, const JsonValue& hardware, Case& c);
void read_run(Context& context, const JsonValue& root, Case& c, const GraphNames& names);
// After inference: shapes and dtypes of loss and cotangents.
void check_seeds(Context& context, const JsonValue& root, const Case& c,
                 const std::vector<bool>& unknown);
void read_quant_stats(Context& context, const JsonValue& stats, Case& c);
// After planning: starting statistics, batch axes and the random seed fit what the plan needs.
void check_plan(Context& context, const base::JsonDocument& document, const Case& c);
void read_expect(Context& context, const JsonValue& expect, Case& c);
void read_checks(Context& context, const JsonValue& checks, Case& c);

}  // namespace mxcheck::casefile
