// The library's public types from and to those of the folders below. Internal to this folder.
// Labels: API-ARRAY, API-OPTION.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mxcheck/mxcheck.h"
#include "reports/model.h"
#include "sim/base/diagnostic.h"
#include "sim/exec/engine.h"
#include "sim/mxu/profile.h"
#include "sim/tensor/tensor.h"

namespace mxcheck::api {

[[nodiscard]] Diagnostics to_public(const base::Diagnostics& diagnostics);
[[nodiscard]] CaseResult to_public(const reports::CaseResult& result);
[[nodiscard]] Array to_public(const tensor::Tensor& value);

// nullopt after a report (API-ARRAY) of an unknown dtype, a shape that is none, bytes that are too
// few or too many, or elements outside of a sub-byte type or pred. `what` names the array.
[[nodiscard]] std::optional<tensor::Tensor> to_tensor(const Array& array, const std::string& what,
                                                      Diagnostics& diagnostics);

// Reports that option `name` cannot be meant, or that array `name` is not what it must be.
void refuse_option(const std::string& name, const std::string& fact, Diagnostics& diagnostics);
void refuse_array(const std::string& name, const std::string& fact, const std::string& expectation,
                  Diagnostics& diagnostics);
// A preset, FILE.json, or a profile as JSON text; nullopt after a report of everything wrong with
// it.
[[nodiscard]] std::optional<mxu::Profile> read_hardware(const std::string& text,
                                                        Diagnostics& diagnostics);
[[nodiscard]] exec::Level to_internal(Level level);

// What a call reports that the environment or a bug has ended.
[[nodiscard]] Diagnostic failure(const std::string& what);

}  // namespace mxcheck::api
