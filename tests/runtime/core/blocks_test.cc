#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "scenario.h"

namespace lazydit_test {
namespace {

class BlocksTest : public testing::Test {
 protected:
  BlocksTest() : scenario_(6, WithBlocks()) { scenario_.guided = false; }

  static FakeModel WithBlocks() {
    FakeModel model;
    model.whole_blocks = true;
    return model;
  }

  // What one step calls between embed and final, a letter a program: a, m for a module's, r for reuse, B for a block.
  std::vector<std::string> CallsPerStep(const lazydit_policy& policy) {
    scenario_.policy = policy;
    FakeExecutor executor(scenario_.model);
    generation_ = PlanOrFail(scenario_);
    EXPECT_EQ(RunScenario(scenario_, generation_.get(), &executor), LAZYDIT_OK);
    std::vector<std::string> steps;
    for (const RecordedCall& call : executor.calls) {
      if (call.program == kEmbed) steps.emplace_back();
      if (call.program == kReuse) steps.back() += 'r';
      if (call.program >= kFirstModule && call.program < kFirstBlock) steps.back() += call.program % 2 == 0 ? 'a' : 'm';
      if (call.program >= kFirstBlock && call.program < kFinal) steps.back() += 'B';
    }
    return steps;
  }

  Scenario scenario_;
  GenerationPtr generation_;
};

using Calls = std::vector<std::string>;

TEST_F(BlocksTest, RunWherePolicyRunsEverything) {
  EXPECT_EQ(CallsPerStep(Always()), Calls(6, "BB"));
  EXPECT_EQ(CallsPerStep(EveryN(3)), Calls({"BB", "rrrr", "rrrr", "BB", "rrrr", "rrrr"}));
}

TEST_F(BlocksTest, RunWhereAScheduleRunsBothModules) {
  scenario_.schedule = {1, 1, 1, 1,  //
                        1, 1, 0, 1,  //
                        1, 0, 1, 1,  //
                        0, 0, 0, 0,  //
                        0, 0, 1, 0,  //
                        1, 1, 0, 0};
  EXPECT_EQ(CallsPerStep(FixedSchedule()), Calls({"BB", "Brm", "arB", "rrrr", "rrar", "Brr"}));
  // After one reuse a module runs, whatever its mask says.
  EXPECT_EQ(CallsPerStep(FixedSchedule(1)), Calls({"BB", "Brm", "arB", "rmrr", "arB", "Brr"}));
}

TEST_F(BlocksTest, RunAtTheFirstStepOnlyWhereGatesAreAsked) {
  for (const int32_t max_reuse : {0, 1}) {
    const Calls calls = CallsPerStep(Lazy(0.7F, 0.7F, max_reuse));
    EXPECT_EQ(calls.front(), "BB");
    for (std::size_t step = 1; step < calls.size(); ++step) {
      EXPECT_EQ(calls[step].size(), scenario_.model.modules());
      EXPECT_EQ(calls[step].find('B'), std::string::npos);
    }
  }
}

TEST_F(BlocksTest, TakeTheTimeOfBothModules) {
  CallsPerStep(Always());
  lazydit_timings timings;
  lazydit_generation_timings(generation_.get(), &timings);
  EXPECT_GT(timings.block_ms, 0.0);
  EXPECT_EQ(timings.attn_ms + timings.mlp_ms + timings.reuse_ms, 0.0);
  const double* module_ms = lazydit_generation_module_ms(generation_.get());
  double sum = 0.0;
  for (std::size_t i = 0; i < 6 * scenario_.model.modules(); i += 2) {
    EXPECT_EQ(module_ms[i], module_ms[i + 1]);
    sum += module_ms[i] + module_ms[i + 1];
  }
  EXPECT_NEAR(sum, timings.block_ms, 1e-9);
  EXPECT_NEAR(timings.total_ms,
              timings.condition_ms + timings.embed_ms + timings.block_ms + timings.final_ms + timings.scheduler_ms,
              1e-9);
}

TEST_F(BlocksTest, AreNamedWhenTheyFail) {
  scenario_.policy = Always();
  FakeExecutor executor(scenario_.model);
  executor.reason = "no";
  executor.before = [](std::size_t call) { return call == 3 ? 1 : 0; };
  generation_ = PlanOrFail(scenario_);
  lazydit_error error;
  EXPECT_EQ(RunScenario(scenario_, generation_.get(), &executor, &error), LAZYDIT_EXECUTOR_FAILED);
  EXPECT_STREQ(error.message, "program 41 (run block 1, step 0) failed: no");
}

TEST_F(BlocksTest, ThatReuseNothingKeepTwoOutputs) {
  scenario_.policy = Always();
  const lazydit_model model = scenario_.Model();
  const lazydit_plan plan = scenario_.Plan();
  lazydit_memory memory;
  ASSERT_EQ(lazydit_generation_memory(&model, &plan, &memory, nullptr), LAZYDIT_OK);
  EXPECT_GE(memory.cache, 2 * scenario_.model.hidden() * sizeof(float));
  EXPECT_LT(memory.cache, 2 * (scenario_.model.hidden() * sizeof(float) + 3 * LAZYDIT_ALIGNMENT));
}

}  // namespace
}  // namespace lazydit_test
