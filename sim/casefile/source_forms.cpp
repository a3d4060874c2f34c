// Tensor sources that are stored or made by a formula, and one source per step (SRC-FILE,
// SRC-TENSOR, SRC-DTYPE, SRC-RANGE, SRC-FORM).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/casefile/number.h"
#include "sim/casefile/source_reader.h"
#include "sim/graph/infer.h"

namespace mxcheck::casefile {

using numerics::DType;
using Random = TensorSource::Random;

void SourceReader::read_file(const JsonValue& content) {
  const auto file = context_.string(content);
  const auto tensor_value = context_.require(value_, "tensor", "the source");
  const auto name = tensor_value ? context_.string(*tensor_value) : std::nullopt;
  if (const auto digest = value_.find("sha256")) read_digest(*digest);
  if (!file || !name) return;
  source_.file = *file;
  source_.tensor = *name;
  const FoundFile& found = context_.find(*file);
  if (const auto* problem = std::get_if<PathProblem>(&found)) {
    context_.error(content, problem->label, problem->fact,
                   "a file below the suite's root, relative to the case file");
    return;
  }
  const base::Result<tensor::SafetensorsIndex>& index =
      context_.stored_file(std::get<std::filesystem::path>(found));
  if (!index.ok()) {
    context_.error(content, "SRC-FILE", index.error(), "a safetensors file");
    return;
  }
  take_stored_type(*tensor_value, index.value());
}

void SourceReader::take_stored_type(const JsonValue& at, const tensor::SafetensorsIndex& index) {
  const auto entry = index.entries.find(source_.tensor);
  if (entry == index.entries.end()) {
    std::vector<std::string> names;
    for (const auto& [key, unused] : index.entries) names.push_back(key);
    context_.error(at, "SRC-TENSOR",
                   fmt::format("\"{}\" has no tensor \"{}\"", shortened(source_.file),
                               shortened(source_.tensor)),
                   "the name of a tensor in the file", did_you_mean(source_.tensor, names));
    return;
  }
  const std::int64_t count = *tensor::element_count(entry->second.shape);
  if (count == 0 || count > graph::kMaxElements) {
    context_.error(at, "SRC-SIZE", fmt::format("the stored tensor has {} elements", count),
                   fmt::format("1 to {} elements", graph::kMaxElements));
  }
  const DType stored = entry->second.dtype;
  const DType wanted = value_.find("dtype") ? dtype() : stored;
  // Codes of 4 bits are stored in bytes.
  const bool codes = (wanted == DType::kS4 && stored == DType::kS8) ||
                     (wanted == DType::kU4 && stored == DType::kU8);
  if (wanted != stored && !codes) {
    context_.error(*value_.find("dtype"), "SRC-DTYPE",
                   fmt::format("{}, but the stored tensor is {}", numerics::name(wanted),
                               numerics::name(stored)),
                   "the stored dtype", "insert a convert node");
  }
  source_.type = {wanted, entry->second.shape};
}

void SourceReader::read_digest(const JsonValue& value) {
  const auto text = context_.string(value);
  if (!text) return;
  const bool good = text->size() == 64 && std::all_of(text->begin(), text->end(), [](char c) {
                      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                    });
  if (!good) {
    context_.error(value, "CASE-VALUE", fmt::format("the checksum \"{}\"", shortened(*text)),
                   "64 lower-case hex digits");
  }
  source_.sha256 = *text;
}

std::optional<std::string> SourceReader::number_of(const char* key) {
  const auto value = value_.find(key);
  if (!value) return std::nullopt;
  if (is_number(*value)) return std::string(value->text());
  refuse_number(*value);
  return std::nullopt;
}

std::optional<std::int64_t> SourceReader::integer_of(const char* key) {
  constexpr std::int64_t kLargest = std::int64_t{1} << 53;
  const auto value = context_.require(value_, key, "the source");
  return value ? context_.integer(*value, -kLargest, kLargest) : std::nullopt;
}

void SourceReader::read_iota(const JsonValue& content) {
  const bool shaped = read_shape(true);
  const auto axis = context_.integer(content);
  if (!shaped || !axis) return;
  const auto rank = static_cast<std::int64_t>(source_.type.shape.size());
  if (*axis < 0 || *axis >= rank) {
    context_.error(content, "SRC-SHAPE", fmt::format("axis {} of {} axes", *axis, rank),
                   "an axis of the shape, counted from 0");
    return;
  }
  source_.axis = *axis;
  if (const auto start = number_of("start")) source_.start = to_f64(*start);
  if (const auto step = number_of("step")) source_.step = to_f64(*step);
  if (numerics::is_float(dtype())) return;
  const double last =
      source_.start +
      source_.step * static_cast<double>(source_.type.shape[static_cast<std::size_t>(*axis)] - 1);
  const auto fits = [&](double v) {
    constexpr double kExact = 9007199254740992.0;
    return v == std::trunc(v) && std::fabs(v) <= kExact &&
           v >= static_cast<double>(numerics::integer_min(dtype())) &&
           v <= static_cast<double>(numerics::integer_max(dtype()));
  };
  if (!fits(source_.start) || !fits(last) || source_.step != std::trunc(source_.step)) {
    context_.error(content, "SRC-RANGE",
                   fmt::format("from {} to {} by {} as {}", source_.start, last, source_.step,
                               numerics::name(dtype())),
                   "integers in the dtype's range");
  }
}

void SourceReader::read_random(const JsonValue& content) {
  read_shape(true);
  const auto seed = context_.require(value_, "seed", "the source");
  if (seed) source_.seed = context_.seed(*seed).value_or(0);
  const auto form = context_.choice(content, {"uniform", "normal", "integers"});
  if (!form) return;
  source_.random = static_cast<Random>(*form);
  if (source_.random == Random::kIntegers) {
    read_integer_range(content);
  } else if (!numerics::is_float(dtype())) {
    context_.error(content, "SRC-DTYPE",
                   fmt::format("{} numbers as {}", content.text(), numerics::name(dtype())),
                   "a float dtype, or \"random\": \"integers\"");
  }
  if (source_.random == Random::kUniform) {
    if (const auto low = number_of("low")) source_.low = to_f32(*low);
    if (const auto high = number_of("high")) source_.high = to_f32(*high);
  }
  if (source_.random == Random::kNormal) refuse_keys({"low", "high"}, "normal numbers");
  if (!numerics::is_float(dtype())) {
    refuse_keys({"scale", "shift"}, "an integer dtype");
  } else {
    if (const auto scale = number_of("scale")) source_.scale = to_f32(*scale);
    if (const auto shift = number_of("shift")) source_.shift = to_f32(*shift);
  }
}

void SourceReader::refuse_keys(const std::vector<std::string>& keys, const char* what) {
  for (const std::string& key : keys) {
    const auto member = value_.find_member(key);
    if (!member) continue;
    context_.error(member->key, "CASE-KEY", fmt::format("\"{}\" with {}", key, what),
                   "only keys that have a meaning");
  }
}

void SourceReader::read_integer_range(const JsonValue& content) {
  const auto low = integer_of("low");
  const auto high = integer_of("high");
  if (!low || !high) return;
  source_.low = static_cast<double>(*low);
  source_.high = static_cast<double>(*high);
  constexpr std::int64_t kMostValues = std::int64_t{1} << 32;
  if (*low > *high || *high - *low >= kMostValues) {
    context_.error(content, "SRC-RANGE", fmt::format("integers from {} to {}", *low, *high),
                   "low <= high, at most 2^32 values");
  } else if (!numerics::is_float(dtype()) &&
             (*low < numerics::integer_min(dtype()) || *high > numerics::integer_max(dtype()))) {
    context_.error(
        content, "SRC-RANGE",
        fmt::format("integers from {} to {} as {}", *low, *high, numerics::name(dtype())),
        fmt::format("from {} to {}", numerics::integer_min(dtype()),
                    numerics::integer_max(dtype())));
  }
}

void SourceReader::read_steps(const JsonValue& content, Steps steps) {
  if (steps == Steps::kRefused) {
    context_.error(value_, "SRC-FORM", "\"steps\" in a source that serves every step",
                   "steps only in inputs and run.cotangents, and not inside steps");
    return;
  }
  if (!context_.expect_kind(content, JsonKind::kArray)) return;
  if (content.size() == 0) {
    context_.error(content, "SRC-FORM", "no step", "one source per step");
    return;
  }
  for (const JsonValue& item : content.items()) {
    if (context_.full()) return;
    std::optional<TensorSource> source = read_source(context_, item, Steps::kRefused);
    if (!source) continue;
    if (!source_.steps.empty() && source->type != source_.steps.front().type) {
      context_.error(item, "SRC-SHAPE",
                     fmt::format("{} {} after {} {}", tensor::to_string(source->type.shape),
                                 numerics::name(source->type.dtype),
                                 tensor::to_string(source_.steps.front().type.shape),
                                 numerics::name(source_.steps.front().type.dtype)),
                     "one shape and dtype for every step");
    }
    source_.steps.push_back(std::move(*source));
  }
  if (!source_.steps.empty()) source_.type = source_.steps.front().type;
}

}  // namespace mxcheck::casefile
