// The reader of one tensor source, form by form. Internal to this folder: source.cpp has what every
// form shares and the literal forms, source_forms.cpp the others.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/casefile/source.h"
#include "sim/tensor/safetensors.h"

namespace mxcheck::casefile {

struct SourceForm {
  const char* key;
  TensorSource::Kind kind;
  std::vector<std::string> keys;  // all it may have
};

// Every method reports what it refuses.
class SourceReader {
 public:
  SourceReader(Context& context, const JsonValue& value) : context_(context), value_(value) {}

  std::optional<TensorSource> read(Steps steps);

 private:
  [[nodiscard]] numerics::DType dtype() const { return source_.type.dtype; }
  std::optional<TensorSource> too_many();
  const SourceForm* find_form();
  void read_dtype();
  // Sets the shape; false if there is none or it is refused.
  bool read_shape(bool required);
  [[nodiscard]] bool is_number(const JsonValue& value) const;
  void refuse_number(const JsonValue& value);
  void check_element(const JsonValue& value);
  void check_bits(const JsonValue& value);
  // Collects the leaves of a nested list; `found` becomes its shape.
  bool flatten(const JsonValue& list, std::size_t depth, tensor::Shape& found);
  bool ragged(const JsonValue& at);
  void read_list(const JsonValue& content);
  void read_file(const JsonValue& content);
  void take_stored_type(const JsonValue& at, const tensor::SafetensorsIndex& index);
  void read_digest(const JsonValue& value);
  // A number of the source, as its text; nullopt if the key is absent or refused.
  std::optional<std::string> number_of(const char* key);
  // An integer that a double holds exactly.
  std::optional<std::int64_t> integer_of(const char* key);
  void read_iota(const JsonValue& content);
  void read_random(const JsonValue& content);
  void refuse_keys(const std::vector<std::string>& keys, const char* what);
  void read_integer_range(const JsonValue& content);
  void read_steps(const JsonValue& content, Steps steps);

  Context& context_;
  JsonValue value_;
  TensorSource source_;
};

}  // namespace mxcheck::casefile
