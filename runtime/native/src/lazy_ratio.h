/* From a lazy ratio that is wished for to the gate set, thresholds and limit that give it. */
#ifndef LAZYDIT_NATIVE_LAZY_RATIO_H_
#define LAZYDIT_NATIVE_LAZY_RATIO_H_

#include <cstdint>

#include "manifest.h"
#include "planning.h"

namespace lazydit::native {

/* `wish` with what the calibration of `steps` steps has for its lazy ratio: policy always for 0. Between two points of
   one gate set and limit, the thresholds' logits are interpolated; elsewhere the nearer point is taken. Throws Failure
   where the calibration does not reach so far. */
Wish with_lazy_ratio(const Manifest& manifest, Wish wish, int32_t steps);

}  // namespace lazydit::native

#endif
