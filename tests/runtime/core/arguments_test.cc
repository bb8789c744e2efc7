#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <string>

#include "scenario.h"

namespace lazydit_test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

void ExpectOneSentence(const lazydit_error& error, const char* part) {
  EXPECT_EQ(error.status, LAZYDIT_INVALID_ARGUMENT);
  EXPECT_NE(std::strstr(error.message, part), nullptr) << "'" << error.message << "' lacks '" << part << "'";
  EXPECT_NE(std::strstr(error.message, ":"), nullptr) << error.message << " does not say what to do";
  EXPECT_EQ(std::strchr(error.message, '\n'), nullptr);
}

struct BadInput {
  const char* part;  // of the sentence
  std::function<void(lazydit_model*, lazydit_plan*)> spoil;
};

void ExpectRefused(const Scenario& scenario, const BadInput& bad) {
  lazydit_model model = scenario.Model();
  lazydit_plan plan = scenario.Plan();
  bad.spoil(&model, &plan);
  lazydit_error error;
  auto* generation = reinterpret_cast<lazydit_generation*>(&error);
  EXPECT_EQ(lazydit_generation_plan(&model, &plan, &generation, &error), LAZYDIT_INVALID_ARGUMENT) << bad.part;
  EXPECT_EQ(generation, nullptr);
  ExpectOneSentence(error, bad.part);
  lazydit_memory memory{};
  EXPECT_EQ(lazydit_generation_memory(&model, &plan, &memory, &error), LAZYDIT_INVALID_ARGUMENT);
  EXPECT_EQ(memory.total, 0U);
}

TEST(Plan, RefusesEverySizeBelowOne) {
  const std::pair<const char*, int64_t lazydit_model::*> sizes[] = {
      {"model.depth", &lazydit_model::depth},
      {"model.width", &lazydit_model::width},
      {"model.tokens", &lazydit_model::tokens},
      {"model.channels", &lazydit_model::channels},
      {"model.latent_height", &lazydit_model::latent_height},
      {"model.latent_width", &lazydit_model::latent_width},
      {"model.output_channels", &lazydit_model::output_channels},
      {"model.num_classes", &lazydit_model::num_classes},
      {"model.condition_max_steps", &lazydit_model::condition_max_steps},
      {"model.image_channels", &lazydit_model::image_channels},
      {"model.image_height", &lazydit_model::image_height},
      {"model.image_width", &lazydit_model::image_width},
  };
  Scenario scenario;
  scenario.model.decodes = true;
  for (const auto& [name, size] : sizes) {
    for (const int64_t value : {int64_t{0}, int64_t{-1}, INT64_MIN}) {
      int64_t lazydit_model::* const member = size;
      ExpectRefused(scenario, {name, [=](lazydit_model* model, lazydit_plan*) { model->*member = value; }});
    }
  }
}

TEST(Plan, RefusesActivationsOfATypeThatItDoesNotKnow) {
  for (const int type : {int{LAZYDIT_INT64}, 7}) {
    ExpectRefused(Scenario(), {"model.activation_type is", [=](lazydit_model* model, lazydit_plan*) {
                                 std::memcpy(&model->activation_type, &type, sizeof(type));
                               }});
  }
}

TEST(Plan, DoesNotReadImageSizesWithoutDecode) {
  const Scenario scenario;
  lazydit_model model = scenario.Model();
  model.image_channels = model.image_height = model.image_width = -5;
  const lazydit_plan plan = scenario.Plan();
  lazydit_memory memory;
  EXPECT_EQ(lazydit_generation_memory(&model, &plan, &memory, nullptr), LAZYDIT_OK);
}

TEST(Plan, RefusesAModelThatCannotBe) {
  const Scenario scenario;
  ExpectRefused(scenario, {"model.depth is", [](lazydit_model* m, lazydit_plan*) { m->depth = INT64_MAX; }});
  ExpectRefused(scenario, {"output_channels is 3", [](lazydit_model* m, lazydit_plan*) { m->output_channels = 3; }});
  ExpectRefused(scenario, {"output_channels is 6", [](lazydit_model* m, lazydit_plan*) { m->output_channels = 6; }});
  ExpectRefused(scenario, {"module_programs", [](lazydit_model* m, lazydit_plan*) { m->module_programs = nullptr; }});
}

TEST(Plan, RefusesAPlanThatCannotBe) {
  const Scenario scenario;
  for (const BadInput& bad : std::initializer_list<BadInput>{
           {"plan.steps is 0", [](lazydit_model*, lazydit_plan* p) { p->steps = 0; }},
           {"plan.steps is -3", [](lazydit_model*, lazydit_plan* p) { p->steps = -3; }},
           {"plan.timesteps", [](lazydit_model*, lazydit_plan* p) { p->timesteps = nullptr; }},
           {"plan.alphas_cumprod", [](lazydit_model*, lazydit_plan* p) { p->alphas_cumprod = nullptr; }},
           {"plan.guided is 2", [](lazydit_model*, lazydit_plan* p) { p->guided = 2; }},
           {"guidance_channels is 0", [](lazydit_model*, lazydit_plan* p) { p->guidance_channels = 0; }},
           {"guidance_channels is 3", [](lazydit_model*, lazydit_plan* p) { p->guidance_channels = 3; }},
       }) {
    ExpectRefused(scenario, bad);
  }
}

TEST(Plan, RefusesTimestepsThatDoNotDescend) {
  for (const int64_t value : {int64_t{63}, int64_t{64}, int64_t{-1}, INT64_MAX}) {
    Scenario scenario;
    scenario.timesteps[1] = value;
    ExpectRefused(scenario, {"of step 1", [](lazydit_model*, lazydit_plan*) {}});
  }
}

TEST(Plan, RefusesAlphasOutsideTheirRangeOrOrder) {
  for (const double value : {0.0, 1.0, -0.5, 1.5, std::nan(""), kInfinity, -kInfinity, 0.1, 2.0 / 7.0}) {
    Scenario scenario;
    scenario.alphas_cumprod[2] = value;
    ExpectRefused(scenario, {"step 2", [](lazydit_model*, lazydit_plan*) {}});
  }
}

TEST(Plan, RefusesAPolicyThatCannotBe) {
  const auto with = [](lazydit_policy policy, std::function<void(lazydit_policy*)> spoil) {
    return [=](lazydit_model*, lazydit_plan* plan) {
      const lazydit_policy given = plan->policy;
      plan->policy = policy;
      plan->policy.gates = given.gates;
      plan->policy.schedule = given.schedule;
      spoil(&plan->policy);
    };
  };
  const Scenario scenario;
  for (const BadInput& bad : std::initializer_list<BadInput>{
           {"policy.max_reuse is -1", with(Always(), [](lazydit_policy* p) { p->max_reuse = -1; })},
           {"policy.extrapolate is 2", with(Lazy(), [](lazydit_policy* p) { p->extrapolate = 2; })},
           {"policy.gates", with(Lazy(), [](lazydit_policy* p) { p->gates = nullptr; })},
           {"policy.threshold_attn", with(Lazy(), [](lazydit_policy* p) { p->threshold_attn = std::nanf(""); })},
           {"policy.threshold_mlp", with(Lazy(), [](lazydit_policy* p) { p->threshold_mlp = std::nanf(""); })},
           {"policy.every_n is 0", with(EveryN(0), [](lazydit_policy*) {})},
           {"policy.every_n is -2", with(EveryN(-2), [](lazydit_policy*) {})},
           {"policy.schedule", with(FixedSchedule(), [](lazydit_policy* p) { p->schedule = nullptr; })},
           {"policy.kind is 4096", with(Always(),
                                        [](lazydit_policy* p) {
                                          const int kind = 4096;
                                          std::memcpy(&p->kind, &kind, sizeof(kind));
                                        })},
       }) {
    ExpectRefused(scenario, bad);
  }
}

TEST(Plan, RefusesToExtrapolateWithoutAProgramForIt) {
  Scenario scenario;
  scenario.policy = Extrapolating(EveryN(2));
  scenario.model.extrapolates = false;
  ExpectRefused(scenario, {"no program for it: export the bundle again", [](lazydit_model*, lazydit_plan*) {}});
}

TEST(Plan, RefusesAScheduleOfOtherThanZeroAndOne) {
  Scenario scenario;
  scenario.policy = FixedSchedule();
  scenario.schedule[2 * scenario.model.modules() + 3] = 7;
  ExpectRefused(scenario, {"the schedule holds 7 at step 2, module 3", [](lazydit_model*, lazydit_plan*) {}});
}

TEST(Plan, RefusesMissingArguments) {
  const Scenario scenario;
  const lazydit_model model = scenario.Model();
  const lazydit_plan plan = scenario.Plan();
  lazydit_generation* generation = nullptr;
  lazydit_memory memory;
  lazydit_error error;
  EXPECT_EQ(lazydit_generation_plan(nullptr, &plan, &generation, &error), LAZYDIT_INVALID_ARGUMENT);
  ExpectOneSentence(error, "model is NULL");
  EXPECT_EQ(lazydit_generation_plan(&model, nullptr, &generation, &error), LAZYDIT_INVALID_ARGUMENT);
  ExpectOneSentence(error, "plan is NULL");
  EXPECT_EQ(lazydit_generation_plan(&model, &plan, nullptr, &error), LAZYDIT_INVALID_ARGUMENT);
  ExpectOneSentence(error, "generation is NULL");
  EXPECT_EQ(lazydit_generation_memory(&model, &plan, nullptr, &error), LAZYDIT_INVALID_ARGUMENT);
  ExpectOneSentence(error, "memory is NULL");
  EXPECT_EQ(lazydit_generation_memory(nullptr, &plan, &memory, nullptr), LAZYDIT_INVALID_ARGUMENT);
}

class RunArgumentsTest : public testing::Test {
 protected:
  RunArgumentsTest() : executor_(scenario_.model), generation_(PlanOrFail(scenario_)) {}

  void ExpectRefused(const char* part) {
    lazydit_error error;
    EXPECT_EQ(RunScenario(scenario_, generation_.get(), &executor_, &error), LAZYDIT_INVALID_ARGUMENT);
    ExpectOneSentence(error, part);
    EXPECT_EQ(executor_.num_calls, 0U);
    EXPECT_EQ(lazydit_generation_latent(generation_.get()), nullptr);
  }

  Scenario scenario_;
  FakeExecutor executor_;
  GenerationPtr generation_;
};

TEST_F(RunArgumentsTest, LabelsOutOfRangeAreRefused) {
  for (const int64_t label : {int64_t{-1}, int64_t{4}, INT64_MAX, INT64_MIN}) {
    scenario_.request.label = label;
    ExpectRefused("is out of range: this model knows labels 0 to 3");
  }
}

TEST_F(RunArgumentsTest, GuidanceThatIsNotFiniteIsRefused) {
  for (const double guidance : {std::nan(""), kInfinity, -kInfinity}) {
    scenario_.request.guidance = guidance;
    ExpectRefused("guidance is");
  }
}

TEST_F(RunArgumentsTest, ARefusedRequestLeavesNoLatentOfTheRunBefore) {
  ASSERT_EQ(RunScenario(scenario_, generation_.get(), &executor_), LAZYDIT_OK);
  scenario_.request.label = 99;
  ExpectRefused("label 99");
}

TEST_F(RunArgumentsTest, MissingOnesAreRefused) {
  const lazydit_executor executor = executor_.Interface();
  const lazydit_executor without_run{};
  lazydit_error error;
  EXPECT_EQ(lazydit_generation_run(nullptr, &scenario_.request, &executor, &error), LAZYDIT_INVALID_ARGUMENT);
  ExpectOneSentence(error, "generation is NULL");
  EXPECT_EQ(lazydit_generation_run(generation_.get(), nullptr, &executor, &error), LAZYDIT_INVALID_ARGUMENT);
  ExpectOneSentence(error, "request is NULL");
  EXPECT_EQ(lazydit_generation_run(generation_.get(), &scenario_.request, nullptr, &error), LAZYDIT_INVALID_ARGUMENT);
  ExpectOneSentence(error, "executor is NULL");
  EXPECT_EQ(lazydit_generation_run(generation_.get(), &scenario_.request, &without_run, nullptr),
            LAZYDIT_INVALID_ARGUMENT);
}

TEST_F(RunArgumentsTest, SuccessClearsTheError) {
  lazydit_error error = {LAZYDIT_CANCELLED, "old"};
  EXPECT_EQ(RunScenario(scenario_, generation_.get(), &executor_, &error), LAZYDIT_OK);
  EXPECT_EQ(error.status, LAZYDIT_OK);
  EXPECT_STREQ(error.message, "");
}

TEST(Accessors, OfNoGenerationGiveNothing) {
  lazydit_generation_free(nullptr);
  lazydit_generation_cancel(nullptr);
  EXPECT_EQ(lazydit_generation_latent(nullptr), nullptr);
  EXPECT_EQ(lazydit_generation_image(nullptr), nullptr);
  EXPECT_EQ(lazydit_generation_samples(nullptr), 0);
  EXPECT_EQ(lazydit_generation_scores(nullptr), nullptr);
  EXPECT_EQ(lazydit_generation_ran(nullptr), nullptr);
  EXPECT_EQ(lazydit_generation_extrapolated(nullptr), nullptr);
  EXPECT_EQ(lazydit_generation_module_ms(nullptr), nullptr);
  EXPECT_EQ(lazydit_generation_step_ms(nullptr), nullptr);
  lazydit_timings timings;
  lazydit_generation_timings(nullptr, &timings);
  EXPECT_EQ(timings.total_ms, 0.0);
}

TEST(SpacedTimesteps, RefusesStepCountsThatCannotBe) {
  int64_t out[4];
  lazydit_error error;
  for (const int32_t steps : {0, -1, 5, INT32_MAX}) {
    EXPECT_EQ(lazydit_spaced_timesteps(4, steps, out, &error), LAZYDIT_INVALID_ARGUMENT);
    ExpectOneSentence(error, "choose from 1 to 4");
  }
  EXPECT_EQ(lazydit_spaced_timesteps(0, 1, out, &error), LAZYDIT_INVALID_ARGUMENT);
  ExpectOneSentence(error, "train_steps is 0");
  EXPECT_EQ(lazydit_spaced_timesteps(4, 2, nullptr, &error), LAZYDIT_INVALID_ARGUMENT);
  ExpectOneSentence(error, "out is NULL");
}

TEST(AlphasCumprod, RefusesBetasThatCannotBe) {
  double out[2];
  lazydit_error error;
  const std::pair<double, double> betas[] = {{0.0, 0.1},          {0.2, 0.1},          {0.1, 1.0},      {-0.1, 0.1},
                                             {std::nan(""), 0.1}, {0.1, std::nan("")}, {0.1, kInfinity}};
  for (const auto& [start, end] : betas) {
    EXPECT_EQ(lazydit_alphas_cumprod(2, start, end, out, &error), LAZYDIT_INVALID_ARGUMENT) << start << " " << end;
    ExpectOneSentence(error, "betas from");
  }
  EXPECT_EQ(lazydit_alphas_cumprod(-1, 0.1, 0.2, out, &error), LAZYDIT_INVALID_ARGUMENT);
  EXPECT_EQ(lazydit_alphas_cumprod(2, 0.1, 0.2, nullptr, &error), LAZYDIT_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace lazydit_test
