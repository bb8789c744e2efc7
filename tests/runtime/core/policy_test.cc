#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <ostream>
#include <string>
#include <utility>

#include "reference.h"
#include "scenario.h"

namespace lazydit_test {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Case {
  std::string name;
  lazydit_policy policy;
};

// Without it GoogleTest prints a case as its bytes.
void PrintTo(const Case& one, std::ostream* stream) { *stream << one.name; }

class PolicyTest : public testing::TestWithParam<std::tuple<Case, bool, bool>> {};

TEST_P(PolicyTest, TakesTheDecisionsAndGivesTheLatentOfThePlainMethod) {
  FakeModel model;
  model.whole_blocks = std::get<2>(GetParam());
  Scenario scenario(9, model);
  scenario.policy = std::get<0>(GetParam()).policy;
  scenario.guided = std::get<1>(GetParam());
  const ReferenceResult expected = Reference(scenario);
  FakeExecutor executor(scenario.model);
  const GenerationPtr generation = PlanOrFail(scenario);
  ASSERT_EQ(RunScenario(scenario, generation.get(), &executor), LAZYDIT_OK);

  EXPECT_EQ(RanOf(scenario, generation.get()), expected.ran);
  EXPECT_EQ(ExtrapolatedOf(scenario, generation.get()), expected.extrapolated);
  const std::vector<float> scores = ScoresOf(scenario, generation.get());
  ASSERT_EQ(scores.size(), expected.scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    ASSERT_EQ(std::isnan(scores[i]), std::isnan(expected.scores[i])) << i;
    if (std::isnan(scores[i])) continue;
    ASSERT_NEAR(scores[i], expected.scores[i], 1e-4) << i;
  }
  const std::vector<float> latent = LatentOf(scenario, generation.get());
  ASSERT_EQ(latent.size(), expected.latent.size());
  for (std::size_t i = 0; i < latent.size(); ++i) EXPECT_NEAR(latent[i], expected.latent[i], 1e-4) << i;
}

INSTANTIATE_TEST_SUITE_P(
    Policies, PolicyTest,
    testing::Combine(
        testing::Values(Case{"Always", Always()}, Case{"Lazy", Lazy()}, Case{"LazyWithOwnThresholds", Lazy(0.3F, 0.8F)},
                        Case{"LazyReusingAtMostOnce", Lazy(0.7F, 0.7F, 1)},
                        Case{"LazyReusingAtMostThrice", Lazy(0.9F, 0.9F, 3)}, Case{"EverySecond", EveryN(2)},
                        Case{"EveryFifth", EveryN(5)}, Case{"EveryFifthReusingAtMostTwice", EveryN(5, 2)},
                        Case{"Schedule", FixedSchedule()}, Case{"ScheduleReusingAtMostOnce", FixedSchedule(1)},
                        Case{"LazyExtrapolating", Extrapolating(Lazy())},
                        Case{"LazyReusingAtMostTwiceExtrapolating", Extrapolating(Lazy(0.7F, 0.7F, 2))},
                        Case{"EveryThirdExtrapolating", Extrapolating(EveryN(3))},
                        Case{"AlwaysExtrapolating", Extrapolating(Always())},
                        Case{"ScheduleExtrapolating", Extrapolating(FixedSchedule())}),
        testing::Bool(), testing::Bool()),
    [](const auto& info) {
      return std::get<0>(info.param).name + (std::get<1>(info.param) ? "Guided" : "Unguided") +
             (std::get<2>(info.param) ? "InBlocks" : "");
    });

std::vector<uint8_t> Ran(const Scenario& scenario) {
  FakeExecutor executor(scenario.model);
  const GenerationPtr generation = PlanOrFail(scenario);
  EXPECT_EQ(RunScenario(scenario, generation.get(), &executor), LAZYDIT_OK);
  return RanOf(scenario, generation.get());
}

// [steps] of one module of one sample.
std::vector<uint8_t> RanOfModule(const Scenario& scenario, std::size_t sample, std::size_t module) {
  const std::vector<uint8_t> ran = Ran(scenario);
  std::vector<uint8_t> picked;
  for (std::size_t step = 0; step < static_cast<std::size_t>(scenario.steps); ++step) {
    picked.push_back(ran[(step * scenario.samples() + sample) * scenario.model.modules() + module]);
  }
  return picked;
}

TEST(LazyPolicy, OfTheTestsRunsSomeModulesAndReusesOthers) {
  Scenario scenario(9);
  scenario.policy = Lazy();
  const std::vector<uint8_t> ran = Ran(scenario);
  const auto reused = std::count(ran.begin(), ran.end(), uint8_t{0});
  EXPECT_GT(reused, 10);
  EXPECT_LT(reused, 60);
}

TEST(LazyPolicy, DecidesForEverySampleApart) {
  Scenario scenario(9);
  scenario.policy = Lazy();
  bool differ = false;
  for (std::size_t module = 0; module < scenario.model.modules(); ++module) {
    differ = differ || RanOfModule(scenario, 0, module) != RanOfModule(scenario, 1, module);
  }
  EXPECT_TRUE(differ);
}

TEST(LazyPolicy, RunsAModuleWhoseScoreEqualsTheThreshold) {
  Scenario scenario(4);
  scenario.policy = Lazy();
  std::fill(scenario.gates.begin(), scenario.gates.end(), 0.0F);
  const std::vector<uint8_t> ran = Ran(scenario);
  EXPECT_EQ(std::count(ran.begin(), ran.end(), uint8_t{0}), 0);
}

TEST(LazyPolicy, HasThresholdsForAttnAndMlpApart) {
  Scenario scenario(4);
  scenario.policy = Lazy(kInfinity, -kInfinity);
  EXPECT_EQ(RanOfModule(scenario, 0, 2), (std::vector<uint8_t>{1, 0, 0, 0}));
  EXPECT_EQ(RanOfModule(scenario, 0, 3), (std::vector<uint8_t>{1, 1, 1, 1}));
}

TEST(LazyPolicy, RunsAModuleWhoseScoreIsNaN) {
  Scenario scenario(3);
  scenario.policy = Lazy(kInfinity, kInfinity);
  const std::size_t masked = scenario.model.modules() + 1;
  scenario.gates[masked * static_cast<std::size_t>(scenario.model.width)] = std::nanf("");
  EXPECT_EQ(RanOfModule(scenario, 0, 0), (std::vector<uint8_t>{1, 0, 0}));
  EXPECT_EQ(RanOfModule(scenario, 0, 1), (std::vector<uint8_t>{1, 1, 0}));
}

TEST(EveryNPolicy, RunsAtMultiplesOfN) {
  Scenario scenario(7);
  scenario.policy = EveryN(3);
  EXPECT_EQ(RanOfModule(scenario, 1, 2), (std::vector<uint8_t>{1, 0, 0, 1, 0, 0, 1}));
}

TEST(SchedulePolicy, RunsEveryModuleAtTheFirstStepWhateverItsMaskSays) {
  Scenario scenario(3);
  scenario.policy = FixedSchedule();
  std::fill(scenario.schedule.begin(), scenario.schedule.end(), uint8_t{0});
  EXPECT_EQ(RanOfModule(scenario, 0, 0), (std::vector<uint8_t>{1, 0, 0}));
}

TEST(MaxReuse, CountsReusesInARowAndStartsAnewAfterARun) {
  Scenario scenario(8);
  scenario.policy = Lazy(kInfinity, kInfinity, 2);
  EXPECT_EQ(RanOfModule(scenario, 0, 0), (std::vector<uint8_t>{1, 0, 0, 1, 0, 0, 1, 0}));
}

TEST(MaxReuse, IsForgottenBetweenTwoRuns) {
  Scenario scenario(3);
  scenario.policy = Lazy(kInfinity, kInfinity, 2);
  FakeExecutor executor(scenario.model);
  const GenerationPtr generation = PlanOrFail(scenario);
  ASSERT_EQ(RunScenario(scenario, generation.get(), &executor), LAZYDIT_OK);
  const std::vector<uint8_t> first = RanOf(scenario, generation.get());
  ASSERT_EQ(RunScenario(scenario, generation.get(), &executor), LAZYDIT_OK);
  EXPECT_EQ(RanOf(scenario, generation.get()), first);
}

TEST(MaxReuse, KeepsTheScoreOfTheGateThatItOverruled) {
  Scenario scenario(3);
  scenario.policy = Lazy(kInfinity, kInfinity, 1);
  FakeExecutor executor(scenario.model);
  const GenerationPtr generation = PlanOrFail(scenario);
  ASSERT_EQ(RunScenario(scenario, generation.get(), &executor), LAZYDIT_OK);
  const std::size_t last_step = 2 * scenario.samples() * scenario.model.modules();
  EXPECT_EQ(RanOf(scenario, generation.get())[last_step], 1);
  EXPECT_FALSE(std::isnan(ScoresOf(scenario, generation.get())[last_step]));
}

}  // namespace
}  // namespace lazydit_test
