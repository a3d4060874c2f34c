// The safetensors format, read as hostile input and written the same way every time.
#include "sim/tensor/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>
#include <vector>

#include "sim/base/file.h"
#include "sim/base/json.h"

namespace mxcheck::tensor {
namespace {

using base::Error;
using base::JsonKind;
using base::JsonMember;
using base::JsonValue;
using base::Result;

constexpr std::size_t kPrefix = 8;  // bytes of the header's length
constexpr std::size_t kMaxRank = 32;
constexpr std::size_t kMaxHeaderValues = 2'000'000;  // about 200,000 tensors

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t out = 0;
  for (std::size_t i = kPrefix; i-- > 0;) {
    out = (out << 8) | static_cast<unsigned char>(bytes[i]);
  }
  return out;
}

// The first dtype of the table with this name: I8 is s8, U8 is u8.
std::optional<DType> stored_dtype(std::string_view name) {
  for (const std::string& candidate : numerics::dtype_names()) {
    const DType dtype = *numerics::dtype_from_name(candidate);
    const bool sub_byte = dtype == DType::kS4 || dtype == DType::kU4 || dtype == DType::kF4E2M1FN;
    if (!sub_byte && numerics::info(dtype).safetensors == name) return dtype;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> natural(const JsonValue& value) {
  std::uint64_t out = 0;
  if (!value.is(JsonKind::kNumber)) return std::nullopt;
  const std::string_view text = value.text();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

std::optional<std::vector<std::uint64_t>> naturals(const JsonValue& value, std::size_t most) {
  if (!value.is(JsonKind::kArray) || value.size() > most) return std::nullopt;
  std::vector<std::uint64_t> out;
  for (const JsonValue& item : value.items()) {
    const std::optional<std::uint64_t> number = natural(item);
    if (!number) return std::nullopt;
    out.push_back(*number);
  }
  return out;
}

Result<SafetensorsEntry> parse_entry(const std::string& name, const JsonValue& value) {
  const auto bad = [&](const std::string& what) {
    return Error{fmt::format("tensor '{}': {}", name, what)};
  };
  const auto dtype_value = value.find("dtype");
  const auto shape_value = value.find("shape");
  const auto offsets_value = value.find("data_offsets");
  if (!dtype_value || !shape_value || !offsets_value || value.size() != 3) {
    return bad("an entry has exactly dtype, shape and data_offsets");
  }
  SafetensorsEntry entry;
  const std::optional<DType> dtype =
      dtype_value->is(JsonKind::kString) ? stored_dtype(dtype_value->text()) : std::nullopt;
  if (!dtype)
    return bad(fmt::format("unknown dtype {}", base::to_json(*dtype_value).substr(0, 40)));
  const auto shape = naturals(*shape_value, kMaxRank);
  if (!shape) return bad(fmt::format("the shape is not a list of at most {} numbers", kMaxRank));
  for (const std::uint64_t dim : *shape) {
    entry.shape.push_back(static_cast<std::int64_t>(std::min(dim, std::uint64_t{1} << 62)));
  }
  const std::optional<std::int64_t> count = element_count(entry.shape);
  if (!count) return bad("the shape has too many elements");
  const auto offsets = naturals(*offsets_value, 2);
  if (!offsets || offsets->size() != 2 || (*offsets)[0] > (*offsets)[1]) {
    return bad("data_offsets is not a pair [begin, end]");
  }
  entry.dtype = *dtype;
  entry.begin = (*offsets)[0];
  entry.end = (*offsets)[1];
  const auto bytes =
      static_cast<std::uint64_t>(*count) * static_cast<std::uint64_t>(numerics::byte_width(*dtype));
  if (entry.end - entry.begin != bytes) {
    return bad(fmt::format("{} bytes for {} {}", entry.end - entry.begin, to_string(entry.shape),
                           numerics::name(*dtype)));
  }
  return entry;
}

// The tensors tile the data: no overlap, no hole, nothing left over.
std::optional<std::string> coverage_problem(const SafetensorsIndex& index, std::uint64_t data) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> spans;
  for (const auto& [name, entry] : index.entries) spans.emplace_back(entry.begin, entry.end);
  std::sort(spans.begin(), spans.end());
  std::uint64_t at = 0;
  for (const auto& [begin, end] : spans) {
    if (begin < at) return fmt::format("two tensors overlap at byte {} of the data", begin);
    if (begin > at) return fmt::format("bytes {} to {} of the data belong to no tensor", at, begin);
    at = end;
  }
  if (at > data) return fmt::format("the tensors end at byte {}, the data has {}", at, data);
  if (at < data) return fmt::format("{} bytes after the last tensor", data - at);
  return std::nullopt;
}

Result<SafetensorsIndex> parse_header(std::string_view header, std::uint64_t data_bytes) {
  base::Diagnostics diagnostics;
  base::JsonLimits limits;
  limits.bytes = kMaxSafetensorsHeader;
  limits.values = kMaxHeaderValues;
  const auto document = base::parse_json(std::string(header), diagnostics, limits);
  if (!diagnostics.empty()) {
    const base::Diagnostic& first = diagnostics.front();
    return Error{fmt::format("the header is not JSON: {} at byte {}: {}", first.label, first.column,
                             first.fact)};
  }
  const JsonValue root = document->root();
  if (!root.is(JsonKind::kObject)) return Error{"the header is not an object"};
  SafetensorsIndex index;
  for (const JsonMember& member : root.members()) {
    const std::string name(member.key.text());
    if (name != "__metadata__") {
      Result<SafetensorsEntry> entry = parse_entry(name, member.value);
      if (!entry.ok()) return Error{entry.error()};
      index.entries.emplace(name, std::move(entry).value());
      continue;
    }
    if (!member.value.is(JsonKind::kObject)) return Error{"__metadata__ is not an object"};
    for (const JsonMember& item : member.value.members()) {
      if (!item.value.is(JsonKind::kString)) return Error{"__metadata__ holds a non-string"};
      index.metadata.emplace(item.key.text(), item.value.text());
    }
  }
  if (const auto problem = coverage_problem(index, data_bytes)) return Error{*problem};
  index.data_begin = kPrefix + header.size();
  return index;
}

bool has_other_than_0_and_1(const Tensor& pred) {
  const auto bytes = pred.data<std::uint8_t>();
  return std::any_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte > 1; });
}

// Splits off the header; `size` is the whole file's.
Result<std::uint64_t> header_length(std::string_view prefix, std::uint64_t size) {
  if (size < kPrefix) return Error{fmt::format("{} bytes are no safetensors file", size)};
  const std::uint64_t length = little_endian(prefix);
  if (length > kMaxSafetensorsHeader || length > size - kPrefix) {
    return Error{fmt::format("the header would have {} bytes in a file of {}", length, size)};
  }
  return length;
}

}  // namespace

Result<SafetensorsIndex> read_safetensors_index(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    return Error{fmt::format("{} is not a file", path.string())};
  }
  const std::uint64_t size = std::filesystem::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file) return Error{fmt::format("cannot read {}", path.string())};
  std::string prefix(kPrefix, '\0');
  if (size >= kPrefix && !file.read(prefix.data(), kPrefix)) {
    return Error{fmt::format("cannot read {}", path.string())};
  }
  const Result<std::uint64_t> length = header_length(prefix, size);
  if (!length.ok()) return Error{fmt::format("{}: {}", path.string(), length.error())};
  std::string header(length.value(), '\0');
  if (!file.read(header.data(), static_cast<std::streamsize>(header.size()))) {
    return Error{fmt::format("cannot read {}", path.string())};
  }
  Result<SafetensorsIndex> index = parse_header(header, size - kPrefix - header.size());
  if (!index.ok()) return Error{fmt::format("{}: {}", path.string(), index.error())};
  return index;
}

Result<SafetensorsFile> parse_safetensors(std::string_view data) {
  const Result<std::uint64_t> length = header_length(data, data.size());
  if (!length.ok()) return Error{length.error()};
  const std::string_view header = data.substr(kPrefix, length.value());
  const std::string_view bytes = data.substr(kPrefix + length.value());
  Result<SafetensorsIndex> parsed = parse_header(header, bytes.size());
  if (!parsed.ok()) return Error{parsed.error()};
  SafetensorsIndex index = std::move(parsed).value();
  SafetensorsFile file;
  file.metadata = std::move(index.metadata);
  for (const auto& [name, entry] : index.entries) {
    Tensor tensor(entry.dtype, entry.shape);
    if (tensor.byte_size() > 0) {
      std::memcpy(tensor.mutable_bytes().data(), bytes.data() + entry.begin, tensor.byte_size());
    }
    if (entry.dtype == DType::kPred && has_other_than_0_and_1(tensor)) {
      return Error{fmt::format("tensor '{}': a BOOL is neither 0 nor 1", name)};
    }
    file.tensors.emplace(name, std::move(tensor));
  }
  return file;
}

Result<SafetensorsFile> read_safetensors(const std::filesystem::path& path) {
  const Result<std::string> data = base::read_file(path, kMaxSafetensorsBytes);
  if (!data.ok()) return Error{data.error()};
  Result<SafetensorsFile> file = parse_safetensors(data.value());
  if (!file.ok()) return Error{fmt::format("{}: {}", path.string(), file.error())};
  return file;
}

std::string serialize_safetensors(const SafetensorsFile& file) {
  std::string header = "{";
  const auto separator = [&] { return header.size() > 1 ? "," : ""; };
  if (!file.metadata.empty()) {
    header += "\"__metadata__\":{";
    bool first = true;
    for (const auto& [key, value] : file.metadata) {
      header +=
          fmt::format("{}{}:{}", first ? "" : ",", base::quote_json(key), base::quote_json(value));
      first = false;
    }
    header += "}";
  }
  std::uint64_t at = 0;
  for (const auto& [name, tensor] : file.tensors) {
    const std::uint64_t end = at + tensor.byte_size();
    std::string shape;
    for (const std::int64_t dim : tensor.shape()) {
      shape += fmt::format("{}{}", shape.empty() ? "" : ",", dim);
    }
    header += fmt::format("{}{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}",
                          separator(), base::quote_json(name),
                          numerics::info(tensor.dtype()).safetensors, shape, at, end);
    at = end;
  }
  header += "}";
  while (header.size() % 8 != 0) header += ' ';
  std::string out;
  out.reserve(kPrefix + header.size() + at);
  for (std::size_t i = 0; i < kPrefix; ++i) {
    out += static_cast<char>((static_cast<std::uint64_t>(header.size()) >> (8 * i)) & 0xFF);
  }
  out += header;
  for (const auto& [name, tensor] : file.tensors) {
    out.append(reinterpret_cast<const char*>(tensor.bytes().data()), tensor.byte_size());
  }
  return out;
}

base::Status write_safetensors(const std::filesystem::path& path, const SafetensorsFile& file) {
  return base::write_file_atomically(path, serialize_safetensors(file));
}

}  // namespace mxcheck::tensor
