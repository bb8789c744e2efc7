#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <numeric>

#include "reference.h"
#include "scenario.h"

namespace lazydit_test {
namespace {

int CountCalls(const FakeExecutor& executor, int32_t program) {
  int count = 0;
  for (const RecordedCall& call : executor.calls) count += call.program == program ? 1 : 0;
  return count;
}

class GenerationTest : public testing::Test {
 protected:
  void Run() {
    executor_ = std::make_unique<FakeExecutor>(scenario_.model);
    generation_ = PlanOrFail(scenario_);
    ASSERT_EQ(RunScenario(scenario_, generation_.get(), executor_.get()), LAZYDIT_OK);
  }

  void ExpectLatentOfReference() {
    const std::vector<double> expected = Reference(scenario_).latent;
    const std::vector<float> latent = LatentOf(scenario_, generation_.get());
    ASSERT_EQ(latent.size(), expected.size());
    for (std::size_t i = 0; i < latent.size(); ++i) EXPECT_NEAR(latent[i], expected[i], 1e-4) << i;
  }

  Scenario scenario_;
  std::unique_ptr<FakeExecutor> executor_;
  GenerationPtr generation_;
};

TEST_F(GenerationTest, EmbedsOncePerStepForBothSamples) {
  Run();
  EXPECT_EQ(CountCalls(*executor_, kEmbed), scenario_.steps);
  EXPECT_EQ(CountCalls(*executor_, kFinal), 2 * scenario_.steps);
}

TEST_F(GenerationTest, WithoutGuidanceHasOneSample) {
  scenario_.guided = false;
  scenario_.request.guidance = std::nan("");
  Run();
  EXPECT_EQ(lazydit_generation_samples(generation_.get()), 1);
  EXPECT_EQ(CountCalls(*executor_, kCondition), 1);
  EXPECT_EQ(CountCalls(*executor_, kFinal), scenario_.steps);
  ExpectLatentOfReference();
}

TEST_F(GenerationTest, GuidesTheFirstChannelsOnly) {
  for (scenario_.guidance_channels = 1; scenario_.guidance_channels <= scenario_.model.channels;
       ++scenario_.guidance_channels) {
    Run();
    ExpectLatentOfReference();
  }
}

TEST_F(GenerationTest, OfAModelThatDoesNotLearnSigmaIsRight) {
  scenario_.model.learns_sigma = false;
  Run();
  ExpectLatentOfReference();
}

TEST_F(GenerationTest, OfASingleBlockIsRight) {
  FakeModel model;
  model.depth = 1;
  scenario_ = Scenario(5, model);
  scenario_.policy = EveryN(2);
  Run();
  ExpectLatentOfReference();
}

TEST_F(GenerationTest, OfASingleStepRunsEveryModule) {
  scenario_ = Scenario(1);
  scenario_.policy = Lazy();
  Run();
  EXPECT_EQ(RanOf(scenario_, generation_.get()), std::vector<uint8_t>(8, 1));
  ExpectLatentOfReference();
}

TEST_F(GenerationTest, ConditionsInChunks) {
  scenario_ = Scenario(7);
  const std::vector<float> whole = [&] {
    Run();
    return LatentOf(scenario_, generation_.get());
  }();
  for (const int64_t max_steps : {1, 2, 3, 6, 7}) {
    scenario_.model.condition_max_steps = max_steps;
    Run();
    EXPECT_EQ(CountCalls(*executor_, kCondition), 2 * ((7 + max_steps - 1) / max_steps));
    EXPECT_EQ(LatentOf(scenario_, generation_.get()), whole);
  }
}

TEST_F(GenerationTest, WritesModuleOutputsIntoTheSlotThatReuseReads) {
  scenario_.policy = FixedSchedule();
  Run();
  std::vector<const void*> slots(scenario_.samples() * scenario_.model.modules(), nullptr);
  std::size_t position = 0;
  for (const RecordedCall& call : executor_->calls) {
    if (call.program == kReuse) {
      EXPECT_EQ(call.inputs[1].data, slots[position]);
    } else if (call.program >= kFirstModule && call.program < kFinal) {
      slots[position] = call.outputs[3].data;
    } else {
      continue;
    }
    position = (position + 1) % slots.size();
  }
}

// Begin and end of every tensor that is a whole buffer.
std::map<std::uintptr_t, std::uintptr_t> WholeBuffers(const Scenario& scenario, const FakeExecutor& executor) {
  std::map<std::uintptr_t, std::uintptr_t> buffers;
  for (const RecordedCall& call : executor.calls) {
    for (const auto* tensors : {&call.inputs, &call.outputs}) {
      for (const lazydit_tensor& tensor : *tensors) {
        // Vectors of modulation lie inside its buffer.
        const bool modulation = tensor.rank == 3 && tensor.size_bytes < scenario.model.hidden() * sizeof(float);
        if (modulation) continue;
        const auto begin = reinterpret_cast<std::uintptr_t>(tensor.data);
        buffers[begin] = begin + tensor.size_bytes;
      }
    }
  }
  return buffers;
}

TEST_F(GenerationTest, AlignsEveryWholeBuffer) {
  scenario_.model.decodes = true;
  scenario_.policy = Lazy();
  Run();
  for (const auto& [begin, end] : WholeBuffers(scenario_, *executor_)) EXPECT_EQ(begin % LAZYDIT_ALIGNMENT, 0U);
}

TEST_F(GenerationTest, PadsEveryWholeBuffer) {
  scenario_.model.decodes = true;
  scenario_.policy = Lazy();
  Run();
  const auto buffers = WholeBuffers(scenario_, *executor_);
  ASSERT_GT(buffers.size(), 20U);
  std::uintptr_t end_before = 0;
  for (const auto& [begin, end] : buffers) {
    EXPECT_GE(begin - end_before, std::uintptr_t{LAZYDIT_ALIGNMENT});
    end_before = end;
  }
}

TEST_F(GenerationTest, DrawsTheNoiseOfTheSeed) {
  scenario_.request.seed = 1234567;
  std::vector<float> noise(scenario_.model.latent());
  lazydit_randn(1234567, noise.data(), noise.size());
  scenario_.noise.clear();
  Run();
  const std::vector<float> drawn = LatentOf(scenario_, generation_.get());
  scenario_.noise = noise;
  Run();
  EXPECT_EQ(LatentOf(scenario_, generation_.get()), drawn);
}

TEST_F(GenerationTest, DecodesTheLatent) {
  scenario_.model.decodes = true;
  Run();
  const std::vector<float> latent = LatentOf(scenario_, generation_.get());
  const float* image = lazydit_generation_image(generation_.get());
  ASSERT_NE(image, nullptr);
  for (std::size_t i = 0; i < scenario_.model.image(); ++i) {
    EXPECT_EQ(image[i], static_cast<float>(DecodeValue(latent[i % latent.size()], i)));
  }
  EXPECT_EQ(CountCalls(*executor_, kDecode), 1);
}

TEST_F(GenerationTest, HasNoImageWithoutDecode) {
  Run();
  EXPECT_NE(lazydit_generation_latent(generation_.get()), nullptr);
  EXPECT_EQ(lazydit_generation_image(generation_.get()), nullptr);
}

TEST_F(GenerationTest, HasNoLatentBeforeItRan) {
  generation_ = PlanOrFail(scenario_);
  EXPECT_EQ(lazydit_generation_latent(generation_.get()), nullptr);
  for (const float score : ScoresOf(scenario_, generation_.get())) EXPECT_TRUE(std::isnan(score));
}

TEST_F(GenerationTest, RunAgainForAnotherRequestEqualsAFreshOne) {
  scenario_.policy = Lazy(0.5F, 0.5F, 2);
  Run();
  scenario_.request.label = 3;
  scenario_.request.guidance = 1.0;
  scenario_.noise[0] = 2.0F;
  ASSERT_EQ(RunScenario(scenario_, generation_.get(), executor_.get()), LAZYDIT_OK);
  const std::vector<float> again = LatentOf(scenario_, generation_.get());
  const std::vector<uint8_t> ran = RanOf(scenario_, generation_.get());
  Run();
  EXPECT_EQ(LatentOf(scenario_, generation_.get()), again);
  EXPECT_EQ(RanOf(scenario_, generation_.get()), ran);
  ExpectLatentOfReference();
}

TEST_F(GenerationTest, KeepsNothingOfWhatPlanWasGiven) {
  scenario_.policy = Lazy();
  const std::vector<double> expected = Reference(scenario_).latent;
  generation_ = PlanOrFail(scenario_);
  scenario_.gates.assign(scenario_.gates.size(), 100.0F);
  scenario_.timesteps.assign(scenario_.timesteps.size(), -1);
  scenario_.alphas_cumprod.assign(scenario_.alphas_cumprod.size(), -1.0);
  scenario_.module_programs.assign(scenario_.module_programs.size(), -1);
  executor_ = std::make_unique<FakeExecutor>(scenario_.model);
  ASSERT_EQ(RunScenario(scenario_, generation_.get(), executor_.get()), LAZYDIT_OK);
  const std::vector<float> latent = LatentOf(scenario_, generation_.get());
  for (std::size_t i = 0; i < latent.size(); ++i) EXPECT_NEAR(latent[i], expected[i], 1e-4);
}

TEST_F(GenerationTest, ReportsEveryStepAsItEnds) {
  scenario_.policy = EveryN(2);
  std::vector<lazydit_step> reports;
  scenario_.request.user = &reports;
  scenario_.request.on_step = [](void* user, const lazydit_step* step) {
    static_cast<std::vector<lazydit_step>*>(user)->push_back(*step);
    return 0;
  };
  Run();
  ASSERT_EQ(reports.size(), 6U);
  for (int32_t step = 0; step < 6; ++step) {
    const lazydit_step& report = reports[static_cast<std::size_t>(step)];
    EXPECT_EQ(report.step, step);
    EXPECT_EQ(report.steps, 6);
    EXPECT_EQ(report.reached, 8);
    EXPECT_EQ(report.reused, step % 2 == 0 ? 0 : 8);
    EXPECT_EQ(report.step_ms, lazydit_generation_step_ms(generation_.get())[step]);
    EXPECT_GT(report.step_ms, 0.0);
  }
}

TEST_F(GenerationTest, TimesAddUpToTheTotal) {
  scenario_.policy = EveryN(2);
  scenario_.model.decodes = true;
  Run();
  lazydit_timings timings;
  lazydit_generation_timings(generation_.get(), &timings);
  const double programs = timings.condition_ms + timings.embed_ms + timings.attn_ms + timings.mlp_ms +
                          timings.reuse_ms + timings.final_ms + timings.decode_ms;
  EXPECT_NEAR(timings.total_ms, programs + timings.scheduler_ms, 1e-9);
  EXPECT_GT(timings.scheduler_ms, 0.0);
  for (const double share : {timings.condition_ms, timings.embed_ms, timings.attn_ms, timings.mlp_ms, timings.reuse_ms,
                             timings.final_ms, timings.decode_ms}) {
    EXPECT_GT(share, 0.0);
  }
  const double* module_ms = lazydit_generation_module_ms(generation_.get());
  EXPECT_NEAR(std::accumulate(module_ms, module_ms + 6 * 2 * 4, 0.0),
              timings.attn_ms + timings.mlp_ms + timings.reuse_ms, 1e-9);
}

TEST(StatusName, NamesEveryStatus) {
  EXPECT_STREQ(lazydit_status_name(LAZYDIT_OK), "ok");
  EXPECT_STREQ(lazydit_status_name(LAZYDIT_INVALID_ARGUMENT), "invalid argument");
  EXPECT_STREQ(lazydit_status_name(LAZYDIT_OUT_OF_MEMORY), "out of memory");
  EXPECT_STREQ(lazydit_status_name(LAZYDIT_CANCELLED), "cancelled");
  EXPECT_STREQ(lazydit_status_name(LAZYDIT_EXECUTOR_FAILED), "executor failed");
  EXPECT_STREQ(lazydit_status_name(static_cast<lazydit_status>(7)), "unknown status");
}

TEST(Version, IsThreeNumbers) {
  int major = 0;
  int minor = 0;
  int patch = 0;
  EXPECT_EQ(std::sscanf(lazydit_version(), "%d.%d.%d", &major, &minor, &patch), 3) << lazydit_version();
}

}  // namespace
}  // namespace lazydit_test
