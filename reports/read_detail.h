// The parts of detail.h read back, for read.cpp. Internal to the reader of reports.
#pragma once

#include "reports/model.h"
#include "sim/base/json_reader.h"

namespace mxcheck::reports {

[[nodiscard]] Window read_window(base::JsonReader& reader, const base::JsonValue& value);
[[nodiscard]] Bin read_bin(base::JsonReader& reader, const base::JsonValue& value);
[[nodiscard]] PeMap read_pe_map(base::JsonReader& reader, const base::JsonValue& value);
[[nodiscard]] CodeHistogram read_histogram(base::JsonReader& reader, const base::JsonValue& value);
[[nodiscard]] SrqTrace read_trace(base::JsonReader& reader, const base::JsonValue& value);
[[nodiscard]] LayerFigure read_layer(base::JsonReader& reader, const base::JsonValue& value);
// `position`: of the node in its list; it may only name earlier ones.
[[nodiscard]] GraphNode read_node(base::JsonReader& reader, const base::JsonValue& value,
                                  std::size_t position);

}  // namespace mxcheck::reports
