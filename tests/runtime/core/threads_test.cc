#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

#include "scenario.h"

namespace lazydit_test {
namespace {

struct Outcome {
  std::vector<float> latent;
  std::vector<uint8_t> ran;
};

Outcome Generate(std::size_t index) {
  Scenario scenario(12);
  const std::array<lazydit_policy, 4> policies = {Always(), Lazy(), EveryN(3), FixedSchedule(2)};
  scenario.policy = policies[index % policies.size()];
  scenario.guided = index < 6;
  scenario.request.label = static_cast<int64_t>(index) % scenario.model.num_classes;
  scenario.request.seed = index;
  scenario.noise.clear();
  FakeExecutor executor(scenario.model);
  executor.record = false;
  const GenerationPtr generation = PlanOrFail(scenario);
  EXPECT_EQ(RunScenario(scenario, generation.get(), &executor), LAZYDIT_OK);
  return {LatentOf(scenario, generation.get()), RanOf(scenario, generation.get())};
}

TEST(Generations, AtTheSameTimeOnThreadsEqualThoseOneAfterTheOther) {
  constexpr std::size_t kGenerations = 8;
  std::array<Outcome, kGenerations> at_once;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kGenerations; ++i) {
    threads.emplace_back([&at_once, i] {
      for (int repetition = 0; repetition < 20; ++repetition) at_once[i] = Generate(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < kGenerations; ++i) {
    const Outcome alone = Generate(i);
    EXPECT_FALSE(alone.latent.empty());
    EXPECT_EQ(at_once[i].latent, alone.latent) << i;
    EXPECT_EQ(at_once[i].ran, alone.ran) << i;
  }
}

TEST(Generations, RunOnWhenAnotherIsCancelled) {
  Scenario scenario(12);
  const GenerationPtr cancelled = PlanOrFail(scenario);
  lazydit_generation_cancel(cancelled.get());
  std::thread other([] { EXPECT_FALSE(Generate(1).latent.empty()); });
  FakeExecutor executor(scenario.model);
  EXPECT_EQ(RunScenario(scenario, cancelled.get(), &executor), LAZYDIT_CANCELLED);
  other.join();
}

}  // namespace
}  // namespace lazydit_test
