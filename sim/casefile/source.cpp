// Tensor sources: what all forms share, and the literal ones (SRC-FORM, SRC-DTYPE, SRC-SHAPE,
// SRC-SIZE, SRC-RANGE). A source that is read can be materialized without failing.
#include "sim/casefile/source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "sim/casefile/number.h"
#include "sim/casefile/source_reader.h"
#include "sim/graph/infer.h"

namespace mxcheck::casefile {
namespace {

using numerics::DType;
using Kind = TensorSource::Kind;
using tensor::Shape;

const std::vector<SourceForm>& forms() {
  static const std::vector<SourceForm> table{
      {"values", Kind::kValues, {"values", "shape", "dtype"}},
      {"bits", Kind::kBits, {"bits", "shape", "dtype"}},
      {"file", Kind::kFile, {"file", "tensor", "sha256", "dtype"}},
      {"fill", Kind::kFill, {"fill", "shape", "dtype"}},
      {"iota", Kind::kIota, {"iota", "shape", "start", "step", "dtype"}},
      {"random",
       Kind::kRandom,
       {"random", "seed", "shape", "low", "high", "scale", "shift", "dtype"}},
      {"steps", Kind::kSteps, {"steps"}}};
  return table;
}

std::vector<std::string> source_dtypes() {
  std::vector<std::string> out = numerics::dtype_names();
  out.erase(std::remove(out.begin(), out.end(), "f4e2m1fn"), out.end());
  return out;
}

}  // namespace

std::optional<TensorSource> SourceReader::read(Steps steps) {
  if (!context_.count_source()) return too_many();
  if (!context_.expect_kind(value_, JsonKind::kObject)) return std::nullopt;
  const SourceForm* form = find_form();
  if (form == nullptr) return std::nullopt;
  const std::size_t before = context_.error_count();
  source_.kind = form->kind;
  source_.pointer = value_.pointer();
  source_.position = position_of(value_);
  context_.check_keys(value_, form->keys, fmt::format("a source of the form \"{}\"", form->key));
  read_dtype();
  const JsonValue content = *value_.find(form->key);
  switch (form->kind) {
    case Kind::kValues:
    case Kind::kBits:
      read_list(content);
      break;
    case Kind::kFile:
      read_file(content);
      break;
    case Kind::kFill:
      read_shape(true);
      check_element(content);
      break;
    case Kind::kIota:
      read_iota(content);
      break;
    case Kind::kRandom:
      read_random(content);
      break;
    case Kind::kSteps:
      read_steps(content, steps);
      break;
  }
  if (context_.error_count() != before) return std::nullopt;
  return std::move(source_);
}

std::optional<TensorSource> SourceReader::too_many() {
  context_.error(value_, "SRC-SIZE", "too many tensor sources",
                 fmt::format("at most {} in one case", kMaxSources));
  return std::nullopt;
}

const SourceForm* SourceReader::find_form() {
  const SourceForm* found = nullptr;
  std::vector<std::string> names;
  for (const SourceForm& form : forms()) names.emplace_back(form.key);
  for (const SourceForm& form : forms()) {
    if (!value_.find(form.key)) continue;
    if (found != nullptr) {
      context_.error(value_, "SRC-FORM",
                     fmt::format("a source with \"{}\" and \"{}\"", found->key, form.key),
                     fmt::format("exactly one of {}", fmt::join(names, ", ")));
      return nullptr;
    }
    found = &form;
  }
  if (found == nullptr) {
    std::string hint;
    for (const JsonMember& member : value_.members()) {
      if (hint.empty()) hint = did_you_mean(member.key.text(), names);
    }
    context_.error(value_, "SRC-FORM", "a source without data",
                   fmt::format("exactly one of {}", fmt::join(names, ", ")), hint);
  }
  return found;
}

void SourceReader::read_dtype() {
  const auto value = value_.find("dtype");
  if (!value) return;
  const std::vector<std::string> names = source_dtypes();
  const auto index = context_.choice(*value, names, "SRC-DTYPE");
  if (index) source_.type.dtype = *numerics::dtype_from_name(names[*index]);
}

bool SourceReader::read_shape(bool required) {
  const auto value = value_.find("shape");
  if (!value) {
    if (required) static_cast<void>(context_.require(value_, "shape", "the source"));
    return false;
  }
  const auto shape = context_.integers(*value);
  if (!shape) return false;
  const bool positive = std::all_of(shape->begin(), shape->end(), [](auto d) { return d > 0; });
  if (!positive || shape->size() > graph::kMaxRank) {
    context_.error(*value, "SRC-SHAPE",
                   fmt::format("the shape {}", shortened(tensor::to_string(*shape))),
                   fmt::format("at most {} positive dimensions", graph::kMaxRank));
    return false;
  }
  const std::optional<std::int64_t> count = tensor::element_count(*shape);
  if (!count || *count > graph::kMaxElements) {
    context_.error(*value, "SRC-SIZE",
                   fmt::format("the shape {} is too large", shortened(tensor::to_string(*shape))),
                   fmt::format("at most {} elements", graph::kMaxElements));
    return false;
  }
  source_.type.shape = *shape;
  return true;
}

bool SourceReader::is_number(const JsonValue& value) const {
  return value.is(JsonKind::kNumber) ||
         (value.is(JsonKind::kString) && is_number_string(value.text()));
}

void SourceReader::refuse_number(const JsonValue& value) {
  const bool text = value.is(JsonKind::kString);
  context_.error(value, text ? "CASE-VALUE" : "CASE-TYPE",
                 text ? fmt::format("\"{}\"", shortened(value.text()))
                      : fmt::format("found {}", base::name(value.kind())),
                 "a number, or one of the strings \"nan\", \"inf\", \"-inf\", \"-0\" or a hex "
                 "float like \"-0x1.8p-3\"");
}

void SourceReader::check_element(const JsonValue& value) {
  if (dtype() == DType::kPred && value.is(JsonKind::kBool)) {
    source_.numbers.emplace_back(value.boolean() ? "1" : "0");
    return;
  }
  if (!is_number(value)) return refuse_number(value);
  source_.numbers.emplace_back(value.text());
  if (numerics::is_float(dtype())) return;
  const std::optional<std::int64_t> number = to_int64(value.text());
  if (!number || *number < numerics::integer_min(dtype()) ||
      *number > numerics::integer_max(dtype())) {
    context_.error(value, "SRC-RANGE",
                   fmt::format("{} as {}", shortened(value.text()), numerics::name(dtype())),
                   fmt::format("an integer from {} to {}", numerics::integer_min(dtype()),
                               numerics::integer_max(dtype())));
  }
}

void SourceReader::check_bits(const JsonValue& value) {
  if (!context_.expect_kind(value, JsonKind::kString)) return;
  std::uint64_t bits = 0;
  const std::string_view text = value.text();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits, 16);
  const int width = 8 * numerics::byte_width(dtype());
  bool good = error == std::errc{} && end == text.data() + text.size() &&
              (width == 64 || bits >> width == 0);
  if (dtype() == DType::kS4) good = good && (bits < 16 || bits >= 0xF8);
  if (dtype() == DType::kU4) good = good && bits < 16;
  if (dtype() == DType::kPred) good = good && bits < 2;
  if (!good) {
    context_.error(value, "SRC-RANGE", fmt::format("the pattern \"{}\"", shortened(text)),
                   fmt::format("hex digits of a {}, without 0x", numerics::name(dtype())));
  }
  source_.numbers.emplace_back(text);
}

bool SourceReader::flatten(const JsonValue& list, std::size_t depth, Shape& found) {
  if (found.size() == depth) found.push_back(static_cast<std::int64_t>(list.size()));
  const bool regular = found[depth] == static_cast<std::int64_t>(list.size());
  bool leaves = false;
  for (const JsonValue& item : list.items()) {
    if (context_.full()) return false;
    const bool nested = item.is(JsonKind::kArray);
    if (!regular || (nested && leaves) || (!nested && found.size() > depth + 1)) {
      return ragged(item);
    }
    leaves = !nested;
    if (nested && !flatten(item, depth + 1, found)) return false;
    if (!nested && source_.kind == Kind::kBits) check_bits(item);
    if (!nested && source_.kind == Kind::kValues) check_element(item);
  }
  return regular || ragged(list);
}

bool SourceReader::ragged(const JsonValue& at) {
  context_.error(at, "SRC-SHAPE", "the nested list is ragged", "rows of equal length and depth");
  return false;
}

void SourceReader::read_list(const JsonValue& content) {
  if (!context_.expect_kind(content, JsonKind::kArray)) return;
  const bool stated = value_.find("shape").has_value();
  if (stated && !read_shape(true)) return;
  source_.numbers.reserve(content.size());
  const std::size_t before = context_.error_count();
  Shape found;
  if (!flatten(content, 0, found) || context_.error_count() != before) return;
  if (found.size() > graph::kMaxRank || source_.numbers.empty()) {
    context_.error(content, "SRC-SHAPE",
                   fmt::format("a list of shape {}", shortened(tensor::to_string(found))),
                   fmt::format("at least one element, at most {} axes", graph::kMaxRank));
    return;
  }
  if (!stated) {
    source_.type.shape = found;
    return;
  }
  const bool flat = found.size() == 1;
  const auto count = static_cast<std::int64_t>(source_.numbers.size());
  if (flat ? count != tensor::element_count(source_.type.shape) : found != source_.type.shape) {
    context_.error(
        content, "SRC-SHAPE",
        flat ? fmt::format("{} elements for the shape {}", count,
                           tensor::to_string(source_.type.shape))
             : fmt::format("a nested list of shape {} for the shape {}", tensor::to_string(found),
                           tensor::to_string(source_.type.shape)),
        "a list that fills the shape");
  }
}

std::optional<TensorSource> read_source(Context& context, const JsonValue& value, Steps steps) {
  return SourceReader(context, value).read(steps);
}

}  // namespace mxcheck::casefile
