// Vectors that begin at a cache line: loads of 64 bytes that straddle two lines cost two.
//
// The memory is ordinary memory with a line to spare. What the C library hands out aligned it does
// not hand out again once it was freed (glibc 2.36: memory of a run grew with every case).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <vector>

namespace mxcheck::base {

constexpr std::size_t kCacheLine = 64;

template <typename T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <typename U>  // as the standard asks: NOLINTNEXTLINE(google-explicit-constructor)
  AlignedAllocator(const AlignedAllocator<U>& /*other*/) noexcept {}

  [[nodiscard]] T* allocate(std::size_t count) {
    constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max() - kCacheLine;
    if (count > kMost / sizeof(T)) throw std::bad_array_new_length();
    auto* all = static_cast<std::byte*>(::operator new(count * sizeof(T) + kCacheLine));
    const std::size_t skipped = kCacheLine - reinterpret_cast<std::uintptr_t>(all) % kCacheLine;
    all[skipped - 1] = static_cast<std::byte>(skipped);
    return reinterpret_cast<T*>(all + skipped);
  }
  void deallocate(T* first, std::size_t /*count*/) noexcept {
    auto* bytes = reinterpret_cast<std::byte*>(first);
    ::operator delete(bytes - std::to_integer<std::ptrdiff_t>(bytes[-1]));
  }
  friend bool operator==(const AlignedAllocator&, const AlignedAllocator&) { return true; }
};

// As std::vector, with its first element at a multiple of kCacheLine.
template <typename T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

}  // namespace mxcheck::base
