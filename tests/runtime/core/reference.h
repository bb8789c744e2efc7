#pragma once

#include <cstdint>
#include <vector>

#include "scenario.h"

namespace lazydit_test {

struct ReferenceResult {
  std::vector<double> latent;
  std::vector<double> scores;  // [steps, samples, 2L], NaN where no gate is asked
  std::vector<uint8_t> ran;    // [steps, samples, 2L]
  std::vector<uint8_t> extrapolated;
};

// What a scenario must come to: the method written down plainly, in double precision, token by token, sharing nothing
// with the core but the fake model's formulas.
ReferenceResult Reference(const Scenario& scenario);

}  // namespace lazydit_test
