#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "scenario.h"

namespace lazydit_test {
namespace {

// One module of one sample under a schedule, followed through a run.
class ExtrapolationTest : public testing::Test {
 protected:
  static constexpr std::size_t kModule = 1;

  ExtrapolationTest() : scenario_(7, OneBlock()), executor_(scenario_.model) {
    scenario_.guided = false;
    scenario_.policy = Extrapolating(FixedSchedule());
    const std::vector<uint8_t> runs = {1, 0, 0, 1, 0, 1, 0};
    for (std::size_t step = 0; step < runs.size(); ++step) scenario_.schedule[2 * step + kModule] = runs[step];
  }

  static FakeModel OneBlock() {
    FakeModel model;
    model.depth = 1;
    return model;
  }

  // The calls for the module, one a step.
  std::vector<RecordedCall> Run() {
    generation_ = PlanOrFail(scenario_);
    EXPECT_EQ(RunScenario(scenario_, generation_.get(), &executor_), LAZYDIT_OK);
    std::vector<RecordedCall> calls;
    std::size_t module = 0;
    for (const RecordedCall& call : executor_.calls) {
      if (call.program == kEmbed) module = 0;
      const bool of_module = call.program == kReuse || call.program == kExtrapolate || call.program >= kFirstModule;
      if (!of_module || call.program == kFinal || call.program == kCondition) continue;
      if (module++ == kModule) calls.push_back(call);
    }
    return calls;
  }

  Scenario scenario_;
  FakeExecutor executor_;
  GenerationPtr generation_;
};

TEST_F(ExtrapolationTest, TakesTheOnlyOutputAsItIs) {
  const auto calls = Run();
  EXPECT_EQ(calls[1].program, kReuse);
  EXPECT_EQ(calls[2].program, kReuse);
  EXPECT_EQ(calls[4].program, kExtrapolate);
  EXPECT_EQ(calls[6].program, kExtrapolate);
}

TEST_F(ExtrapolationTest, ReadsTheSlotsOfTheLastTwoOutputsWithoutACopy) {
  const auto calls = Run();
  const void* const first = calls[0].outputs[3].data;
  const void* const second = calls[3].outputs[3].data;
  EXPECT_NE(first, second);
  EXPECT_EQ(calls[4].inputs[1].data, second);
  EXPECT_EQ(calls[4].inputs[2].data, first);
  EXPECT_EQ(calls[5].outputs[3].data, first) << "the third output takes the place of the oldest";
  EXPECT_EQ(calls[6].inputs[1].data, first);
  EXPECT_EQ(calls[6].inputs[2].data, second);
}

TEST_F(ExtrapolationTest, WeighsBySteps) {
  for (std::size_t step = 0; step < 7; ++step) scenario_.schedule[2 * step] = 1;
  Run();
  // Step 4 is one after step 3, which came three after step 0; step 6 is one
  // after 5, which came two after 3.
  EXPECT_EQ(executor_.weights, (std::vector<float>{1.0F / 3.0F, 1.0F / 2.0F}));
}

TEST_F(ExtrapolationTest, IsInTheTraceAndInTheTimeOfReuse) {
  Run();
  const std::vector<uint8_t> extrapolated = ExtrapolatedOf(scenario_, generation_.get());
  std::vector<uint8_t> of_module;
  for (std::size_t step = 0; step < 7; ++step) of_module.push_back(extrapolated[2 * step + kModule]);
  EXPECT_EQ(of_module, (std::vector<uint8_t>{0, 0, 0, 0, 1, 0, 1}));
  lazydit_timings timings;
  lazydit_generation_timings(generation_.get(), &timings);
  EXPECT_GT(timings.reuse_ms, 0.0);
  EXPECT_NEAR(timings.total_ms,
              timings.condition_ms + timings.embed_ms + timings.attn_ms + timings.mlp_ms + timings.reuse_ms +
                  timings.final_ms + timings.scheduler_ms,
              1e-9);
}

TEST_F(ExtrapolationTest, StartsAnewWithEveryRun) {
  Run();
  const std::vector<float> latent = LatentOf(scenario_, generation_.get());
  ASSERT_EQ(RunScenario(scenario_, generation_.get(), &executor_), LAZYDIT_OK);
  EXPECT_EQ(LatentOf(scenario_, generation_.get()), latent);
}

TEST_F(ExtrapolationTest, ThatFailsIsNamed) {
  Run();
  std::size_t first = 0;
  while (executor_.calls[first].program != kExtrapolate) ++first;
  executor_.reason = "no";
  executor_.before = [=](std::size_t call) { return call == first ? 1 : 0; };
  lazydit_error error;
  EXPECT_EQ(RunScenario(scenario_, generation_.get(), &executor_, &error), LAZYDIT_EXECUTOR_FAILED);
  EXPECT_EQ(std::string(error.message).find("program 5 (extrapolate block 0 "), 0U) << error.message;
}

}  // namespace
}  // namespace lazydit_test
