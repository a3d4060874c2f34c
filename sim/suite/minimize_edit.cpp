// Names hold a draft together, so that no edit has to renumber anything.
#include "sim/suite/minimize_edit.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/suite/compare.h"

namespace mxcheck::suite {
namespace {

using casefile::Draft;
using casefile::DraftNode;
using casefile::NamedSource;
using casefile::TensorSource;
using Where = DimSlot::Where;

TensorSource& stats_source(Draft& draft, std::size_t index) {
  return std::next(draft.quant_stats.begin(), static_cast<std::ptrdiff_t>(index))->second;
}

TensorSource* source_at(Draft& draft, const DimSlot& slot) {
  switch (slot.where) {
    case Where::kInput:
      return &draft.inputs[slot.index].second;
    case Where::kParam:
      return &draft.params[slot.index].second;
    case Where::kStats:
      return &stats_source(draft, slot.index);
    case Where::kCotangent:
      return &draft.run.cotangents[slot.index].second;
    default:
      return nullptr;
  }
}

std::vector<std::int64_t>* attribute_at(Draft& draft, const DimSlot& slot) {
  graph::Attributes& a = draft.nodes[slot.index].node.attributes;
  return slot.where == Where::kShape ? &a.shape : &a.limit;
}

// The same source along one axis: kept elements of a literal, a shorter shape of a formula.
void keep_along(TensorSource& source, std::size_t axis, const std::vector<std::int64_t>& kept) {
  for (TensorSource& step : source.steps) keep_along(step, axis, kept);
  tensor::Shape& shape = source.type.shape;
  const std::int64_t dim = shape[axis];
  using Kind = TensorSource::Kind;
  if (source.kind == Kind::kValues || source.kind == Kind::kBits) {
    std::int64_t inner = 1;
    for (std::size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
    const std::int64_t outer = static_cast<std::int64_t>(source.numbers.size()) / (inner * dim);
    std::vector<std::string> numbers;
    for (std::int64_t o = 0; o < outer; ++o) {
      for (const std::int64_t k : kept) {
        const auto first = source.numbers.begin() + (o * dim + k) * inner;
        numbers.insert(numbers.end(), first, first + inner);
      }
    }
    source.numbers = std::move(numbers);
  }
  shape[axis] = static_cast<std::int64_t>(kept.size());
}

// What a value was in every step.
std::optional<TensorSource> recorded(const graph::Values& values, int steps,
                                     const std::string& kind, const std::string& name) {
  TensorSource out;
  for (int step = 0; step < steps; ++step) {
    const auto found = values.find(fmt::format("step{}/{}/{}", step, kind, name));
    if (found == values.end()) return std::nullopt;
    out.steps.push_back(casefile::source_of(found->second));
  }
  if (out.steps.size() == 1) return TensorSource(out.steps.front());
  out.kind = TensorSource::Kind::kSteps;
  out.type = out.steps.front().type;
  return out;
}

bool has_name(const std::vector<NamedSource>& list, const std::string& name) {
  return std::any_of(list.begin(), list.end(),
                     [&](const NamedSource& one) { return one.first == name; });
}

const DraftNode* find_node(const Draft& draft, const std::string& name) {
  for (const DraftNode& node : draft.nodes) {
    if (node.node.name == name) return &node;
  }
  return nullptr;
}

bool is_used(const Draft& draft, const std::string& name) {
  return std::any_of(draft.nodes.begin(), draft.nodes.end(), [&](const DraftNode& node) {
    return std::find(node.args.begin(), node.args.end(), name) != node.args.end();
  });
}

void add_cotangent(Draft& draft, const std::string& name, const graph::Values& values) {
  if (has_name(draft.run.cotangents, name)) return;
  if (auto source = recorded(values, draft.run.steps, "ct", name)) {
    draft.run.cotangents.emplace_back(name, std::move(*source));
  }
}

}  // namespace

std::vector<DimSlot> dim_slots(const Draft& draft) {
  std::vector<DimSlot> out;
  const auto add = [&](Where where, std::size_t index, std::size_t rank) {
    for (std::size_t axis = 0; axis < rank; ++axis) out.push_back({where, index, axis});
  };
  const auto add_list = [&](Where where, const std::vector<NamedSource>& list) {
    for (std::size_t i = 0; i < list.size(); ++i) add(where, i, list[i].second.type.shape.size());
  };
  add_list(Where::kInput, draft.inputs);
  add_list(Where::kParam, draft.params);
  std::size_t index = 0;
  for (const auto& [name, source] : draft.quant_stats) {
    add(Where::kStats, index++, source.type.shape.size());
  }
  add_list(Where::kCotangent, draft.run.cotangents);
  for (std::size_t i = 0; i < draft.nodes.size(); ++i) {
    const graph::Node& node = draft.nodes[i].node;
    const bool shaped = node.op == graph::Op::reshape || node.op == graph::Op::broadcast_to;
    if (shaped) add(Where::kShape, i, node.attributes.shape.size());
    if (node.op == graph::Op::slice) add(Where::kLimit, i, node.attributes.limit.size());
  }
  return out;
}

std::int64_t dim_at(const Draft& draft, const DimSlot& slot) {
  Draft& open = const_cast<Draft&>(draft);  // only read
  if (const TensorSource* source = source_at(open, slot)) return source->type.shape[slot.axis];
  return (*attribute_at(open, slot))[slot.axis];
}

Draft with_dims(Draft draft, const std::vector<DimSlot>& slots,
                const std::vector<std::int64_t>& kept) {
  for (const DimSlot& slot : slots) {
    if (TensorSource* source = source_at(draft, slot)) {
      keep_along(*source, slot.axis, kept);
    } else {
      (*attribute_at(draft, slot))[slot.axis] = static_cast<std::int64_t>(kept.size());
    }
  }
  return draft;
}

std::vector<TensorSource*> sources_of(Draft& draft) {
  std::vector<TensorSource*> out;
  const auto add = [&](TensorSource& source) {
    if (source.steps.empty()) out.push_back(&source);
    for (TensorSource& step : source.steps) out.push_back(&step);
  };
  for (auto& [name, source] : draft.inputs) add(source);
  for (auto& [name, source] : draft.params) add(source);
  for (auto& [name, source] : draft.quant_stats) add(source);
  for (auto& [name, source] : draft.run.cotangents) add(source);
  return out;
}

void drop_unused(Draft& draft) {
  const auto unused = [&](const NamedSource& one) { return !is_used(draft, one.first); };
  std::erase_if(draft.inputs, unused);
  std::erase_if(draft.params, unused);
  std::erase_if(draft.run.cotangents,
                [&](const NamedSource& one) { return find_node(draft, one.first) == nullptr; });
}

Draft without_node(const Draft& draft, std::size_t i, const graph::Values& values) {
  Draft out = draft;
  const DraftNode gone = draft.nodes[i];
  const std::string& name = gone.node.name;
  out.nodes.erase(out.nodes.begin() + static_cast<std::ptrdiff_t>(i));
  const bool seeds = out.run.loss == name || has_name(out.run.cotangents, name);
  if (out.run.loss == name) out.run.loss.reset();
  std::erase_if(out.run.cotangents, [&](const NamedSource& one) { return one.first == name; });
  if (seeds) {
    for (const std::string& arg : gone.args) {
      if (find_node(out, arg) != nullptr) add_cotangent(out, arg, values);
    }
  }
  if (is_used(out, name)) {
    if (auto source = recorded(values, out.run.steps, "node", name)) {
      out.inputs.emplace_back(name, std::move(*source));
    }
  }
  drop_unused(out);
  return out;
}

Draft bypassed(Draft draft, std::size_t i, std::size_t arg) {
  const DraftNode gone = draft.nodes[i];
  draft.nodes.erase(draft.nodes.begin() + static_cast<std::ptrdiff_t>(i));
  for (DraftNode& node : draft.nodes) {
    std::replace(node.args.begin(), node.args.end(), gone.node.name, gone.args[arg]);
  }
  if (has_name(draft.run.cotangents, gone.args[arg])) {
    std::erase_if(draft.run.cotangents,
                  [&](const NamedSource& one) { return one.first == gone.node.name; });
  }
  for (auto& [name, source] : draft.run.cotangents) {
    if (name == gone.node.name) name = gone.args[arg];
  }
  if (draft.run.loss == gone.node.name) draft.run.loss = gone.args[arg];
  drop_unused(draft);
  return draft;
}

Draft only_node(const Draft& draft, std::size_t i, const graph::Values& values) {
  Draft out = draft;
  out.nodes = {draft.nodes[i]};
  const std::string name = draft.nodes[i].node.name;
  for (const std::string& arg : draft.nodes[i].args) {
    if (has_name(out.inputs, arg) || has_name(out.params, arg)) continue;
    if (auto source = recorded(values, out.run.steps, "node", arg)) {
      out.inputs.emplace_back(arg, std::move(*source));
    }
  }
  if (out.run.mode == graph::Mode::kGrad || out.run.mode == graph::Mode::kTrain) {
    if (out.run.loss != name) out.run.loss.reset();
    if (!out.run.loss) {
      out.run.cotangents.clear();
      add_cotangent(out, name, values);
    }
  }
  drop_unused(out);
  return out;
}

Draft with_steps(Draft draft, int steps) {
  draft.run.steps = steps;
  const auto cut = [&](TensorSource& source) {
    if (source.kind != TensorSource::Kind::kSteps) return;
    source.steps.resize(std::min(source.steps.size(), static_cast<std::size_t>(steps)));
    if (source.steps.size() == 1) source = TensorSource(source.steps.front());
  };
  for (auto& [name, source] : draft.inputs) cut(source);
  for (auto& [name, source] : draft.run.cotangents) cut(source);
  return draft;
}

}  // namespace mxcheck::suite
