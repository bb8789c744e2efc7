#include "gates.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Sigmoid, IsOneHalfAtZero) { EXPECT_EQ(lazydit::Sigmoid(0.0), 0.5); }

TEST(Sigmoid, NeverOverflows) {
  EXPECT_EQ(lazydit::Sigmoid(1e300), 1.0);
  EXPECT_EQ(lazydit::Sigmoid(-1e300), 0.0);
  EXPECT_EQ(lazydit::Sigmoid(kInfinity), 1.0);
  EXPECT_EQ(lazydit::Sigmoid(-kInfinity), 0.0);
}

TEST(Sigmoid, KeepsNaN) { EXPECT_TRUE(std::isnan(lazydit::Sigmoid(std::nan("")))); }

TEST(Sigmoid, IsSymmetric) {
  for (const double x : {0.1, 1.0, 7.5, 30.0}) EXPECT_NEAR(lazydit::Sigmoid(x) + lazydit::Sigmoid(-x), 1.0, 1e-15);
}

TEST(Score, EqualsTheGateSummedOverAllModulatedTokens) {
  constexpr std::size_t kTokens = 7;
  constexpr std::size_t kWidth = 4;
  const std::vector<float> gate = {0.3F, -0.7F, 0.2F, 0.05F};
  const std::vector<float> shift = {0.1F, -0.2F, 0.3F, 0.0F};
  const std::vector<float> scale = {-0.5F, 0.25F, 0.0F, 1.0F};
  std::vector<float> norm_sum(kWidth, 0.0F);
  double logit = 0.0;
  for (std::size_t token = 0; token < kTokens; ++token) {
    for (std::size_t d = 0; d < kWidth; ++d) {
      const auto norm = static_cast<float>(std::sin(static_cast<double>(token * kWidth + d)));
      norm_sum[d] += norm;
      logit += gate[d] * (norm * (1.0 + scale[d]) + shift[d]);
    }
  }
  const float score = lazydit::Score(
      {gate.data(), kWidth}, {{norm_sum.data(), kWidth}, {shift.data(), kWidth}, {scale.data(), kWidth}}, kTokens);
  EXPECT_NEAR(score, 1.0 / (1.0 + std::exp(-logit)), 1e-6);
}

TEST(Score, OfAZeroGateIsOneHalf) {
  const std::vector<float> zero(3, 0.0F);
  const std::vector<float> ones(3, 1.0F);
  EXPECT_EQ(lazydit::Score({zero.data(), 3}, {{ones.data(), 3}, {ones.data(), 3}, {ones.data(), 3}}, 9), 0.5F);
}

TEST(Score, DoesNotLoseSmallTermsBesideLargeOnes) {
  // In single precision 1e8 + 1 - 1e8 is 0.
  const std::vector<float> gate = {1.0F, 1.0F, 1.0F};
  const std::vector<float> norm_sum = {1e8F, 1.0F, -1e8F};
  const std::vector<float> zero(3, 0.0F);
  const float score = lazydit::Score({gate.data(), 3}, {{norm_sum.data(), 3}, {zero.data(), 3}, {zero.data(), 3}}, 1);
  EXPECT_NEAR(score, 1.0 / (1.0 + std::exp(-1.0)), 1e-6);
}

}  // namespace
