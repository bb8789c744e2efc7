#ifndef LAZYDIT_SRC_NOISE_H_
#define LAZYDIT_SRC_NOISE_H_

#include <cstdint>

#include "span.h"

namespace lazydit {

// Fills `out` with the numbers that torch.randn draws on a CPU from a generator seeded with `seed`.
void Randn(std::uint64_t seed, Span<float> out);

}  // namespace lazydit

#endif  // LAZYDIT_SRC_NOISE_H_
