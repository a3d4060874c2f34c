// The tensors of a case, made when they are needed: sources, stored files with their checksums, and
// expected values. Labels: SRC-FILE, SRC-PATH, SRC-TENSOR, SRC-CHECKSUM, SRC-SHAPE, SRC-RANGE,
// GOLD-MISSING, GOLD-FORMAT.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/base/digest.h"
#include "sim/base/file.h"
#include "sim/casefile/case.h"
#include "sim/casefile/data_digest.h"
#include "sim/casefile/source.h"
#include "sim/tensor/safetensors.h"

namespace mxcheck::casefile {
namespace {

using numerics::DType;
using tensor::Tensor;

struct Stored {
  tensor::SafetensorsFile file;
  std::string digest;  // made when a source asks for it
};

// Makes tensors of sources; every file is read once.
class Materializer {
 public:
  Materializer(const Case& c, base::Diagnostics& diagnostics) : c_(c), diagnostics_(diagnostics) {}

  void fail(const Position& position, const std::string& pointer, const std::string& label,
            const std::string& fact, const std::string& expectation) {
    good_ = false;
    base::Diagnostic d;
    d.file = c_.file.string();
    d.line = position.line;
    d.column = position.column;
    d.pointer = pointer;
    d.label = label;
    d.fact = fact;
    d.expectation = expectation;
    diagnostics_.push_back(std::move(d));
  }
  [[nodiscard]] bool good() const { return good_; }

  Tensor make(const TensorSource& source) {
    if (source.kind == TensorSource::Kind::kFile) return from_file(source);
    return materialize(source);
  }

  Tensor at_step(const TensorSource& source, std::size_t step) {
    if (source.kind != TensorSource::Kind::kSteps) return make(source);
    return make(source.steps[std::min(step, source.steps.size() - 1)]);
  }

 private:
  Tensor refuse(const TensorSource& source, const char* label, const std::string& fact,
                const std::string& expectation) {
    fail(source.position, source.pointer, label, fact, expectation);
    return Tensor(source.type.dtype, source.type.shape);
  }

  Tensor from_file(const TensorSource& source) {
    const auto found = find_file(c_.file, c_.root, source.file);
    if (const auto* problem = std::get_if<PathProblem>(&found)) {
      return refuse(source, problem->label, problem->fact, "a file below the suite's root");
    }
    const std::filesystem::path& path = std::get<std::filesystem::path>(found);
    auto known = files_.find(path);
    if (known == files_.end()) {
      const base::Result<std::string> data = base::read_file(path, kMostSourceBytes);
      if (!data.ok()) return refuse(source, "SRC-FILE", data.error(), "a readable file");
      base::Result<tensor::SafetensorsFile> file = tensor::parse_safetensors(data.value());
      if (!file.ok()) return refuse(source, "SRC-FILE", file.error(), "a safetensors file");
      known = files_.emplace(path, Stored{std::move(file).value(), ""}).first;
      if (!source.sha256.empty()) known->second.digest = base::sha256_hex(data.value());
    }
    return take(source, path, known->second);
  }

  Tensor take(const TensorSource& source, const std::filesystem::path& path, Stored& stored) {
    if (!source.sha256.empty() && stored.digest.empty()) {
      const base::Result<std::string> data = base::read_file(path, kMostSourceBytes);
      if (data.ok()) stored.digest = base::sha256_hex(data.value());
    }
    if (!source.sha256.empty() && stored.digest != source.sha256) {
      return refuse(source, "SRC-CHECKSUM",
                    fmt::format("\"{}\" has the SHA-256 {}", source.file, stored.digest),
                    source.sha256);
    }
    const auto tensor = stored.file.tensors.find(source.tensor);
    if (tensor == stored.file.tensors.end()) {
      return refuse(source, "SRC-TENSOR",
                    fmt::format("\"{}\" has no tensor \"{}\"", source.file, source.tensor),
                    "the name of a tensor in the file");
    }
    return as_declared(source, tensor->second);
  }

  Tensor as_declared(const TensorSource& source, const Tensor& stored) {
    const DType wanted = source.type.dtype;
    const bool codes = (wanted == DType::kS4 && stored.dtype() == DType::kS8) ||
                       (wanted == DType::kU4 && stored.dtype() == DType::kU8);
    if (stored.shape() != source.type.shape || (stored.dtype() != wanted && !codes)) {
      return refuse(source, "SRC-SHAPE",
                    fmt::format("the stored tensor is {} {}", tensor::to_string(stored.shape()),
                                numerics::name(stored.dtype())),
                    "the type it had when the case was read");
    }
    if (!codes) return stored;
    Tensor out(wanted, stored.shape());
    for (std::int64_t i = 0; i < stored.size(); ++i) {
      const std::int64_t code = stored.load_int(i);
      if (code < numerics::integer_min(wanted) || code > numerics::integer_max(wanted)) {
        return refuse(source, "SRC-RANGE", fmt::format("the stored code {}", code),
                      fmt::format("codes of {}", numerics::name(wanted)));
      }
      out.store_int(i, code);
    }
    return out;
  }

  const Case& c_;
  base::Diagnostics& diagnostics_;
  std::map<std::filesystem::path, Stored> files_;
  bool good_ = true;
};

void load_golden(const Case& c, Materializer& materializer, Expected& expected) {
  const auto fail = [&](const char* label, const std::string& fact, const char* expectation) {
    materializer.fail(c.expect.position, "/expect/golden", label, fact, expectation);
  };
  const auto found = find_file(c.file, c.root, c.expect.golden);
  if (const auto* problem = std::get_if<PathProblem>(&found)) {
    fail(problem->label == std::string("SRC-FILE") ? "GOLD-MISSING" : problem->label, problem->fact,
         "the recorded values, below the suite's root");
    return;
  }
  base::Result<tensor::SafetensorsFile> file =
      tensor::read_safetensors(std::get<std::filesystem::path>(found));
  if (!file.ok()) {
    fail("GOLD-FORMAT", file.error(), "a safetensors file");
    return;
  }
  tensor::SafetensorsFile golden = std::move(file).value();
  expected.values = std::move(golden.tensors);
  expected.metadata = std::move(golden.metadata);
}

}  // namespace

std::optional<graph::RunData> load_data(const Case& c, base::Diagnostics& diagnostics) {
  Materializer materializer(c, diagnostics);
  graph::RunData data;
  for (const TensorSource& source : c.params) data.params.push_back(materializer.make(source));
  for (const auto& [name, source] : c.quant_stats) {
    data.quant_stats.emplace(name, materializer.make(source));
  }
  const auto steps = static_cast<std::size_t>(c.run.steps);
  for (std::size_t step = 0; step < steps && materializer.good(); ++step) {
    graph::StepData& out = data.steps.emplace_back();
    const auto make = [&](const TensorSource& source, const Tensor* before) {
      // A plain source serves every step: its tensor is shared.
      const bool shared = before != nullptr && source.kind != TensorSource::Kind::kSteps;
      return shared ? *before : materializer.at_step(source, step);
    };
    const graph::StepData* first = step > 0 ? &data.steps.front() : nullptr;
    for (std::size_t i = 0; i < c.inputs.size(); ++i) {
      out.inputs.push_back(make(c.inputs[i], first != nullptr ? &first->inputs[i] : nullptr));
    }
    for (const auto& [value, source] : c.cotangents) {
      out.cotangents.emplace(
          value, make(source, first != nullptr ? &first->cotangents.at(value) : nullptr));
    }
  }
  if (!materializer.good()) return std::nullopt;
  return data;
}

std::optional<Expected> load_expected(const Case& c, base::Diagnostics& diagnostics) {
  Materializer materializer(c, diagnostics);
  Expected expected;
  if (!c.expect.golden.empty()) load_golden(c, materializer, expected);
  for (const auto& [name, source] : c.expect.values) {
    expected.values.insert_or_assign(name, materializer.make(source));
  }
  if (!materializer.good()) return std::nullopt;
  return expected;
}

}  // namespace mxcheck::casefile
