// dlopen, once, never unloaded.
#include "sim/bench/yardstick.h"

#include <dlfcn.h>

#include <filesystem>

#include "sim/bench/onednn/onednn_plugin.h"

namespace mxcheck::bench {

struct Yardstick::Library {
  decltype(&mxcheck_onednn_version) version = nullptr;
  decltype(&mxcheck_onednn_limit) limit = nullptr;
  decltype(&mxcheck_onednn_matmul) matmul = nullptr;
  decltype(&mxcheck_onednn_convolution) convolution = nullptr;
  decltype(&mxcheck_onednn_run) run = nullptr;
  decltype(&mxcheck_onednn_free) free = nullptr;

  [[nodiscard]] Run runner(void* plan) const {
    if (plan == nullptr) return {};
    const std::shared_ptr<void> owned(plan, free);
    return [owned, run = run](const void* lhs, std::int32_t* out) { run(owned.get(), lhs, out); };
  }
};

Yardstick::Yardstick(const char* isa) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path file =
      self.parent_path().parent_path() / "lib" / "libmxcheck_onednn.so";
  if (error || !std::filesystem::exists(file, error)) return;
  void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return;
  auto library = std::make_unique<Library>();
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle, name));
    return function != nullptr;
  };
  if (find(library->version, "mxcheck_onednn_version") &&
      find(library->limit, "mxcheck_onednn_limit") &&
      find(library->matmul, "mxcheck_onednn_matmul") &&
      find(library->convolution, "mxcheck_onednn_convolution") &&
      find(library->run, "mxcheck_onednn_run") && find(library->free, "mxcheck_onednn_free")) {
    version_ = library->version();
    isa_ = library->limit(isa);
    library_ = std::move(library);
  }
}

Yardstick::~Yardstick() = default;
bool Yardstick::found() const { return library_ != nullptr; }

Yardstick::Run Yardstick::matmul(const Matmul& s, const std::int8_t* rhs) const {
  if (!found()) return {};
  return library_->runner(library_->matmul(s.m, s.k, s.n, s.lhs_signed ? 1 : 0, rhs));
}

Yardstick::Run Yardstick::convolution(const Convolution& s, const std::int8_t* kernel) const {
  if (!found()) return {};
  const mxcheck_onednn_conv shape{s.batch,        s.height, s.width,  s.in_channels,
                                  s.out_channels, s.kernel, s.padding};
  return library_->runner(library_->convolution(&shape, kernel));
}

}  // namespace mxcheck::bench
