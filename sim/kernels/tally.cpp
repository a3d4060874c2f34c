// A short list: a run uses a few tens of kernels, and most lookups hit one of the first.
#include "sim/kernels/tally.h"

#include <algorithm>

namespace mxcheck::kernels {
namespace {

Tally*& of_thread() {
  thread_local Tally* tally = nullptr;
  return tally;
}

}  // namespace

Tally::Tally() : older_(of_thread()) { of_thread() = this; }
Tally::~Tally() { of_thread() = older_; }

// One name may have several addresses.
std::int64_t Tally::uses(std::string_view kernel) const {
  std::int64_t sum = 0;
  for (const auto& [name, count] : counts_) {
    if (kernel == name) sum += count;
  }
  return sum;
}

void note_use(const char* kernel) {
  Tally* const tally = of_thread();
  if (tally == nullptr) return;
  const auto known = std::find_if(tally->counts_.begin(), tally->counts_.end(),
                                  [&](const auto& entry) { return entry.first == kernel; });
  if (known != tally->counts_.end()) {
    ++known->second;
  } else {
    tally->counts_.emplace_back(kernel, 1);
  }
}

}  // namespace mxcheck::kernels
