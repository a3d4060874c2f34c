// Memory for the tests and the fuzzers of the kernels, with pages around it that nobody may touch:
// a kernel that reads or writes one byte past the end ends the test on the spot. Sanitizers do not
// see what masked instructions and assembly do.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace mxcheck::kernels::testing {

// `size` bytes that end where a page without access begins, all of them `fill` at first. Before the
// first byte there is less than a page that may be touched, then another without access.
class Fenced {
 public:
  explicit Fenced(std::size_t size, std::uint8_t fill = 0) : size_(size) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t open = (size + page - 1) / page * page;
    mapped_ = open + 2 * page;
    base_ = mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base_ == MAP_FAILED) throw std::bad_alloc();
    auto* first = static_cast<std::uint8_t*>(base_) + page;
    if (open != 0 && mprotect(first, open, PROT_READ | PROT_WRITE) != 0) {
      munmap(base_, mapped_);
      throw std::bad_alloc();
    }
    data_ = first + (open - size);
    std::fill_n(data_, size, fill);
  }
  Fenced(const Fenced& other) : Fenced(other.size_) { std::copy_n(other.data_, size_, data_); }
  Fenced(Fenced&& other) noexcept { swap(other); }
  Fenced& operator=(Fenced other) noexcept {
    swap(other);
    return *this;
  }
  ~Fenced() {
    if (base_ != nullptr) munmap(base_, mapped_);
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::uint8_t* data() { return data_; }
  [[nodiscard]] const std::uint8_t* data() const { return data_; }
  std::uint8_t& operator[](std::size_t i) { return data_[i]; }
  const std::uint8_t& operator[](std::size_t i) const { return data_[i]; }

 private:
  void swap(Fenced& other) noexcept {
    std::swap(base_, other.base_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(mapped_, other.mapped_);
  }
  void* base_ = nullptr;
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0, mapped_ = 0;
};

}  // namespace mxcheck::kernels::testing
