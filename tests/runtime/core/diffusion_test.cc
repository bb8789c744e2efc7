#include "diffusion.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "lazydit.h"

namespace {

std::vector<int64_t> Spaced(int32_t train_steps, int32_t steps) {
  std::vector<int64_t> timesteps(static_cast<std::size_t>(steps));
  EXPECT_EQ(lazydit_spaced_timesteps(train_steps, steps, timesteps.data(), nullptr), LAZYDIT_OK);
  return timesteps;
}

TEST(SpacedTimesteps, EqualThePublishedRespacing) {
  EXPECT_EQ(Spaced(1000, 10), (std::vector<int64_t>{999, 888, 777, 666, 555, 444, 333, 222, 111, 0}));
  EXPECT_EQ(Spaced(1000, 7), (std::vector<int64_t>{999, 832, 666, 500, 333, 166, 0}));
}

TEST(SpacedTimesteps, RoundHalvesToEven) {
  EXPECT_EQ(Spaced(6, 3), (std::vector<int64_t>{5, 2, 0}));
  EXPECT_EQ(Spaced(4, 3), (std::vector<int64_t>{3, 2, 0}));
}

TEST(SpacedTimesteps, OfOneStepAreTheLeastNoisy) { EXPECT_EQ(Spaced(1000, 1), (std::vector<int64_t>{0})); }

TEST(SpacedTimesteps, DescendFromTheLastTimestepToTheFirstForEveryStepCount) {
  for (int32_t steps = 2; steps <= 1000; ++steps) {
    const std::vector<int64_t> timesteps = Spaced(1000, steps);
    ASSERT_EQ(timesteps.front(), 999);
    ASSERT_EQ(timesteps.back(), 0);
    for (std::size_t i = 1; i < timesteps.size(); ++i) ASSERT_LT(timesteps[i], timesteps[i - 1]);
  }
}

TEST(AlphasCumprod, MultiplyOneMinusRisingBetas) {
  std::vector<double> alphas(3);
  ASSERT_EQ(lazydit_alphas_cumprod(3, 0.1, 0.3, alphas.data(), nullptr), LAZYDIT_OK);
  EXPECT_NEAR(alphas[0], 0.9, 1e-15);
  EXPECT_NEAR(alphas[1], 0.9 * 0.8, 1e-15);
  EXPECT_NEAR(alphas[2], 0.9 * 0.8 * 0.7, 1e-15);
}

TEST(AlphasCumprod, EqualTorchForTheUsualSchedule) {
  std::vector<double> alphas(1000);
  ASSERT_EQ(lazydit_alphas_cumprod(1000, 1e-4, 0.02, alphas.data(), nullptr), LAZYDIT_OK);
  EXPECT_NEAR(alphas[0], 0.9999, 1e-15);
  EXPECT_NEAR(alphas[499], 0.07858724288177824, 1e-14);
  EXPECT_NEAR(alphas[999], 4.0358297653756754e-05, 1e-16);
}

TEST(AlphasCumprod, OfOneStepHasTheFirstBeta) {
  double alpha = 0.0;
  ASSERT_EQ(lazydit_alphas_cumprod(1, 0.25, 0.5, &alpha, nullptr), LAZYDIT_OK);
  EXPECT_EQ(alpha, 0.75);
}

TEST(Guide, MovesTheLeadingElementsAwayFromTheUnconditional) {
  std::vector<float> conditional = {1.0F, 2.0F, 3.0F};
  const std::vector<float> unconditional = {0.5F, 4.0F};
  lazydit::Guide({conditional.data(), 3}, {unconditional.data(), 2}, 3.0);
  EXPECT_EQ(conditional, (std::vector<float>{2.0F, -2.0F, 3.0F}));
}

TEST(DdimStep, EqualsHandWorkedValues) {
  // alpha 0.36: x0 = (x - 0.8 eps) / 0.6; next alpha 0.64: 0.8 x0 + 0.6 eps.
  std::vector<float> latent = {1.0F, -0.5F};
  const std::vector<float> eps = {0.5F, 0.25F};
  lazydit::DdimStep({latent.data(), 2}, {eps.data(), 2}, 0.36, 0.64);
  EXPECT_NEAR(latent[0], 0.8 * 1.0 + 0.3, 1e-6);
  EXPECT_NEAR(latent[1], 0.8 * (-0.7 / 0.6) + 0.15, 1e-6);
}

TEST(DdimStep, ToNoNoiseLeavesTheCleanLatent) {
  std::vector<float> latent = {1.0F};
  const std::vector<float> eps = {0.5F};
  lazydit::DdimStep({latent.data(), 1}, {eps.data(), 1}, 0.36, 1.0);
  EXPECT_NEAR(latent[0], 1.0, 1e-6);
}

TEST(DdimStep, DoesNotClip) {
  std::vector<float> latent = {100.0F};
  const std::vector<float> eps = {0.0F};
  lazydit::DdimStep({latent.data(), 1}, {eps.data(), 1}, 0.25, 1.0);
  EXPECT_NEAR(latent[0], 200.0, 1e-4);
}

}  // namespace
