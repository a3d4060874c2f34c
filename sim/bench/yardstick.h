// oneDNN beside the program, where it was built (sim/bench/onednn): loaded on demand, so that
// nothing but a benchmark depends on it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace mxcheck::bench {

class Yardstick {
 public:
  // Looks beside the program: ../lib/libmxcheck_onednn.so of its folder. oneDNN is kept to the
  // instruction set `isa` (isas.def).
  explicit Yardstick(const char* isa);
  ~Yardstick();
  [[nodiscard]] bool found() const;
  [[nodiscard]] const std::string& version() const { return version_; }  // "" if not found
  [[nodiscard]] const std::string& isa() const { return isa_; }          // in oneDNN's words

  // run(lhs, out), or empty where there is none. rhs: s8 [k, n].
  using Run = std::function<void(const void* lhs, std::int32_t* out)>;
  struct Matmul {
    std::int64_t m = 0, k = 0, n = 0;
    bool lhs_signed = true;
  };
  [[nodiscard]] Run matmul(const Matmul& shape, const std::int8_t* rhs) const;
  struct Convolution {
    std::int64_t batch = 0, height = 0, width = 0, in_channels = 0, out_channels = 0;
    std::int64_t kernel = 0, padding = 0;
  };
  // kernel: s8 HWIO, input s8 NHWC, stride 1.
  [[nodiscard]] Run convolution(const Convolution& shape, const std::int8_t* kernel) const;

 private:
  struct Library;
  std::unique_ptr<Library> library_;
  std::string version_, isa_;
};

}  // namespace mxcheck::bench
