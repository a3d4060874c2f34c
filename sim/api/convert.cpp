// Field by field: a change below must not change the public types by accident.
#include "sim/api/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "sim/base/text.h"
#include "sim/suite/option_text.h"

namespace mxcheck {

bool has_errors(const Diagnostics& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& d) { return d.severity == Severity::kError; });
}

std::string to_string(const Diagnostic& d) {
  base::Diagnostic inner;
  inner.severity = static_cast<base::Severity>(d.severity);
  inner.file = d.file, inner.line = d.line, inner.column = d.column;
  inner.pointer = d.pointer, inner.label = d.label, inner.fact = d.fact;
  inner.expectation = d.expectation, inner.hint = d.hint;
  return base::format(inner);
}

std::size_t element_width(const std::string& dtype) {
  const auto found = numerics::dtype_from_name(dtype);
  return found ? static_cast<std::size_t>(numerics::byte_width(*found)) : 0;
}

const char* name(Status status) { return reports::name(static_cast<reports::Status>(status)); }

}  // namespace mxcheck

namespace mxcheck::api {
namespace {

static_assert(static_cast<int>(Severity::kNote) == static_cast<int>(base::Severity::kNote));
static_assert(static_cast<int>(Status::kSuiteError) ==
              static_cast<int>(reports::Status::kSuiteError));

Diagnostic to_public(const base::Diagnostic& d) {
  Diagnostic out;
  out.severity = static_cast<Severity>(d.severity);
  out.file = d.file, out.line = d.line, out.column = d.column;
  out.pointer = d.pointer, out.label = d.label, out.fact = d.fact;
  out.expectation = d.expectation, out.hint = d.hint;
  return out;
}

Finding to_public(const reports::Finding& f) {
  Finding out;
  out.name = f.name;
  out.cls = reports::name(f.cls);
  out.formula = f.formula, out.problem = f.problem;
  out.differ = f.differ, out.total = f.total;
  out.worst_fraction = f.worst_fraction;
  if (!f.mismatches.empty()) {
    const reports::Mismatch& m = f.mismatches.front();
    out.first = Mismatch{m.index, m.ours, m.ours_bits, m.theirs, m.theirs_bits};
  }
  out.rule = f.rule, out.explanation = f.explanation;
  out.judged = f.judged;
  return out;
}

CheckResult to_public(const reports::CheckResult& c) {
  CheckResult out;
  out.check = c.check, out.mode = c.mode;
  out.status = static_cast<Status>(c.status);
  out.reason = c.reason;
  out.tensors = c.tensors, out.elements = c.elements;
  out.exact = c.exact, out.bound = c.bound, out.equal = c.equal;
  out.worst_fraction = c.worst_fraction;
  for (const reports::Finding& finding : c.findings) out.findings.push_back(to_public(finding));
  return out;
}

// The range of elements whose byte has patterns of no value; nullopt where every pattern is one.
std::optional<std::pair<std::int64_t, std::int64_t>> narrow_range(tensor::DType dtype) {
  switch (dtype) {
    case tensor::DType::kS4:
    case tensor::DType::kU4:
    case tensor::DType::kPred:
      return std::pair{numerics::integer_min(dtype), numerics::integer_max(dtype)};
    case tensor::DType::kF4E2M1FN:
      return std::pair{std::int64_t{0}, std::int64_t{15}};
    default:
      return std::nullopt;
  }
}

// The first element outside of its dtype; -1 if there is none.
std::int64_t first_outside(const tensor::Tensor& value) {
  const auto range = narrow_range(value.dtype());
  if (!range) return -1;
  for (std::int64_t i = 0; i < value.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(value.bytes()[static_cast<std::size_t>(i)]);
    const std::int64_t element = value.dtype() == tensor::DType::kS4
                                     ? static_cast<std::int64_t>(static_cast<std::int8_t>(byte))
                                     : static_cast<std::int64_t>(byte);
    if (element < range->first || element > range->second) return i;
  }
  return -1;
}

}  // namespace

Diagnostics to_public(const base::Diagnostics& diagnostics) {
  Diagnostics out;
  out.reserve(diagnostics.size());
  for (const base::Diagnostic& d : diagnostics) out.push_back(to_public(d));
  return out;
}

CaseResult to_public(const reports::CaseResult& r) {
  CaseResult out;
  out.id = r.id, out.file = r.file, out.title = r.title, out.line = r.line;
  out.tags = r.tags;
  out.policy = r.policy, out.hardware = r.hardware, out.mode = r.mode;
  out.status = static_cast<Status>(r.status);
  out.reason = r.reason;
  for (const reports::CheckResult& check : r.checks) out.checks.push_back(to_public(check));
  out.notes = r.notes;
  out.milliseconds = r.milliseconds;
  return out;
}

Array to_public(const tensor::Tensor& value) {
  const std::span<const std::byte> bytes = value.bytes();
  return {numerics::name(value.dtype()), value.shape(), {bytes.begin(), bytes.end()}};
}

std::optional<tensor::Tensor> to_tensor(const Array& array, const std::string& what,
                                        Diagnostics& diagnostics) {
  const std::optional<tensor::DType> dtype = numerics::dtype_from_name(array.dtype);
  if (!dtype) {
    refuse_array(what, fmt::format("there is no dtype \"{}\"", base::printable(array.dtype)),
                 "one of: " + base::join(numerics::dtype_names(), ", "), diagnostics);
    return std::nullopt;
  }
  const std::optional<std::int64_t> count = tensor::element_count(array.shape);
  if (!count) {
    refuse_array(what, "its shape " + tensor::to_string(array.shape) + " is none",
                 "dimensions of 0 or more, 2^40 elements at most", diagnostics);
    return std::nullopt;
  }
  const std::uint64_t bytes =
      static_cast<std::uint64_t>(*count) * static_cast<std::uint64_t>(numerics::byte_width(*dtype));
  if (array.bytes.size() != bytes) {
    refuse_array(
        what, fmt::format("it has {} bytes", array.bytes.size()),
        fmt::format("{} of {} need {}", tensor::to_string(array.shape), array.dtype, bytes),
        diagnostics);
    return std::nullopt;
  }
  tensor::Tensor out(*dtype, array.shape);
  if (bytes > 0) std::memcpy(out.mutable_bytes().data(), array.bytes.data(), bytes);
  const std::int64_t outside = first_outside(out);
  if (outside >= 0) {
    refuse_array(what, fmt::format("element {} is no {}", outside, array.dtype),
                 fmt::format("elements in the range of {}, a byte each", array.dtype), diagnostics);
    return std::nullopt;
  }
  return out;
}

void refuse_option(const std::string& name, const std::string& fact, Diagnostics& diagnostics) {
  Diagnostic d;
  d.pointer = "/" + name;
  d.label = "API-OPTION";
  d.fact = name + ": " + fact;
  diagnostics.push_back(std::move(d));
}

void refuse_array(const std::string& name, const std::string& fact, const std::string& expectation,
                  Diagnostics& diagnostics) {
  Diagnostic d;
  d.pointer = "/" + name;
  d.label = "API-ARRAY";
  d.fact = name + ": " + fact;
  d.expectation = expectation;
  diagnostics.push_back(std::move(d));
}

std::optional<mxu::Profile> read_hardware(const std::string& text, Diagnostics& diagnostics) {
  if (text.starts_with("{")) {
    const mxu::ParsedProfile parsed = mxu::parse_profile(text, "<hardware>");
    const Diagnostics found = to_public(parsed.diagnostics);
    diagnostics.insert(diagnostics.end(), found.begin(), found.end());
    return parsed.profile;
  }
  base::Result<mxu::Profile> profile = suite::profile_from_text(text);
  if (profile) return std::move(profile).value();
  refuse_option("hardware", profile.error(), diagnostics);
  return std::nullopt;
}

exec::Level to_internal(Level level) {
  switch (level) {
    case Level::kAuto:
      return exec::Level::kAuto;
    case Level::kFunctional:
      return exec::Level::kFunctional;
    case Level::kCycle:
      return exec::Level::kCycle;
    case Level::kFast:
      return exec::Level::kFast;
  }
  return exec::Level::kAuto;
}

Diagnostic failure(const std::string& what) {
  Diagnostic d;
  d.label = "API-FAILED";
  d.fact = what;
  return d;
}

}  // namespace mxcheck::api
