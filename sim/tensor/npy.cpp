// .npy in and out; the header is a Python dictionary literal of which only one form is accepted.
#include "sim/tensor/npy.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "sim/base/file.h"
#include "sim/base/text.h"

namespace mxcheck::tensor {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);

struct Descr {
  const char* text;
  DType dtype;
};
constexpr Descr kDescrs[] = {{"<f8", DType::kF64}, {"<f4", DType::kF32}, {"<f2", DType::kF16},
                             {"<i8", DType::kS64}, {"<i4", DType::kS32}, {"<i2", DType::kS16},
                             {"|i1", DType::kS8},  {"<i1", DType::kS8},  {"<u4", DType::kU32},
                             {"|u1", DType::kU8},  {"<u1", DType::kU8},  {"|b1", DType::kPred}};

base::Error bad(const std::string& fact) { return {"not a usable .npy file: " + fact}; }

// Reads the header's dictionary left to right; any surprise makes `failed` true.
class Header {
 public:
  explicit Header(std::string_view text) : text_(text) {}

  [[nodiscard]] bool failed() const { return failed_; }
  void expect(char c) {
    skip();
    if (at_ < text_.size() && text_[at_] == c) {
      ++at_;
    } else {
      failed_ = true;
    }
  }
  [[nodiscard]] bool accept(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string_view quoted() {
    expect('\'');
    const std::size_t end = text_.find('\'', std::min(at_, text_.size()));
    if (failed_ || end == std::string_view::npos) {
      failed_ = true;
      return {};
    }
    const std::string_view result = text_.substr(at_, end - at_);
    at_ = end + 1;
    return result;
  }
  bool boolean() {
    skip();
    for (const std::string_view word : {"True", "False"}) {
      if (text_.substr(std::min(at_, text_.size()), word.size()) != word) continue;
      at_ += word.size();
      return word == "True";
    }
    failed_ = true;
    return false;
  }
  Shape shape() {
    Shape result;
    expect('(');
    while (!failed_ && !accept(')')) {
      skip();
      std::int64_t dim = -1;
      const char* begin = text_.data() + std::min(at_, text_.size());
      const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), dim);
      if (error != std::errc() || dim < 0 || result.size() >= 32) {
        failed_ = true;
        return result;
      }
      at_ += static_cast<std::size_t>(end - begin);
      result.push_back(dim);
      if (accept(',')) continue;
      expect(')');
      if (result.size() == 1) failed_ = true;  // (3) is a number in Python, not a tuple
      return result;
    }
    return result;
  }
  [[nodiscard]] bool at_end() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    return at_ == text_.size();
  }

 private:
  void skip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  std::string_view text_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

struct Facts {
  std::string descr;
  bool fortran = false;
  Shape shape;
};

base::Result<Facts> parse_header(std::string_view text) {
  Header header(text);
  Facts facts;
  bool have[3] = {false, false, false};
  header.expect('{');
  while (!header.failed() && !header.accept('}')) {
    const std::string_view key = header.quoted();
    header.expect(':');
    if (header.failed()) break;
    const int which = key == "descr" ? 0 : key == "fortran_order" ? 1 : key == "shape" ? 2 : -1;
    if (which < 0) return bad("header key \"" + base::printable(key) + '"');
    if (have[which]) return bad("header key twice");
    have[which] = true;
    if (which == 0) facts.descr = std::string(header.quoted());
    if (which == 1) facts.fortran = header.boolean();
    if (which == 2) facts.shape = header.shape();
    if (header.accept(',')) continue;
    header.expect('}');
    break;
  }
  if (header.failed() || !header.at_end()) return bad("malformed header");
  if (!have[0] || !have[1] || !have[2]) return bad("header lacks descr, fortran_order or shape");
  return facts;
}

}  // namespace

base::Result<Tensor> parse_npy(std::string_view data) {
  if (data.size() < 10 || data.substr(0, 6) != kMagic) return bad("no magic");
  const auto byte = [&](std::size_t i) { return std::size_t{static_cast<unsigned char>(data[i])}; };
  const std::size_t version = byte(6);
  if (version != 1 && version != 2) return bad("format version " + std::to_string(version));
  const std::size_t start = version == 1 ? 10 : 12;
  if (data.size() < start) return bad("truncated");
  std::size_t length = byte(8) | byte(9) << 8;
  if (version == 2) length |= byte(10) << 16 | byte(11) << 24;
  if (length > kMaxNpyHeader || length > data.size() - start) return bad("header length");
  const auto facts = parse_header(data.substr(start, length));
  if (!facts) return base::Error{facts.error()};
  if (facts.value().fortran) return bad("Fortran order");
  const auto* descr = std::find_if(std::begin(kDescrs), std::end(kDescrs),
                                   [&](const Descr& d) { return facts.value().descr == d.text; });
  if (descr == std::end(kDescrs)) {
    return bad("element type \"" + base::printable(facts.value().descr) + '"');
  }
  const auto count = element_count(facts.value().shape);
  const std::string_view body = data.substr(start + length);
  const auto width = static_cast<std::uint64_t>(numerics::byte_width(descr->dtype));
  if (!count || static_cast<std::uint64_t>(*count) * width != body.size()) {
    return bad("data does not have the size of shape " + to_string(facts.value().shape));
  }
  Tensor tensor(descr->dtype, facts.value().shape);
  if (!body.empty()) std::memcpy(tensor.mutable_bytes().data(), body.data(), body.size());
  if (descr->dtype == DType::kPred) {
    for (const char c : body) {
      if (c != 0 && c != 1) return bad("a bool that is neither 0 nor 1");
    }
  }
  return tensor;
}

base::Result<Tensor> read_npy(const std::filesystem::path& path) {
  const auto data = base::read_file(path, kMaxNpyBytes);
  if (!data) return base::Error{data.error()};
  auto tensor = parse_npy(data.value());
  if (!tensor) return base::Error{path.string() + ": " + tensor.error()};
  return tensor;
}

base::Result<std::string> serialize_npy(const Tensor& tensor) {
  DType stored = tensor.dtype();
  if (stored == DType::kS4) stored = DType::kS8;
  if (stored == DType::kU4) stored = DType::kU8;
  const auto* descr = std::find_if(std::begin(kDescrs), std::end(kDescrs),
                                   [&](const Descr& d) { return d.dtype == stored; });
  if (descr == std::end(kDescrs)) {
    return base::Error{std::string(".npy has no type for ") + numerics::name(tensor.dtype())};
  }
  std::string shape = "(";
  for (std::size_t i = 0; i < tensor.shape().size(); ++i) {
    shape += (i > 0 ? ", " : "") + std::to_string(tensor.shape()[i]);
  }
  shape += tensor.shape().size() == 1 ? ",)" : ")";
  std::string header = std::string("{'descr': '") + descr->text +
                       "', 'fortran_order': False, 'shape': " + shape + ", }";
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string data(kMagic);
  data += {'\x01', '\x00', static_cast<char>(header.size() & 0xff),
           static_cast<char>(header.size() >> 8)};
  data += header;
  const auto bytes = tensor.bytes();
  data.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return data;
}

base::Status write_npy(const std::filesystem::path& path, const Tensor& tensor) {
  const auto data = serialize_npy(tensor);
  if (!data) return base::Error{data.error()};
  return base::write_file_atomically(path, data.value());
}

}  // namespace mxcheck::tensor
