#ifndef LAZYDIT_SRC_GATES_H_
#define LAZYDIT_SRC_GATES_H_

#include <cstddef>

#include "span.h"

namespace lazydit {

// What a gate looks at: the tokens' normalized sum and the modulation of its module, [D] each.
struct GateInput {
  Span<const float> norm_sum;
  Span<const float> shift;
  Span<const float> scale;
};

// 1 / (1 + exp(-x)) for any x, infinities included; NaN stays NaN.
double Sigmoid(double x);

// The score of one gate, [D], for a module that sees `tokens` tokens.
float Score(Span<const float> gate, const GateInput& input, std::size_t tokens);

}  // namespace lazydit

#endif  // LAZYDIT_SRC_GATES_H_
