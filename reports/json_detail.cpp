// Rows of numbers are arrays, not objects: there are many of them.
#include "reports/json_detail.h"

#include <cmath>

namespace mxcheck::reports {

using Json = nlohmann::ordered_json;

Json json_number(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}
Json json_number(const std::optional<double>& value) {
  return value ? json_number(*value) : Json(nullptr);
}

Json to_json(const Window& window) {
  Json cells = Json::array();
  for (const WindowCell& cell : window.cells) {
    Json one = Json::array({cell.ours, cell.ours_bits});
    if (cell.differs) {
      one.push_back(cell.theirs);
      one.push_back(cell.theirs_bits);
    }
    cells.push_back(std::move(one));
  }
  return {{"origin", window.origin},
          {"rows", window.rows},
          {"columns", window.columns},
          {"cells", std::move(cells)}};
}

Json to_json(const std::vector<Bin>& bins) {
  Json out = Json::array();
  for (const Bin& bin : bins) out.push_back(Json::array({bin.label, bin.count}));
  return out;
}

Json to_json(const PeMap& map) {
  Json wrong = Json::array();
  for (const PeCount& pe : map.wrong) {
    wrong.push_back(Json::array({pe.row < 0 ? Json(nullptr) : Json(pe.row), pe.column, pe.wrong}));
  }
  return {{"rows", map.rows},
          {"columns", map.columns},
          {"cell", map.cell},
          {"compared", map.compared},
          {"wrong", std::move(wrong)}};
}

Json to_json(const CodeHistogram& histogram) {
  return {{"low", histogram.low},        {"high", histogram.high}, {"width", histogram.width},
          {"counts", histogram.counts},  {"ties", histogram.ties}, {"at_low", histogram.at_low},
          {"at_high", histogram.at_high}};
}

Json to_json(const SrqTrace& trace) {
  Json steps = Json::array();
  for (const SrqStep& step : trace.steps) {
    steps.push_back({{"count", step.count},
                     {"sum", json_number(step.sum)},
                     {"own", json_number(step.own)},
                     {"in_use", json_number(step.in_use)},
                     {"updated", step.updated}});
  }
  return {{"name", trace.name},
          {"part", trace.part},
          {"elements", trace.elements},
          {"element", trace.element},
          {"steps", std::move(steps)}};
}

Json to_json(const LayerFigure& layer) {
  return {{"name", layer.name},
          {"elements", layer.elements},
          {"sqnr_db", json_number(layer.sqnr_db)},
          {"cosine", json_number(layer.cosine)}};
}

Json to_json(const GraphNode& node) {
  Json tensors = Json::array();
  for (const TensorState& tensor : node.tensors) {
    tensors.push_back(Json::array({tensor.name, name(tensor.verdict)}));
  }
  return {{"name", node.name}, {"role", name(node.role)},     {"op", node.op},
          {"type", node.type}, {"arguments", node.arguments}, {"tensors", std::move(tensors)}};
}

}  // namespace mxcheck::reports
