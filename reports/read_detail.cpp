// Rows are arrays of a fixed form; a histogram, window or map that does not fit itself is refused,
// so that whoever draws it need not look.
#include "reports/read_detail.h"

#include <fmt/format.h>

#include "reports/read_fields.h"

namespace mxcheck::reports {
namespace {

using base::JsonKind;
using base::JsonReader;
using base::JsonValue;

// The elements of a list of `least` to `most` elements; empty after a report.
std::vector<JsonValue> row(JsonReader& reader, const JsonValue& value, std::size_t least,
                           std::size_t most) {
  if (!reader.expect_kind(value, JsonKind::kArray)) return {};
  if (value.size() < least || value.size() > most) {
    reader.refuse_value(value, fmt::format("{} elements", value.size()),
                        fmt::format("{} to {}", least, most));
    return {};
  }
  std::vector<JsonValue> out;
  for (const JsonValue& item : value.items()) out.push_back(item);
  return out;
}

std::string text(JsonReader& reader, const JsonValue& value) {
  return reader.string(value).value_or("");
}
std::int64_t count(JsonReader& reader, const JsonValue& value) {
  return reader.integer(value, 0, kMost).value_or(0);
}

void integer(Fields& fields, JsonReader& reader, const char* key, std::int64_t& to) {
  constexpr std::int64_t kFar = std::int64_t{1} << 32;
  fields.with(key, [&](const JsonValue& v) { to = reader.integer(v, -kFar, kFar).value_or(0); });
}

void counts(Fields& fields, JsonReader& reader, const char* key, std::vector<std::int64_t>& to) {
  fields.each(key, [&](const JsonValue& v) { to.push_back(count(reader, v)); });
}

// A word of an enumeration that ends with `last`.
template <typename Enum>
void word(Fields& fields, JsonReader& reader, const char* key, Enum last, Enum& to) {
  std::vector<std::string> words;
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    words.emplace_back(name(static_cast<Enum>(i)));
  }
  fields.with(key, [&](const JsonValue& v) {
    if (const auto index = reader.choice(v, words)) to = static_cast<Enum>(*index);
  });
}

WindowCell read_cell(JsonReader& reader, const JsonValue& value) {
  const std::vector<JsonValue> parts = row(reader, value, 2, 4);
  WindowCell cell;
  if (parts.size() == 3) reader.refuse_value(value, "3 values", "one side of two, or both");
  if (parts.size() < 2) return cell;
  cell.ours = text(reader, parts[0]);
  cell.ours_bits = text(reader, parts[1]);
  if (parts.size() < 4) return cell;
  cell.differs = true;
  cell.theirs = text(reader, parts[2]);
  cell.theirs_bits = text(reader, parts[3]);
  return cell;
}

PeCount read_pe(JsonReader& reader, const JsonValue& value) {
  const std::vector<JsonValue> parts = row(reader, value, 3, 3);
  PeCount pe;
  if (parts.empty()) return pe;
  if (!parts[0].is(JsonKind::kNull)) pe.row = count(reader, parts[0]);
  pe.column = count(reader, parts[1]);
  pe.wrong = count(reader, parts[2]);
  return pe;
}

SrqStep read_step(JsonReader& reader, const JsonValue& value) {
  SrqStep step;
  Fields fields(reader, value, "a step");
  fields.count("count", step.count);
  fields.number("sum", step.sum);
  fields.number("own", step.own);
  fields.number("in_use", step.in_use);
  fields.boolean("updated", step.updated);
  return step;
}

TensorState read_tensor(JsonReader& reader, const JsonValue& value) {
  const std::vector<JsonValue> parts = row(reader, value, 2, 2);
  TensorState state;
  if (parts.empty()) return state;
  state.name = text(reader, parts[0]);
  std::vector<std::string> words;
  for (int i = 0; i <= static_cast<int>(TensorVerdict::kNone); ++i) {
    words.emplace_back(name(static_cast<TensorVerdict>(i)));
  }
  if (const auto index = reader.choice(parts[1], words)) {
    state.verdict = static_cast<TensorVerdict>(*index);
  }
  return state;
}

}  // namespace

Window read_window(JsonReader& reader, const JsonValue& value) {
  Window window;
  Fields fields(reader, value, "a window");
  counts(fields, reader, "origin", window.origin);
  fields.count("rows", window.rows);
  fields.count("columns", window.columns);
  fields.each("cells", [&](const JsonValue& v) { window.cells.push_back(read_cell(reader, v)); });
  std::int64_t cells = 0;
  if (__builtin_mul_overflow(window.rows, window.columns, &cells) ||
      cells != static_cast<std::int64_t>(window.cells.size())) {
    reader.refuse_value(value, fmt::format("{} cells", window.cells.size()),
                        fmt::format("{} rows of {}", window.rows, window.columns));
  }
  return window;
}

Bin read_bin(JsonReader& reader, const JsonValue& value) {
  const std::vector<JsonValue> parts = row(reader, value, 2, 2);
  if (parts.empty()) return {};
  return {text(reader, parts[0]), count(reader, parts[1])};
}

PeMap read_pe_map(JsonReader& reader, const JsonValue& value) {
  PeMap map;
  Fields fields(reader, value, "a PE map");
  fields.count("rows", map.rows);
  fields.count("columns", map.columns);
  fields.count("cell", map.cell);
  fields.count("compared", map.compared);
  fields.each("wrong", [&](const JsonValue& v) { map.wrong.push_back(read_pe(reader, v)); });
  constexpr std::int64_t kMostSide = 128;
  const bool fits =
      map.cell > 0 && map.rows <= kMostSide * map.cell && map.columns <= kMostSide * map.cell;
  for (const PeCount& pe : map.wrong) {
    if (fits && pe.row * map.cell < map.rows && pe.column * map.cell < map.columns) continue;
    reader.refuse_value(value, fmt::format("a PE at row {}, column {}", pe.row, pe.column),
                        fmt::format("one of {} x {} in cells of {}, at most {} a side", map.rows,
                                    map.columns, map.cell, kMostSide));
    break;
  }
  return map;
}

CodeHistogram read_histogram(JsonReader& reader, const JsonValue& value) {
  CodeHistogram h;
  Fields fields(reader, value, "a histogram");
  integer(fields, reader, "low", h.low);
  integer(fields, reader, "high", h.high);
  integer(fields, reader, "width", h.width);
  counts(fields, reader, "counts", h.counts);
  counts(fields, reader, "ties", h.ties);
  fields.count("at_low", h.at_low);
  fields.count("at_high", h.at_high);
  if (h.width < 1 || (!h.ties.empty() && h.ties.size() != h.counts.size())) {
    reader.refuse_value(
        value, fmt::format("{} ties, width {}", h.ties.size(), h.width),
        fmt::format("none or one for each of {} bins of at least one code", h.counts.size()));
  }
  return h;
}

SrqTrace read_trace(JsonReader& reader, const JsonValue& value) {
  SrqTrace trace;
  Fields fields(reader, value, "a trace");
  fields.text("name", trace.name);
  fields.text("part", trace.part);
  fields.count("elements", trace.elements);
  fields.count("element", trace.element);
  fields.each("steps", [&](const JsonValue& v) { trace.steps.push_back(read_step(reader, v)); });
  return trace;
}

LayerFigure read_layer(JsonReader& reader, const JsonValue& value) {
  LayerFigure layer;
  Fields fields(reader, value, "a layer");
  fields.text("name", layer.name);
  fields.count("elements", layer.elements);
  fields.number("sqnr_db", layer.sqnr_db);
  fields.number("cosine", layer.cosine);
  return layer;
}

GraphNode read_node(JsonReader& reader, const JsonValue& value, std::size_t position) {
  GraphNode node;
  Fields fields(reader, value, "a node");
  fields.text("name", node.name);
  word(fields, reader, "role", GraphRole::kLayout, node.role);
  fields.text("op", node.op);
  fields.text("type", node.type);
  fields.each("arguments", [&](const JsonValue& v) {
    const auto before = static_cast<std::int64_t>(position) - 1;
    if (const auto i = reader.integer(v, 0, std::max<std::int64_t>(before, 0))) {
      if (before < 0) return reader.refuse_value(v, "an argument", "none of the first node");
      node.arguments.push_back(static_cast<int>(*i));
    }
  });
  fields.each("tensors",
              [&](const JsonValue& v) { node.tensors.push_back(read_tensor(reader, v)); });
  return node;
}

}  // namespace mxcheck::reports
