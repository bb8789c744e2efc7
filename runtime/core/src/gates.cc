#include "gates.h"

#include <cmath>

namespace lazydit {

double Sigmoid(double x) {
  // The exponent is never positive, so that nothing overflows.
  const double power = std::exp(-std::fabs(x));
  return x < 0.0 ? power / (1.0 + power) : 1.0 / (1.0 + power);
}

float Score(Span<const float> gate, const GateInput& input, std::size_t tokens) {
  // The gate sums gate . (norm * (1 + scale) + shift) over all tokens. Folded with the modulation this is one pass over
  // norm_sum: (gate * (1 + scale)) . norm_sum + tokens * (gate . shift). A generation needs every folded gate at most
  // once, so folding here costs no more than folding ahead and saves the memory of folded gates.
  double scaled = 0.0;
  double shifted = 0.0;
  for (std::size_t i = 0; i < gate.size(); ++i) {
    const double weight = gate[i];
    scaled += weight * (1.0 + input.scale[i]) * input.norm_sum[i];
    shifted += weight * input.shift[i];
  }
  return static_cast<float>(Sigmoid(scaled + static_cast<double>(tokens) * shifted));
}

}  // namespace lazydit
