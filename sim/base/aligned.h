// Vectors that begin at a cache line: loads of 64 bytes that straddle two lines cost two.
#pragma once

#include <boost/align/aligned_allocator.hpp>
#include <cstddef>
#include <vector>

namespace mxcheck::base {

constexpr std::size_t kCacheLine = 64;

// As std::vector, with its first element at a multiple of kCacheLine.
template <typename T>
using AlignedVector = std::vector<T, boost::alignment::aligned_allocator<T, kCacheLine>>;

}  // namespace mxcheck::base
