// The kernels' layer against sim/quant and the plain scales, bit for bit, for every instruction set
// of the host, scalar among them: layouts, dtypes, types, policies; and what it must decline.
#include "sim/exec/fast_quant.h"

#include <catch2/catch.hpp>

#include "sim/exec/contraction.h"
#include "sim/exec/fast_layout.h"
#include "sim/kernels/isas_under_test.h"
#include "sim/kernels/vector_test_data.h"
#include "sim/numerics/flush.h"
#include "sim/quant/statistics.h"

namespace mxcheck::exec {
namespace {

using kernels::testing::Fill;
using kernels::testing::Words;
using numerics::DType;
using quant::QType;

struct Case {
  Shape shape;
  quant::Axes channelwise;
  std::vector<std::pair<std::int64_t, std::int64_t>> tiled;
  bool fits = true;  // one of the kernels' layouts
};
const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = {
      {{7, 70}, {0}, {}},         {{70, 9}, {1}, {}},
      {{5, 66}, {}, {}},          {{4, 96}, {0}, {{1, 32}}},
      {{96, 20}, {1}, {{0, 32}}}, {{3, 12, 40}, {0, 1}, {}},
      {{3, 40, 12}, {0, 2}, {}},  {{2, 3, 3, 65}, {3}, {}},
      {{2, 5, 5, 17}, {0}, {}},   {{6, 8, 10}, {1}, {}, false},
      {{11, 1}, {0}, {}},         {{1, 64}, {1}, {}},
      {{3, 64}, {0, 1}, {}},      {{8, 64}, {}, {{0, 2}, {1, 16}}, false},
  };
  return kCases;
}

Tensor some_tensor(DType dtype, const Shape& shape, Fill fill, Words& words) {
  Tensor out(dtype, shape);
  const auto type = *fast::element_of(dtype);
  for (std::int64_t i = 0; i < out.size(); ++i) {
    out.set_bits(i, kernels::testing::some_bits(type, fill, words));
  }
  return out;
}

std::vector<Policy> policies() {
  std::vector<Policy> out = {*numerics::policy_from_name("ieee"),
                             *numerics::policy_from_name("xla_cpu")};
  out.push_back(out[0]);
  out.back().quotient = out.back().scale_constant = Policy::Division::kReciprocalAlways;
  out.push_back(out[0]);
  out.back().code_clamp = Policy::CodeClamp::kNarrow;
  return out;
}

bool same(const std::optional<Tensor>& a, const std::optional<Tensor>& b) {
  return a.has_value() == b.has_value() && (!a || tensor::identical(*a, *b));
}
bool same(const quant::Quantized& a, const quant::Quantized& b) {
  return tensor::identical(a.qvalue, b.qvalue) && tensor::identical(a.scale, b.scale) &&
         same(a.zero_point, b.zero_point);
}

// f(isa, x, spec, policy, case) for everything.
template <typename F>
void everywhere(const char* method, const std::vector<QType>& types, F f) {
  const numerics::FlushSubnormals flush;
  Words words(11);
  const auto parsed =
      std::get<numerics::CalibrationMethod>(numerics::parse_calibration_method(method));
  for (const kernels::Isa isa : kernels::testing::isas_under_test()) {
    for (const DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
      for (const Case& c : cases()) {
        for (const QType qtype : types) {
          const std::vector<Policy> all = policies();
          for (std::size_t p = 0; p < all.size(); ++p) {
            const Fill fill = std::array{Fill::kModerate, Fill::kSpecial, Fill::kTies,
                                         Fill::kBits}[words.below(4)];
            const Tensor x = some_tensor(dtype, c.shape, fill, words);
            INFO(name(isa) << " " << numerics::name(dtype) << " " << tensor::to_string(c.shape)
                           << " " << numerics::name(qtype) << " policy " << p << " " << method);
            f(isa, x, quant::Spec{qtype, parsed, c.channelwise, c.tiled}, all[p], c);
          }
        }
      }
    }
  }
}

void check(bool ok) {
  if (!ok) CHECK(ok);
}

}  // namespace

TEST_CASE("calibration on kernels is that of sim/quant [CAL] [CAL-2]", "[exec]") {
  for (const char* method : {"absmax", "absmax,0.9", "minmax", "minmax,1.1"}) {
    everywhere(method, {QType::kS8},
               [](kernels::Isa isa, const Tensor& x, const quant::Spec& spec, const Policy& policy,
                  const Case& c) {
                 const auto got = fast::calibrate(x, spec, policy, isa);
                 check(got.has_value() == c.fits);
                 const quant::Calibration want = quant::calibrate(x, spec, policy);
                 const quant::Calibration any = calibrate(x, spec, policy, isa);
                 check(same(any.absmax, want.absmax) && same(any.min, want.min) &&
                       same(any.max, want.max));
               });
  }
}

TEST_CASE("codes and scales on kernels are those of sim/quant [QNT-1] [SCL-1] [SCL-3]", "[exec]") {
  const std::vector<QType> types = {QType::kS8, QType::kS4,   QType::kU8,
                                    QType::kU4, QType::kInt2, QType::kInt6};
  everywhere("absmax", types,
             [](kernels::Isa isa, const Tensor& x, const quant::Spec& spec, const Policy& policy,
                const Case& c) {
               const quant::Scaling scaling =
                   quant::compute_scaling(quant::calibrate(x, spec, policy), spec.qtype, policy);
               const quant::Quantized want = quant::quantize(x, spec.qtype, scaling, policy);
               const auto one_pass = fast::quantize_dynamic(x, spec, policy, nullptr, isa);
               const auto two_passes = fast::quantize(x, spec.qtype, scaling, policy, nullptr, isa);
               check(one_pass.has_value() == c.fits && two_passes.has_value() == c.fits);
               check(same(quantize_dynamic(x, spec, policy, nullptr, isa), want));
               check(same(quantize(x, spec.qtype, scaling, policy, nullptr, isa), want));
             });
}

TEST_CASE("zero points on kernels are added and taken off as in sim/quant [QNT-2] [DEQ-1]",
          "[exec]") {
  everywhere(
      "minmax", {QType::kS8, QType::kS4},
      [](kernels::Isa isa, const Tensor& x, const quant::Spec& spec, const Policy& policy,
         const Case& c) {
        const quant::Scaling scaling =
            quant::compute_scaling(quant::calibrate(x, spec, policy), spec.qtype, policy);
        const quant::Quantized want = quant::quantize(x, spec.qtype, scaling, policy);
        check(same(quantize(x, spec.qtype, scaling, policy, nullptr, isa), want));
        check(same(quantize_dynamic(x, spec, policy, nullptr, isa), want));
        check(fast::dequantize(want, policy, isa).has_value() == c.fits);
        check(tensor::identical(dequantize(want, policy, isa), quant::dequantize(want, policy)));
      });
}

TEST_CASE("noise on kernels is that of sim/quant, and so are its codes [QNT-4] [RND-2]", "[exec]") {
  everywhere(
      "absmax", {QType::kS8, QType::kInt6},
      [](kernels::Isa isa, const Tensor& x, const quant::Spec& spec, const Policy& policy,
         const Case&) {
        for (const auto method :
             {numerics::NoiseMethod::kUniform, numerics::NoiseMethod::kLowBitUniform}) {
          for (const quant::Axes& axes : {quant::Axes{0}, quant::Axes{1}, quant::Axes{}}) {
            const Tensor noise = make_noise({17, 4}, method, x.shape(), axes, policy, isa);
            check(tensor::identical(noise, quant::make_noise({17, 4}, method, x.shape(), axes)));
            const quant::Scaling scaling =
                quant::compute_scaling(quant::calibrate(x, spec, policy), spec.qtype, policy);
            check(same(quantize_dynamic(x, spec, policy, &noise, isa),
                       quant::quantize(x, spec.qtype, scaling, policy, &noise)));
          }
        }
      });
}

TEST_CASE("scales of integer sums on kernels are the plain ones [DOT-5] [BWD-3]", "[exec]") {
  const numerics::FlushSubnormals flush;
  Words words(3);
  // Sums, left scale, right scale: matrices, batches, tiles, convolutions, one scale.
  const std::vector<std::array<Shape, 3>> shapes = {{{{5, 67}, {5, 1}, {1, 67}}},
                                                    {{{5, 67}, {1, 1}, {1, 67}}},
                                                    {{{5, 67}, {5, 1}, {1, 1}}},
                                                    {{{3, 4, 33}, {3, 4, 1}, {3, 1, 33}}},
                                                    {{{3, 4, 33}, {3, 4, 1}, {1, 1, 33}}},
                                                    {{{2, 3, 4, 20}, {2, 3, 4, 1}, {2, 3, 1, 20}}},
                                                    {{{2, 6, 6, 24}, {2, 1, 1, 1}, {1, 1, 1, 24}}},
                                                    {{{9, 1}, {9, 1}, {1, 1}}},
                                                    {{{1, 9}, {1, 1}, {1, 9}}},
                                                    {{{4, 5, 6}, {4, 1, 1}, {4, 1, 6}}}};
  for (const kernels::Isa isa : kernels::testing::isas_under_test()) {
    for (const DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
      for (const auto& [shape, left, right] : shapes) {
        INFO(name(isa) << " " << numerics::name(dtype) << " " << tensor::to_string(shape) << " "
                       << tensor::to_string(left) << " " << tensor::to_string(right));
        Tensor sums(DType::kS32, shape);
        for (std::int64_t i = 0; i < sums.size(); ++i) {
          sums.set_bits(i, words.next() >> words.below(20));
        }
        const Policy policy = policies().front();
        const Tensor lhs = some_tensor(dtype, left, Fill::kSpecial, words);
        const Tensor rhs = some_tensor(dtype, right, Fill::kModerate, words);
        const Tensor want = apply_scales(sums, OutputScale{lhs, {}}, OutputScale{rhs, {}}, policy);
        const auto got = fast::scale_product(sums, &lhs, &rhs, policy, isa);
        REQUIRE(got.has_value());
        CHECK(tensor::identical(*got, want));
        const auto one = fast::scale_product(sums, &lhs, nullptr, policy, isa);
        REQUIRE(one.has_value());
        CHECK(tensor::identical(*one, apply_scales(sums, OutputScale{lhs, {}}, {}, policy)));
        const Tensor x = some_tensor(dtype, shape, Fill::kBits, words);
        for (const Tensor& scale : {lhs, rhs}) {
          const auto product = fast::multiply(x, scale, policy, isa);
          REQUIRE(product.has_value());
          CHECK(tensor::identical(*product, multiply_by_scale(x, OutputScale{scale, {}}, policy)));
        }
      }
    }
  }
}

TEST_CASE("kernels decline what they have no form for [POL-2]", "[exec]") {
  Words words(1);
  const kernels::Isa isa = kernels::testing::isas_under_test().front();
  const Tensor x = some_tensor(DType::kF32, {4, 64}, Fill::kModerate, words);
  const quant::Spec spec{QType::kS8, {}, {0}, {}};
  const Policy plain = policies().front();
  CHECK(fast::quantize_dynamic(x, spec, plain, nullptr, isa));
  for (const auto& [knob, value] : std::vector<std::pair<const char*, const char*>>{
           {"tie", "away"}, {"tie", "up"}, {"nan_code", "min"}, {"excess_precision", "f32"}}) {
    Policy policy = plain;
    REQUIRE(numerics::set_knob(policy, knob, value));
    CHECK_FALSE(fast::quantize_dynamic(x, spec, policy, nullptr, isa));
  }
  Policy faulty = plain;
  faulty.faults.add(fault::default_fault(fault::Kind::scale_guard_missing));
  CHECK_FALSE(fast::quantize_dynamic(x, spec, faulty, nullptr, isa));
  CHECK_FALSE(fast::calibrate(x, spec, faulty, isa));
  quant::Spec other = spec;
  other.qtype = QType::kF8E4M3FN;
  CHECK_FALSE(fast::quantize_dynamic(x, other, plain, nullptr, isa));
  CHECK_FALSE(fast::quantize_dynamic(Tensor(DType::kF64, {4, 64}), spec, plain, nullptr, isa));
  CHECK_FALSE(fast::quantize_dynamic(Tensor(DType::kF32, {0, 64}), spec, plain, nullptr, isa));
}

}  // namespace mxcheck::exec
