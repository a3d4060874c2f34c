// Reading tensor sources: one form each, checked so that materialize() cannot fail (SRC-*).
#include "sim/casefile/source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "sim/casefile/number.h"
#include "sim/graph/infer.h"
#include "sim/tensor/safetensors.h"

namespace mxcheck::casefile {
namespace {

using numerics::DType;
using Kind = TensorSource::Kind;
using Random = TensorSource::Random;
using tensor::Shape;

struct Form {
  const char* key;
  Kind kind;
  std::vector<std::string> keys;
};

const std::vector<Form>& forms() {
  static const std::vector<Form> table{
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

// Reads the parts of one source; every method reports what it refuses.
class SourceReader {
 public:
  SourceReader(Context& context, const JsonValue& value) : context_(context), value_(value) {}

  std::optional<TensorSource> read(Steps steps) {
    if (!context_.expect_kind(value_, JsonKind::kObject)) return std::nullopt;
    const Form* form = find_form();
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

 private:
  [[nodiscard]] DType dtype() const { return source_.type.dtype; }

  const Form* find_form() {
    const Form* found = nullptr;
    std::vector<std::string> names;
    for (const Form& form : forms()) names.emplace_back(form.key);
    for (const Form& form : forms()) {
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

  void read_dtype() {
    const auto value = value_.find("dtype");
    if (!value) return;
    const std::vector<std::string> names = source_dtypes();
    const auto index = context_.choice(*value, names, "SRC-DTYPE");
    if (index) source_.type.dtype = *numerics::dtype_from_name(names[*index]);
  }

  // Sets the shape; false if there is none or it is refused.
  bool read_shape(bool required) {
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

  [[nodiscard]] bool is_number(const JsonValue& value) const {
    return value.is(JsonKind::kNumber) ||
           (value.is(JsonKind::kString) && is_number_string(value.text()));
  }

  void refuse_number(const JsonValue& value) {
    const bool text = value.is(JsonKind::kString);
    context_.error(value, text ? "CASE-VALUE" : "CASE-TYPE",
                   text ? fmt::format("\"{}\"", shortened(value.text()))
                        : fmt::format("found {}", base::name(value.kind())),
                   "a number, or one of the strings \"nan\", \"inf\", \"-inf\", \"-0\" or a hex "
                   "float like \"-0x1.8p-3\"");
  }

  void check_element(const JsonValue& value) {
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

  void check_bits(const JsonValue& value) {
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

  // Collects the leaves of a nested list; `found` becomes its shape.
  bool flatten(const JsonValue& list, std::size_t depth, Shape& found) {
    if (found.size() == depth) found.push_back(static_cast<std::int64_t>(list.size()));
    const bool regular = found[depth] == static_cast<std::int64_t>(list.size());
    bool leaves = false;
    for (const JsonValue& item : list.items()) {
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

  bool ragged(const JsonValue& at) {
    context_.error(at, "SRC-SHAPE", "the nested list is ragged", "rows of equal length and depth");
    return false;
  }

  void read_list(const JsonValue& content) {
    if (!context_.expect_kind(content, JsonKind::kArray)) return;
    const bool stated = value_.find("shape").has_value();
    if (stated && !read_shape(true)) return;
    source_.numbers.reserve(content.size());
    Shape found;
    if (!flatten(content, 0, found)) return;
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

  void read_file(const JsonValue& content) {
    const auto file = context_.string(content);
    const auto tensor_value = context_.require(value_, "tensor", "the source");
    const auto name = tensor_value ? context_.string(*tensor_value) : std::nullopt;
    if (const auto digest = value_.find("sha256")) read_digest(*digest);
    if (!file || !name) return;
    source_.file = *file;
    source_.tensor = *name;
    const auto found = find_file(context_.file(), context_.root(), *file);
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

  void take_stored_type(const JsonValue& at, const tensor::SafetensorsIndex& index) {
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

  void read_digest(const JsonValue& value) {
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

  // A number of the source, as its text; nullopt if the key is absent or refused.
  std::optional<std::string> number_of(const char* key) {
    const auto value = value_.find(key);
    if (!value) return std::nullopt;
    if (is_number(*value)) return std::string(value->text());
    refuse_number(*value);
    return std::nullopt;
  }

  // An integer that a double holds exactly.
  std::optional<std::int64_t> integer_of(const char* key) {
    constexpr std::int64_t kLargest = std::int64_t{1} << 53;
    const auto value = context_.require(value_, key, "the source");
    return value ? context_.integer(*value, -kLargest, kLargest) : std::nullopt;
  }

  void read_iota(const JsonValue& content) {
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

  void read_random(const JsonValue& content) {
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

  void refuse_keys(const std::vector<std::string>& keys, const char* what) {
    for (const std::string& key : keys) {
      const auto member = value_.find_member(key);
      if (!member) continue;
      context_.error(member->key, "CASE-KEY", fmt::format("\"{}\" with {}", key, what),
                     "only keys that have a meaning");
    }
  }

  void read_integer_range(const JsonValue& content) {
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

  void read_steps(const JsonValue& content, Steps steps) {
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

  Context& context_;
  JsonValue value_;
  TensorSource source_;
};

}  // namespace

std::optional<TensorSource> read_source(Context& context, const JsonValue& value, Steps steps) {
  return SourceReader(context, value).read(steps);
}

}  // namespace mxcheck::casefile
