// The transcendental functions against bits recorded from the norm's backend, and the array forms
// against the scalar ones (FLT-1..FLT-4).
#include "sim/numerics/functions.h"

#include <array>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <vector>

#include "sim/numerics/flush.h"

namespace mxcheck::numerics {
namespace {

struct Recorded {
  std::uint32_t x, y;
};

const std::array<Recorded, 16> kExp{{{0x00000000, 0x3F800000},
                                     {0x3F800000, 0x402DF854},
                                     {0xBF800000, 0x3EBC5AB2},
                                     {0x3E99999A, 0x3FACC82C},
                                     {0xC0E80000, 0x3A3A2AFF},
                                     {0x41A40000, 0x4E3EB628},
                                     {0x42B00000, 0x7EF882B7},
                                     {0x42B170A4, 0x7F7F4643},
                                     {0x42B17217, 0x7F7FFF80},
                                     {0x42B175C3, 0x7F800000},
                                     {0xC2AE999A, 0x0084C38B},
                                     {0xC2AECCCD, 0x00000000},
                                     {0xC2D00000, 0x00000000},
                                     {0x7F800000, 0x7F800000},
                                     {0xFF800000, 0x00000000},
                                     {0x0DA24260, 0x3F800000}}};
const std::array<Recorded, 16> kLog{{{0x3F800000, 0x00000000},
                                     {0x40000000, 0x3F317218},
                                     {0x3F000000, 0xBF317218},
                                     {0x3F333333, 0xBEB69E1A},
                                     {0x3F3504F3, 0xBEB17219},
                                     {0x3B4B295F, 0xC0B8D7E3},
                                     {0x7149F2CA, 0x428A27B5},
                                     {0x00A355E6, 0xC2AE2F7F},
                                     {0x000116C2, 0xFF800000},
                                     {0x00000000, 0xFF800000},
                                     {0xBF800000, 0xFFFFFFFF},
                                     {0x7F800000, 0x7F800000},
                                     {0x3F800001, 0x33FFFFFF},
                                     {0x418A6666, 0x403671FA},
                                     {0x3F7FFFFF, 0xB3800000},
                                     {0x4FD09DC3, 0x41B55A79}}};
const std::array<Recorded, 16> kTanh{{{0x3DCCCCCD, 0x3DCC1EBB},
                                      {0xBF000000, 0xBEEC9A9F},
                                      {0x3FD9999A, 0x3F6F76F8},
                                      {0xC0533333, 0xBF7F4DEF},
                                      {0x40FCCCCD, 0x3F7FFFFC},
                                      {0x41080000, 0x3F800000},
                                      {0xC1400000, 0xBF800000},
                                      {0x41C80000, 0x3F800000},
                                      {0x399D4952, 0x399D4952},
                                      {0xB9D6F545, 0xB9D6F542},
                                      {0x000116C2, 0x000116C2},
                                      {0x7F800000, 0x3F800000},
                                      {0xFF800000, 0xBF800000},
                                      {0x3F400000, 0x3F229920},
                                      {0xC00CCCCD, 0xBF79CA4F},
                                      {0x80000000, 0x80000000}}};
const std::array<Recorded, 16> kErfc{{{0x00000000, 0x3F800000},
                                      {0x3F000000, 0x3EF5810C},
                                      {0xBF000000, 0x3FC29FBD},
                                      {0x3F7FFFFF, 0x3E21130F},
                                      {0x3F800000, 0x3E21130D},
                                      {0x3F800001, 0x3E21130A},
                                      {0xBF800000, 0x3FEBDD9E},
                                      {0x3FC00000, 0x3D0AD555},
                                      {0x3FFFFFFF, 0x3B9947B5},
                                      {0x40000000, 0x3B9947AF},
                                      {0x40533333, 0x364D3316},
                                      {0xC02CCCCD, 0x3FFFFB99},
                                      {0x40C00000, 0x23C67C0A},
                                      {0x41168F5C, 0x00000000},
                                      {0x4116E148, 0x00000000},
                                      {0xFF800000, 0x40000000}}};

using Scalar = float (*)(float);
using Many = void (*)(const float*, float*, std::size_t);

std::uint32_t bits(float x) { return std::bit_cast<std::uint32_t>(x); }

template <std::size_t kCount>
void check_recorded(Scalar function, const std::array<Recorded, kCount>& values) {
  const FlushSubnormals flush;
  for (const Recorded& v : values) {
    INFO(std::hex << v.x);
    const float y = function(std::bit_cast<float>(v.x));
    CHECK((bits(y) == v.y || (std::isnan(y) && std::isnan(std::bit_cast<float>(v.y)))));
  }
}

}  // namespace

TEST_CASE("exp gives the recorded bits up to its last finite value [FLT-1]", "[numerics]") {
  check_recorded(exp_f32, kExp);
}

TEST_CASE("log gives the recorded bits, subnormals as zero [FLT-2]", "[numerics]") {
  check_recorded(log_f32, kLog);
}

TEST_CASE("tanh gives the recorded bits and returns tiny arguments unchanged [FLT-3]",
          "[numerics]") {
  check_recorded(tanh_f32, kTanh);
}

TEST_CASE("erfc gives the recorded bits on both sides of 1 and 2 [FLT-4]", "[numerics]") {
  check_recorded(erfc_f32, kErfc);
}

TEST_CASE("erf is odd and meets erfc inside 1 [FLT-4]", "[numerics]") {
  const FlushSubnormals flush;
  for (float x = 0; x < 4; x += 0.03125f) {
    CHECK(bits(erf_f32(-x)) == (bits(erf_f32(x)) ^ 0x80000000u));
    CHECK(std::fabs(erf_f32(x) - (1 - erfc_f32(x))) < 1e-6f);
  }
}

TEST_CASE("every function passes NaN on [FLT-1]", "[numerics]") {
  for (const Scalar f :
       {Scalar(exp_f32), Scalar(log_f32), Scalar(tanh_f32), Scalar(erf_f32), Scalar(erfc_f32)}) {
    CHECK(std::isnan(f(std::nanf(""))));
  }
  CHECK(std::isnan(log_f32(-1)));
}

TEST_CASE("the array forms give the scalar forms' bits, in place too [FLT-1]", "[numerics]") {
  const FlushSubnormals flush;
  const std::array<std::pair<Scalar, Many>, 5> functions{{{exp_f32, exp_f32},
                                                          {log_f32, log_f32},
                                                          {tanh_f32, tanh_f32},
                                                          {erf_f32, erf_f32},
                                                          {erfc_f32, erfc_f32}}};
  std::vector<float> x;
  for (std::uint64_t pattern = 0; pattern < (std::uint64_t{1} << 32); pattern += 1048573 / 16) {
    x.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(pattern)));
  }
  for (const auto& [scalar, many] : functions) {
    std::vector<float> y = x;
    many(y.data(), y.data(), y.size());
    std::size_t different = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const float expected = scalar(x[i]);
      if (bits(y[i]) != bits(expected) && !(std::isnan(y[i]) && std::isnan(expected))) ++different;
    }
    CHECK(different == 0);
  }
}

}  // namespace mxcheck::numerics
