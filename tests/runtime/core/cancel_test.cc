#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <thread>

#include "scenario.h"

namespace lazydit_test {
namespace {

class CancelTest : public testing::Test {
 protected:
  CancelTest() : executor_(scenario_.model) {
    scenario_.policy = Lazy();
    scenario_.model.decodes = true;
    executor_ = FakeExecutor(scenario_.model);
    generation_ = PlanOrFail(scenario_);
    EXPECT_EQ(Run(), LAZYDIT_OK);
    whole_latent_ = LatentOf(scenario_, generation_.get());
    num_programs_ = executor_.num_calls;
  }

  lazydit_status Run() { return RunScenario(scenario_, generation_.get(), &executor_, &error_); }

  void ExpectNoResult() {
    EXPECT_EQ(lazydit_generation_latent(generation_.get()), nullptr);
    EXPECT_EQ(lazydit_generation_image(generation_.get()), nullptr);
  }

  void ExpectRunsToTheEnd() {
    executor_.before = nullptr;
    ASSERT_EQ(Run(), LAZYDIT_OK) << error_.message;
    EXPECT_EQ(LatentOf(scenario_, generation_.get()), whole_latent_);
  }

  Scenario scenario_{4};
  FakeExecutor executor_;
  GenerationPtr generation_;
  lazydit_error error_;
  std::vector<float> whole_latent_;
  std::size_t num_programs_ = 0;
};

TEST_F(CancelTest, StopsBeforeTheNextProgramWhereverItComes) {
  for (std::size_t index = 0; index < num_programs_; ++index) {
    executor_.before = [&](std::size_t call) {
      if (call == index) lazydit_generation_cancel(generation_.get());
      return 0;
    };
    ASSERT_EQ(Run(), LAZYDIT_CANCELLED) << index;
    EXPECT_EQ(error_.status, LAZYDIT_CANCELLED);
    EXPECT_STRNE(error_.message, "");
    EXPECT_EQ(executor_.num_calls, index + 1);
    ExpectNoResult();
    ExpectRunsToTheEnd();
  }
}

TEST_F(CancelTest, BetweenTwoRunsStopsTheNextOne) {
  lazydit_generation_cancel(generation_.get());
  lazydit_generation_cancel(generation_.get());
  EXPECT_EQ(Run(), LAZYDIT_CANCELLED);
  EXPECT_EQ(executor_.num_calls, 0U);
  ExpectNoResult();
  ExpectRunsToTheEnd();
}

TEST_F(CancelTest, OfARunThatFailsDoesNotStopTheNextOne) {
  executor_.before = [&](std::size_t) {
    lazydit_generation_cancel(generation_.get());
    return 1;
  };
  EXPECT_EQ(Run(), LAZYDIT_EXECUTOR_FAILED);
  ExpectRunsToTheEnd();
}

TEST_F(CancelTest, ByTheStepCallbackStopsAfterThatStep) {
  for (int32_t stop = 0; stop < scenario_.steps; ++stop) {
    scenario_.request.user = &stop;
    scenario_.request.on_step = [](void* user, const lazydit_step* step) -> int32_t {
      return step->step == *static_cast<int32_t*>(user) ? 1 : 0;
    };
    EXPECT_EQ(Run(), LAZYDIT_CANCELLED);
    ExpectNoResult();
    scenario_.request.on_step = nullptr;
    ExpectRunsToTheEnd();
  }
}

TEST_F(CancelTest, LeavesTheStepsThatWereNotReachedEmptyInTheTrace) {
  scenario_.request.on_step = [](void*, const lazydit_step* step) -> int32_t { return step->step == 1 ? 1 : 0; };
  ASSERT_EQ(Run(), LAZYDIT_CANCELLED);
  const std::size_t decisions = scenario_.samples() * scenario_.model.modules();
  const std::vector<float> scores = ScoresOf(scenario_, generation_.get());
  const std::vector<uint8_t> ran = RanOf(scenario_, generation_.get());
  EXPECT_FALSE(std::isnan(scores[decisions]));
  for (std::size_t i = 2 * decisions; i < scores.size(); ++i) {
    EXPECT_TRUE(std::isnan(scores[i]));
    EXPECT_EQ(ran[i], 0);
    EXPECT_EQ(lazydit_generation_module_ms(generation_.get())[i], 0.0);
  }
  EXPECT_GT(lazydit_generation_step_ms(generation_.get())[1], 0.0);
  EXPECT_EQ(lazydit_generation_step_ms(generation_.get())[2], 0.0);
}

TEST_F(CancelTest, FromAnotherThreadStopsTheRun) {
  std::atomic<bool> running{false};
  std::atomic<bool> cancelled{false};
  executor_.before = [&](std::size_t call) {
    if (call != 10) return 0;
    running = true;
    while (!cancelled) std::this_thread::yield();
    return 0;
  };
  std::thread other([&] {
    while (!running) std::this_thread::yield();
    lazydit_generation_cancel(generation_.get());
    cancelled = true;
  });
  EXPECT_EQ(Run(), LAZYDIT_CANCELLED);
  other.join();
  EXPECT_EQ(executor_.num_calls, 11U);
  ExpectRunsToTheEnd();
}

}  // namespace
}  // namespace lazydit_test
