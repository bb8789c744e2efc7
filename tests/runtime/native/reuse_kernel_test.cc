#include "reuse_kernel.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

namespace lazydit::native {
namespace {

using Numbers = std::vector<float>;

constexpr double kEpsilon = 1e-6;

lazydit_tensor tensor(Numbers* numbers, std::vector<int64_t> shape) {
  lazydit_tensor made = {
      numbers->data(), numbers->size() * sizeof(float), LAZYDIT_FLOAT32, static_cast<int32_t>(shape.size()), {}};
  std::copy(shape.begin(), shape.end(), made.shape);
  return made;
}

/* The tensors of one call, random inputs and outputs that nothing has filled. */
struct Call {
  Call(size_t tokens, size_t width, bool extrapolates)
      : x(random(tokens * width)),
        output(random(tokens * width)),
        previous(random(tokens * width)),
        weight(random(1)),
        gate(random(width)),
        next_x(tokens * width, NAN),
        norm(tokens * width, NAN),
        norm_sum(width, NAN) {
    const auto n = static_cast<int64_t>(tokens);
    const auto d = static_cast<int64_t>(width);
    inputs = {tensor(&x, {1, n, d}), tensor(&output, {1, n, d})};
    if (extrapolates) {
      inputs.push_back(tensor(&previous, {1, n, d}));
      inputs.push_back(tensor(&weight, {1}));
    } else {
      weight[0] = 0;
    }
    inputs.push_back(tensor(&gate, {1, 1, d}));
    outputs = {tensor(&next_x, {1, n, d}), tensor(&norm, {1, n, d}), tensor(&norm_sum, {1, d})};
  }

  static Numbers random(size_t count) {
    static std::mt19937 generator(0);
    std::normal_distribution<float> normal(2, 3);
    Numbers numbers(count);
    for (float& number : numbers) number = normal(generator);
    return numbers;
  }

  lazydit_native_signature signature() const {
    lazydit_native_signature made = {};
    made.num_inputs = inputs.size();
    made.num_outputs = outputs.size();
    std::copy(inputs.begin(), inputs.end(), made.inputs);
    std::copy(outputs.begin(), outputs.end(), made.outputs);
    return made;
  }

  void run() {
    auto kernel = ReuseKernel::of(signature(), kEpsilon);
    ASSERT_TRUE(kernel.has_value());
    kernel->run(inputs.data(), inputs.size(), outputs.data(), outputs.size());
  }

  Numbers x, output, previous, weight, gate, next_x, norm, norm_sum;
  std::vector<lazydit_tensor> inputs, outputs;
};

/* The formulas, in double and as they stand in textbooks. */
void expect_right(const Call& call, size_t tokens, size_t width) {
  std::vector<double> sums(width, 0.0);
  for (size_t row = 0; row < tokens; ++row) {
    std::vector<double> next(width);
    double mean = 0;
    for (size_t i = 0; i < width; ++i) {
      const size_t at = row * width + i;
      const double change = static_cast<double>(call.output[at]) - call.previous[at];
      next[i] = call.x[at] + call.gate[i] * (call.output[at] + call.weight[0] * change);
      mean += next[i] / static_cast<double>(width);
    }
    double variance = 0;
    for (const double value : next) variance += (value - mean) * (value - mean) / static_cast<double>(width);
    for (size_t i = 0; i < width; ++i) {
      const double norm = (next[i] - mean) / std::sqrt(variance + kEpsilon);
      sums[i] += norm;
      EXPECT_NEAR(call.next_x[row * width + i], next[i], 1e-4);
      EXPECT_NEAR(call.norm[row * width + i], norm, 1e-5);
    }
  }
  for (size_t i = 0; i < width; ++i) EXPECT_NEAR(call.norm_sum[i], sums[i], 1e-3);
}

struct Size {
  size_t tokens;
  size_t width;
};

class ReuseKernels : public testing::TestWithParam<Size> {};

/* Widths with and without a rest to the vectors, one part and several, parts of different sizes. */
INSTANTIATE_TEST_SUITE_P(Sizes, ReuseKernels,
                         testing::Values(Size{1, 1}, Size{3, 5}, Size{64, 128}, Size{101, 387}, Size{256, 384}));

TEST_P(ReuseKernels, ComputeReuse) {
  const auto [tokens, width] = GetParam();
  Call call(tokens, width, false);
  call.run();
  expect_right(call, tokens, width);
}

TEST_P(ReuseKernels, ComputeExtrapolate) {
  const auto [tokens, width] = GetParam();
  Call call(tokens, width, true);
  call.run();
  expect_right(call, tokens, width);
}

TEST(ReuseKernel, LeavesOtherProgramsToTheEngine) {
  const Call call(4, 8, false);
  const lazydit_native_signature reuse = call.signature();
  EXPECT_FALSE(ReuseKernel::of(reuse, 0).has_value());
  lazydit_native_signature half = reuse;
  for (lazydit_tensor* activation : {&half.inputs[0], &half.inputs[1], &half.outputs[0], &half.outputs[1]}) {
    activation->dtype = LAZYDIT_FLOAT16;
    activation->size_bytes /= 2;
  }
  EXPECT_FALSE(ReuseKernel::of(half, kEpsilon).has_value());
  lazydit_native_signature more = reuse;
  more.num_outputs = 4;
  EXPECT_FALSE(ReuseKernel::of(more, kEpsilon).has_value());
  lazydit_native_signature narrow = reuse;
  narrow.inputs[2].size_bytes -= sizeof(float);
  EXPECT_FALSE(ReuseKernel::of(narrow, kEpsilon).has_value());
  // x, norm, shift, scale, gate: as many as extrapolate takes.
  lazydit_native_signature module = reuse;
  module.num_inputs = 5;
  module.inputs[3] = module.inputs[4] = module.inputs[2];
  EXPECT_FALSE(ReuseKernel::of(module, kEpsilon).has_value());
}

}  // namespace
}  // namespace lazydit::native
