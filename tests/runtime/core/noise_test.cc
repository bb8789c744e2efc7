#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "expected_noise.h"
#include "lazydit.h"

namespace {

std::vector<float> Draw(uint64_t seed, std::size_t size) {
  std::vector<float> values(size);
  lazydit_randn(seed, values.data(), size);
  return values;
}

TEST(Noise, EqualsTorchRandn) {
  for (const ExpectedNoise& expected : kExpectedNoise) {
    const std::vector<float> drawn = Draw(expected.seed, expected.values.size());
    for (std::size_t i = 0; i < drawn.size(); ++i) {
      ASSERT_NEAR(drawn[i], expected.values[i], 1e-6)
          << "seed " << expected.seed << ", size " << drawn.size() << ", element " << i;
    }
  }
}

TEST(Noise, IsTheSameForTheSameSeed) { EXPECT_EQ(Draw(7, 1000), Draw(7, 1000)); }

TEST(Noise, DiffersBetweenSeeds) { EXPECT_NE(Draw(7, 1000), Draw(8, 1000)); }

TEST(Noise, IsStandardNormal) {
  const std::vector<float> values = Draw(3, 100000);
  double sum = 0.0;
  double squares = 0.0;
  for (const double value : values) {
    ASSERT_TRUE(std::isfinite(value));
    sum += value;
    squares += value * value;
  }
  EXPECT_NEAR(sum / 1e5, 0.0, 0.02);
  EXPECT_NEAR(squares / 1e5, 1.0, 0.02);
}

TEST(Noise, OfNoElementsTouchesNothing) { lazydit_randn(1, nullptr, 0); }

}  // namespace
