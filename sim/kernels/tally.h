// Which kernels ran, by their names in kernels.def: the places that call a kernel note it with the
// tally of their thread, so that a report names what was used, not what would have been chosen.
// Where a product is shared out over a pool, the packing done by other threads is not counted.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace mxcheck::kernels {

class Tally {
 public:
  // From now to its end every use on the calling thread is counted here; an older tally of the
  // thread rests meanwhile.
  Tally();
  ~Tally();
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;

  // Calls of the kernel: a product, a panel packed, a block of elements.
  [[nodiscard]] std::int64_t uses(std::string_view kernel) const;

 private:
  friend void note_use(const char* kernel);
  Tally* older_;
  std::vector<std::pair<const char*, std::int64_t>> counts_;
};

// Of the calling thread's tally; nothing if it has none. `kernel` outlives every tally.
void note_use(const char* kernel);

}  // namespace mxcheck::kernels
