// The parts of detail.h as JSON, for json.cpp. Internal to the writer of reports.
#pragma once

#include <nlohmann/json.hpp>

#include "reports/model.h"

namespace mxcheck::reports {

// A number, or where JSON has none "inf", "-inf", "nan".
[[nodiscard]] nlohmann::ordered_json json_number(double value);
[[nodiscard]] nlohmann::ordered_json json_number(const std::optional<double>& value);

[[nodiscard]] nlohmann::ordered_json to_json(const Window& window);
[[nodiscard]] nlohmann::ordered_json to_json(const std::vector<Bin>& bins);
[[nodiscard]] nlohmann::ordered_json to_json(const PeMap& map);
[[nodiscard]] nlohmann::ordered_json to_json(const CodeHistogram& histogram);
[[nodiscard]] nlohmann::ordered_json to_json(const SrqTrace& trace);
[[nodiscard]] nlohmann::ordered_json to_json(const LayerFigure& layer);
[[nodiscard]] nlohmann::ordered_json to_json(const GraphNode& node);

}  // namespace mxcheck::reports
