// The native half of the Python package: the library's structs and functions as they are, arrays as
// numpy arrays. package/__init__.py gives them keyword arguments and exceptions.
#include <pybind11/functional.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>

#include "sim/python/arrays.h"

namespace py = pybind11;

namespace mxcheck::python {
namespace {

// Runs without the interpreter's lock. A signal (Ctrl-C) or an exception of `finished` stops the
// run after the cases that are on their way, and is raised then.
Results run_released(Options& options, const py::object& finished) {
  std::atomic<bool> stop = false;
  std::optional<py::error_already_set> raised;
  options.stop = &stop;
  options.finished = [&](const CaseResult& c) {
    const py::gil_scoped_acquire lock;
    if (raised) return;
    try {
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
      if (!finished.is_none()) finished(py::cast(c));
    } catch (py::error_already_set& error) {
      raised.emplace(std::move(error));
      stop = true;
    }
  };
  Results out;
  {
    const py::gil_scoped_release unlocked;
    out = mxcheck::run(options);
  }
  options.stop = nullptr;
  options.finished = {};
  if (raised) throw py::error_already_set(std::move(*raised));
  return out;
}

// name -> (array, name of its dtype)
py::dict values_of(const CaseResult& c) {
  py::dict out;
  for (const auto& [name, value] : c.values) out[py::str(name)] = to_numpy(value);
  return out;
}

std::map<std::string, std::string> dtypes_of(const CaseResult& c) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : c.values) out.emplace(name, value.dtype);
  return out;
}

void add_diagnostics(py::module_& m) {
  py::enum_<Severity>(m, "Severity")
      .value("ERROR", Severity::kError)
      .value("WARNING", Severity::kWarning)
      .value("NOTE", Severity::kNote);
  py::class_<Diagnostic>(m, "Diagnostic", "One problem, with its place and the label of its rule.")
      .def_readonly("severity", &Diagnostic::severity)
      .def_readonly("file", &Diagnostic::file)
      .def_readonly("line", &Diagnostic::line)
      .def_readonly("column", &Diagnostic::column)
      .def_readonly("pointer", &Diagnostic::pointer)
      .def_readonly("label", &Diagnostic::label)
      .def_readonly("fact", &Diagnostic::fact)
      .def_readonly("expectation", &Diagnostic::expectation)
      .def_readonly("hint", &Diagnostic::hint)
      .def("__str__", [](const Diagnostic& d) { return to_string(d); });
}

void add_results(py::module_& m) {
  py::class_<Mismatch>(m, "Mismatch")
      .def_readonly("index", &Mismatch::index)
      .def_readonly("ours", &Mismatch::ours)
      .def_readonly("ours_bits", &Mismatch::ours_bits)
      .def_readonly("theirs", &Mismatch::theirs)
      .def_readonly("theirs_bits", &Mismatch::theirs_bits);
  py::class_<Finding>(m, "Finding", "A tensor that is not as it should be.")
      .def_readonly("name", &Finding::name)
      .def_readonly("cls", &Finding::cls)
      .def_readonly("formula", &Finding::formula)
      .def_readonly("problem", &Finding::problem)
      .def_readonly("differ", &Finding::differ)
      .def_readonly("total", &Finding::total)
      .def_readonly("worst_fraction", &Finding::worst_fraction)
      .def_readonly("first", &Finding::first)
      .def_readonly("rule", &Finding::rule)
      .def_readonly("explanation", &Finding::explanation)
      .def_readonly("judged", &Finding::judged);
  py::class_<CheckResult>(m, "CheckResult")
      .def_readonly("check", &CheckResult::check)
      .def_readonly("mode", &CheckResult::mode)
      .def_property_readonly("status", [](const CheckResult& c) { return name(c.status); })
      .def_readonly("reason", &CheckResult::reason)
      .def_readonly("tensors", &CheckResult::tensors)
      .def_readonly("elements", &CheckResult::elements)
      .def_readonly("exact", &CheckResult::exact)
      .def_readonly("bound", &CheckResult::bound)
      .def_readonly("equal", &CheckResult::equal)
      .def_readonly("worst_fraction", &CheckResult::worst_fraction)
      .def_readonly("findings", &CheckResult::findings);
  py::class_<CaseResult>(m, "CaseResult")
      .def_readonly("id", &CaseResult::id)
      .def_readonly("file", &CaseResult::file)
      .def_readonly("line", &CaseResult::line)
      .def_readonly("title", &CaseResult::title)
      .def_readonly("tags", &CaseResult::tags)
      .def_readonly("policy", &CaseResult::policy)
      .def_readonly("hardware", &CaseResult::hardware)
      .def_readonly("mode", &CaseResult::mode)
      .def_property_readonly("status", [](const CaseResult& c) { return name(c.status); })
      .def_readonly("reason", &CaseResult::reason)
      .def_readonly("checks", &CaseResult::checks)
      .def_readonly("notes", &CaseResult::notes)
      .def_readonly("milliseconds", &CaseResult::milliseconds)
      .def_property_readonly("values", &values_of, "New numpy arrays by golden name.")
      .def_property_readonly("dtypes", &dtypes_of, "The dtype of each of the values.");
  py::class_<Results>(m, "Results")
      .def_readonly("cases", &Results::cases)
      .def_readonly("diagnostics", &Results::diagnostics)
      .def_readonly("passed", &Results::passed)
      .def_readonly("failed", &Results::failed)
      .def_readonly("skipped", &Results::skipped)
      .def_readonly("incomplete", &Results::incomplete)
      .def_readonly("report", &Results::report)
      .def_property_readonly("good", &Results::good);
}

void add_run(py::module_& m) {
  py::enum_<Level>(m, "Level")
      .value("auto", Level::kAuto)
      .value("functional", Level::kFunctional)
      .value("cycle", Level::kCycle)
      .value("fast", Level::kFast);
  py::enum_<Wanted>(m, "Wanted")
      .value("nothing", Wanted::kNothing)
      .value("end_to_end", Wanted::kEndToEnd)
      .value("isolated", Wanted::kIsolated);
  py::enum_<Report>(m, "Report").value("none", Report::kNone).value("json", Report::kJson);
  py::class_<CaseText>(m, "CaseText")
      .def(py::init([](std::string id, std::string json, std::string folder) {
        return CaseText{std::move(id), std::move(json), std::move(folder)};
      }));
  py::class_<Options>(m, "Options")
      .def(py::init<>())
      .def_readwrite("paths", &Options::paths)
      .def_readwrite("texts", &Options::texts)
      .def_readwrite("keyword", &Options::keyword)
      .def_readwrite("tags", &Options::tags)
      .def_readwrite("ops", &Options::ops)
      .def_readwrite("ids", &Options::ids)
      .def_readwrite("checks", &Options::checks)
      .def_readwrite("shard_index", &Options::shard_index)
      .def_readwrite("shard_count", &Options::shard_count)
      .def_readwrite("policy", &Options::policy)
      .def_readwrite("hardware", &Options::hardware)
      .def_readwrite("level", &Options::level)
      .def_readwrite("isa", &Options::isa)
      .def_readwrite("seed", &Options::seed)
      .def_readwrite("jobs", &Options::jobs)
      .def_readwrite("max_failures", &Options::max_failures)
      .def_readwrite("values", &Options::values)
      .def_readwrite("report", &Options::report);
  m.def("run", &run_released);
}

void add_operations(py::module_& m) {
  py::class_<Product>(m, "Product")
      .def(py::init<>())
      .def("set_lhs", [](Product& p, const py::object& x,
                         const std::string& dtype) { p.lhs = from_numpy(x, dtype); })
      .def("set_rhs", [](Product& p, const py::object& x,
                         const std::string& dtype) { p.rhs = from_numpy(x, dtype); })
      .def("set_init", [](Product& p, const py::object& x) { p.init = from_numpy(x, "s64"); })
      .def_readwrite("hardware", &Product::hardware)
      .def_readwrite("level", &Product::level);
  py::class_<ProductResult>(m, "ProductResult")
      .def_property_readonly("status", [](const ProductResult& r) { return name(r.status); })
      .def_readonly("reason", &ProductResult::reason)
      .def_property_readonly("acc", [](const ProductResult& r) { return to_numpy(r.acc); })
      .def_readonly("cycles", &ProductResult::cycles)
      .def_readonly("partial_bits", &ProductResult::partial_bits)
      .def_readonly("acc_bits", &ProductResult::acc_bits)
      .def_readonly("diagnostics", &ProductResult::diagnostics);
  py::class_<Quantize>(m, "Quantize")
      .def(py::init<>())
      .def("set_x", [](Quantize& q, const py::object& x,
                       const std::string& dtype) { q.x = from_numpy(x, dtype); })
      .def_readwrite("qtype", &Quantize::qtype)
      .def_readwrite("method", &Quantize::method)
      .def_readwrite("channelwise", &Quantize::channelwise)
      .def_readwrite("tiles", &Quantize::tiles)
      .def_readwrite("policy", &Quantize::policy);
  py::class_<QuantizeResult>(m, "QuantizeResult")
      .def_property_readonly("qvalue", [](const QuantizeResult& r) { return to_numpy(r.qvalue); })
      .def_property_readonly("qvalue_dtype", [](const QuantizeResult& r) { return r.qvalue.dtype; })
      .def_property_readonly("scale", [](const QuantizeResult& r) { return to_numpy(r.scale); })
      .def_property_readonly(
          "dtype", [](const QuantizeResult& r) { return r.scale.dtype; },
          "Of the array, its scale and the dequantized codes.")
      .def_property_readonly("zero_point",
                             [](const QuantizeResult& r) -> py::object {
                               if (!r.zero_point) return py::none();
                               return to_numpy(*r.zero_point);
                             })
      .def_property_readonly("dequantized",
                             [](const QuantizeResult& r) { return to_numpy(r.dequantized); })
      .def_readonly("diagnostics", &QuantizeResult::diagnostics);
  m.def("multiply", &mxcheck::multiply, py::call_guard<py::gil_scoped_release>());
  m.def("quantize", &mxcheck::quantize, py::call_guard<py::gil_scoped_release>());
}

}  // namespace
}  // namespace mxcheck::python

PYBIND11_MODULE(_native, m) {
  mxcheck::python::add_diagnostics(m);
  mxcheck::python::add_results(m);
  mxcheck::python::add_run(m);
  mxcheck::python::add_operations(m);
  m.attr("__version__") = mxcheck::version();
  m.def("commit", &mxcheck::commit);
}
