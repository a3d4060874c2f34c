// Values: a whole tensor of zeros or ones, else its elements one by one, with as few digits as do.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/casefile/number.h"
#include "sim/suite/minimize_edit.h"
#include "sim/suite/minimize_search.h"

namespace mxcheck::suite {
namespace {

using casefile::Draft;
using casefile::TensorSource;
using Kind = TensorSource::Kind;

constexpr std::size_t kMostElements = 4096;  // of a source that is edited element by element

class Values {
 public:
  explicit Values(Search& search) : search_(search) {}

  void run() {
    const std::size_t count = sources_of(search_.best).size();
    for (std::size_t i = 0; i < count && !search_.is_late(); ++i) {
      if (is_plain(*sources_of(search_.best)[i])) continue;
      if (fill(i, "0") || fill(i, "1")) continue;
      if (!is_random(*sources_of(search_.best)[i])) elements(i);
      if (is_random(*sources_of(search_.best)[i])) literal(i);
    }
  }

 private:
  static bool is_random(const TensorSource& source) { return source.kind == Kind::kRandom; }
  static bool is_plain(const TensorSource& source) {
    return source.kind == Kind::kFill || source.kind == Kind::kFile;
  }

  bool fill(std::size_t i, const char* number) {
    Draft candidate = search_.best;
    TensorSource& source = *sources_of(candidate)[i];
    const graph::ValueType type = source.type;
    source = TensorSource{};
    source.type = type;
    source.numbers = {number};
    return search_.attempt(std::move(candidate), fmt::format("a tensor of {}", number));
  }

  // A random source becomes a literal if that lets its numbers be simpler.
  void literal(std::size_t i) {
    Draft before = search_.best;
    TensorSource& source = *sources_of(before)[i];
    const auto count = tensor::element_count(source.type.shape);
    if (!count || *count > static_cast<std::int64_t>(kMostElements) ||
        source.type.dtype == numerics::DType::kPred) {
      return;
    }
    source = casefile::source_of(casefile::materialize(source));
    for (const int digits : {0, 1, 2, 3}) {
      Draft candidate = before;
      for (std::string& n : sources_of(candidate)[i]->numbers) n = rounded(n, digits);
      if (search_.attempt(std::move(candidate), "random numbers written out, rounded")) {
        elements(i);
        return;
      }
    }
  }

  // `digits` significant ones; 0: the nearest integer.
  static std::string rounded(const std::string& number, int digits) {
    const double value = casefile::to_f64(number);
    if (!std::isfinite(value)) return number;
    if (digits == 0) return fmt::format("{:.0f}", std::nearbyint(value));
    return fmt::format("{:.{}g}", value, digits);
  }

  void elements(std::size_t i) {
    if (sources_of(search_.best)[i]->numbers.size() > kMostElements ||
        sources_of(search_.best)[i]->kind != Kind::kValues) {
      return;
    }
    for (const char* number : {"0", "1"}) replace(i, number);
    const bool floats = numerics::is_float(sources_of(search_.best)[i]->type.dtype);
    for (std::size_t e = 0; floats && e < sources_of(search_.best)[i]->numbers.size(); ++e) {
      for (const int digits : {0, 1, 2, 3}) {
        const std::string now = sources_of(search_.best)[i]->numbers[e];
        const std::string simpler = rounded(now, digits);
        if (simpler.size() >= now.size() || search_.is_late()) continue;
        Draft candidate = search_.best;
        sources_of(candidate)[i]->numbers[e] = simpler;
        if (search_.attempt(std::move(candidate), "fewer digits")) break;
      }
    }
  }

  // Runs of elements become `number`, long ones first.
  void replace(std::size_t i, const std::string& number) {
    const auto simple = [](const std::string& n) { return n == "0" || n == "1"; };
    const std::size_t size = sources_of(search_.best)[i]->numbers.size();
    for (std::size_t chunk = size; chunk >= 1; chunk /= 2) {
      for (std::size_t at = 0; at < size && !search_.is_late(); at += chunk) {
        Draft candidate = search_.best;
        std::vector<std::string>& numbers = sources_of(candidate)[i]->numbers;
        bool changed = false;
        for (std::size_t e = at; e < std::min(size, at + chunk); ++e) {
          if (simple(numbers[e])) continue;
          numbers[e] = number;
          changed = true;
        }
        if (changed)
          static_cast<void>(search_.attempt(std::move(candidate), "elements of " + number));
      }
    }
  }

  Search& search_;
};

}  // namespace

void simplify_values(Search& search) { Values(search).run(); }

}  // namespace mxcheck::suite
