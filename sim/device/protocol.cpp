// Writing by hand (three kinds of lines), reading through the checked JSON reader.
#include "sim/device/protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>

#include "sim/base/json.h"
#include "sim/device/base64.h"

namespace mxcheck::device {
namespace {

using base::JsonKind;
using base::JsonValue;
using tensor::Tensor;

static_assert(std::endian::native == std::endian::little, "arrays travel in little-endian bytes");

constexpr std::size_t kMostRank = 8;
constexpr std::size_t kMostBytes = std::size_t{1} << 31;

std::string shape_text(const tensor::Shape& shape) {
  std::string out = "[";
  for (const std::int64_t dim : shape) out += fmt::format("{}{}", out.size() > 1 ? "," : "", dim);
  return out + "]";
}

std::string array_text(const Tensor& value) {
  return fmt::format(R"({{"dtype":"{}","shape":{},"data":"{}"}})", numerics::name(value.dtype()),
                     shape_text(value.shape()), to_base64(value.bytes()));
}

// What is wrong with a line; turned into an Error at the door.
struct Malformed {
  std::string fact;
};

std::optional<base::JsonDocument> parse(std::string_view line) {
  base::Diagnostics problems;
  std::optional<base::JsonDocument> document =
      base::parse_json(std::string(line), problems, {kMostBytes, 4096, 8});
  if (!document || !problems.empty()) {
    throw Malformed{"it is not JSON: " + (problems.empty() ? "" : problems.front().fact)};
  }
  if (!document->root().is(JsonKind::kObject)) throw Malformed{"it is not a JSON object"};
  return document;
}

void only(const JsonValue& object, std::initializer_list<std::string_view> known) {
  for (const base::JsonMember& member : object.members()) {
    const std::string_view key = member.key.text();
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      throw Malformed{fmt::format("it has the unknown key \"{}\"", key.substr(0, 40))};
    }
  }
}

JsonValue need(const JsonValue& object, const char* key, JsonKind kind) {
  const std::optional<JsonValue> value = object.find(key);
  if (!value) throw Malformed{fmt::format("it has no \"{}\"", key)};
  if (!value->is(kind)) throw Malformed{fmt::format("\"{}\" is not {}", key, base::name(kind))};
  return *value;
}

std::string text_or_empty(const JsonValue& object, const char* key) {
  return object.find(key) ? std::string(need(object, key, JsonKind::kString).text()) : "";
}

std::int64_t integer(const JsonValue& value, const char* what) {
  std::int64_t out = 0;
  const std::string_view text = value.text();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (!value.is(JsonKind::kNumber) || error != std::errc{} || end != text.data() + text.size()) {
    throw Malformed{fmt::format("{} is not an integer", what)};
  }
  return out;
}

tensor::Shape read_shape(const JsonValue& array) {
  tensor::Shape shape;
  const JsonValue list = need(array, "shape", JsonKind::kArray);
  if (list.size() > kMostRank) throw Malformed{"an array has too many dimensions"};
  for (const JsonValue& dim : list.items()) shape.push_back(integer(dim, "a dimension"));
  const std::optional<std::int64_t> count = tensor::element_count(shape);
  if (!count) throw Malformed{"a shape is negative or too large"};
  return shape;
}

Tensor read_array(const JsonValue& array) {
  if (!array.is(JsonKind::kObject)) throw Malformed{"an array is not a JSON object"};
  only(array, {"dtype", "shape", "data"});
  const std::string word(need(array, "dtype", JsonKind::kString).text());
  const std::optional<tensor::DType> dtype = numerics::dtype_from_name(word);
  if (!dtype) throw Malformed{"it has an array of unknown dtype"};
  const tensor::Shape shape = read_shape(array);
  const auto data = from_base64(need(array, "data", JsonKind::kString).text());
  if (!data) throw Malformed{"the data of an array is not base64"};
  const auto wanted = static_cast<std::size_t>(*tensor::element_count(shape)) *
                      static_cast<std::size_t>(numerics::byte_width(*dtype));
  if (data->size() != wanted) {
    throw Malformed{fmt::format("an array of {} {} needs {} bytes, {} came", word,
                                tensor::to_string(shape), wanted, data->size())};
  }
  Tensor out(*dtype, shape);
  std::copy(data->begin(), data->end(), out.mutable_bytes().begin());
  return out;
}

template <typename Read>
auto guarded(Read&& read) -> base::Result<decltype(read())> {
  try {
    return read();
  } catch (const Malformed& problem) {
    return base::Error{problem.fact};
  }
}

// The operands of an operation, in the order they are written.
const std::vector<std::string>& operand_keys() {
  static const std::vector<std::string> keys{"lhs",       "lhs_scale",      "lhs_zero_point", "rhs",
                                             "rhs_scale", "rhs_zero_point", "init",           "x",
                                             "scale",     "zero_point"};
  return keys;
}

}  // namespace

std::string hello_line() {
  return fmt::format(R"({{"hello":{{"protocol":{},"suite":"mxcheck"}}}})", kProtocolVersion);
}

std::string request_line(std::int64_t id, const Request& r) {
  std::string out =
      fmt::format(R"({{"id":{},"op":"{}","name":{})", id, name(r.op), base::quote_json(r.name));
  if (!r.profile.empty()) out += ",\"profile\":" + base::quote_json(r.profile);
  if (!r.policy.empty()) out += ",\"policy\":" + base::quote_json(r.policy);
  for (const auto& [key, value] : r.operands) {
    out += fmt::format(",\"{}\":{}", key, array_text(value));
  }
  return out + fmt::format(R"(,"result":{{"dtype":"{}","shape":{}}}}})", numerics::name(r.dtype),
                           shape_text(r.shape));
}

base::Result<Hello> read_hello(std::string_view line) {
  return guarded([&] {
    const auto document = parse(line);
    only(document->root(), {"hello"});
    const JsonValue hello = need(document->root(), "hello", JsonKind::kObject);
    only(hello, {"protocol", "name", "version"});
    const std::int64_t version = integer(need(hello, "protocol", JsonKind::kNumber), "protocol");
    if (version != kProtocolVersion) {
      throw Malformed{fmt::format("it speaks protocol {}, not {}", version, kProtocolVersion)};
    }
    return Hello{text_or_empty(hello, "name"), text_or_empty(hello, "version")};
  });
}

base::Result<Reply> read_reply(std::string_view line) {
  return guarded([&] {
    const auto document = parse(line);
    const JsonValue root = document->root();
    only(root, {"id", "result", "error"});
    Reply reply;
    reply.id = integer(need(root, "id", JsonKind::kNumber), "\"id\"");
    const auto result = root.find("result");
    if (result.has_value() == root.find("error").has_value()) {
      throw Malformed{"it has neither or both of \"result\" and \"error\""};
    }
    if (result) {
      reply.result = read_array(*result);
    } else {
      reply.error = need(root, "error", JsonKind::kString).text();
    }
    return reply;
  });
}

std::string misfit(const Request& request, const Tensor& result) {
  if (result.dtype() != request.dtype) {
    return fmt::format("the result is {}, not {}", numerics::name(result.dtype()),
                       numerics::name(request.dtype));
  }
  if (result.shape() != request.shape) {
    return fmt::format("the result has shape {}, not {}", tensor::to_string(result.shape()),
                       tensor::to_string(request.shape));
  }
  if (!numerics::is_integer(result.dtype())) return "";
  for (std::int64_t i = 0; i < result.size(); ++i) {
    const std::int64_t code = result.load_int(i);
    if (code < numerics::integer_min(result.dtype()) ||
        code > numerics::integer_max(result.dtype())) {
      return fmt::format("element {} is {}, no {}", i, code, numerics::name(result.dtype()));
    }
  }
  return "";
}

std::string hello_reply(const Hello& hello) {
  return fmt::format(R"({{"hello":{{"protocol":{},"name":{},"version":{}}}}})", kProtocolVersion,
                     base::quote_json(hello.name), base::quote_json(hello.version));
}

std::string reply_line(const Reply& reply) {
  if (!reply.result) {
    return fmt::format(R"({{"id":{},"error":{}}})", reply.id, base::quote_json(reply.error));
  }
  return fmt::format(R"({{"id":{},"result":{}}})", reply.id, array_text(*reply.result));
}

base::Result<Asked> read_request(std::string_view line) {
  return guarded([&] {
    const auto document = parse(line);
    const JsonValue root = document->root();
    Asked out;
    out.id = integer(need(root, "id", JsonKind::kNumber), "\"id\"");
    const std::string op(need(root, "op", JsonKind::kString).text());
    const std::vector<std::string> names = op_names();
    const auto at = std::find(names.begin(), names.end(), op);
    if (at == names.end()) throw Malformed{"it asks for an unknown operation"};
    out.request.op = static_cast<Op>(at - names.begin());
    out.request.name = text_or_empty(root, "name");
    out.request.profile = text_or_empty(root, "profile");
    out.request.policy = text_or_empty(root, "policy");
    for (const std::string& key : operand_keys()) {
      if (const auto value = root.find(key)) {
        out.request.operands.emplace_back(key, read_array(*value));
      }
    }
    const JsonValue result = need(root, "result", JsonKind::kObject);
    const auto dtype = numerics::dtype_from_name(need(result, "dtype", JsonKind::kString).text());
    if (!dtype) throw Malformed{"it asks for an unknown dtype"};
    out.request.dtype = *dtype;
    out.request.shape = read_shape(result);
    return out;
  });
}

}  // namespace mxcheck::device
