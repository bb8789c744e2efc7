#include "scenario.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lazydit_test {

Scenario::Scenario(int32_t num_steps, const FakeModel& fake_model)
    : model(fake_model),
      module_programs(fake_model.ModulePrograms()),
      block_programs(fake_model.BlockPrograms()),
      steps(num_steps) {
  for (int32_t step = 0; step < steps; ++step) {
    timesteps.push_back(10 * (steps - step) + 3);
    alphas_cumprod.push_back((step + 1.0) / (steps + 1.0));
  }
  const std::size_t masks = static_cast<std::size_t>(steps) * model.modules();
  for (std::size_t i = 0; i < masks * static_cast<std::size_t>(model.width); ++i) {
    gates.push_back(static_cast<float>(std::sin(2.3 * static_cast<double>(i))));
  }
  for (std::size_t i = 0; i < masks; ++i) schedule.push_back(i * i % 3 == 1 ? 1 : 0);
  for (std::size_t i = 0; i < model.latent(); ++i) {
    noise.push_back(static_cast<float>(std::cos(1.3 * static_cast<double>(i))));
  }
  request.label = 2;
  request.guidance = 2.5;
}

lazydit_plan Scenario::Plan() const {
  lazydit_plan plan{};
  plan.steps = steps;
  plan.timesteps = timesteps.data();
  plan.alphas_cumprod = alphas_cumprod.data();
  plan.guided = guided ? 1 : 0;
  plan.guidance_channels = guidance_channels;
  plan.policy = policy;
  plan.policy.gates = gates.data();
  plan.policy.schedule = schedule.data();
  return plan;
}

lazydit_policy Always() { return {}; }

lazydit_policy Lazy(float threshold_attn, float threshold_mlp, int32_t max_reuse) {
  lazydit_policy policy{};
  policy.kind = LAZYDIT_LAZY;
  policy.threshold_attn = threshold_attn;
  policy.threshold_mlp = threshold_mlp;
  policy.max_reuse = max_reuse;
  return policy;
}

lazydit_policy EveryN(int32_t n, int32_t max_reuse) {
  lazydit_policy policy{};
  policy.kind = LAZYDIT_EVERY_N;
  policy.every_n = n;
  policy.max_reuse = max_reuse;
  return policy;
}

lazydit_policy FixedSchedule(int32_t max_reuse) {
  lazydit_policy policy{};
  policy.kind = LAZYDIT_SCHEDULE;
  policy.max_reuse = max_reuse;
  return policy;
}

lazydit_policy Extrapolating(lazydit_policy policy) {
  policy.extrapolate = 1;
  return policy;
}

GenerationPtr PlanOrFail(const Scenario& scenario) {
  const lazydit_model model = scenario.Model();
  const lazydit_plan plan = scenario.Plan();
  lazydit_generation* generation = nullptr;
  lazydit_error error;
  EXPECT_EQ(lazydit_generation_plan(&model, &plan, &generation, &error), LAZYDIT_OK) << error.message;
  return GenerationPtr(generation);
}

lazydit_status RunScenario(const Scenario& scenario, lazydit_generation* generation, FakeExecutor* executor,
                           lazydit_error* error) {
  lazydit_request request = scenario.request;
  request.noise = scenario.noise.empty() ? nullptr : scenario.noise.data();
  executor->num_calls = 0;
  executor->calls.clear();
  executor->weights.clear();
  executor->done.clear();
  const lazydit_executor interface = executor->Interface();
  return lazydit_generation_run(generation, &request, &interface, error);
}

namespace {

std::size_t Decisions(const Scenario& scenario) {
  return static_cast<std::size_t>(scenario.steps) * scenario.samples() * scenario.model.modules();
}

}  // namespace

std::vector<float> LatentOf(const Scenario& scenario, const lazydit_generation* generation) {
  const float* latent = lazydit_generation_latent(generation);
  if (latent == nullptr) return {};
  return {latent, latent + scenario.model.latent()};
}

std::vector<float> ScoresOf(const Scenario& scenario, const lazydit_generation* generation) {
  const float* scores = lazydit_generation_scores(generation);
  return {scores, scores + Decisions(scenario)};
}

std::vector<uint8_t> ExtrapolatedOf(const Scenario& scenario, const lazydit_generation* generation) {
  const uint8_t* extrapolated = lazydit_generation_extrapolated(generation);
  return {extrapolated, extrapolated + Decisions(scenario)};
}

std::vector<uint8_t> RanOf(const Scenario& scenario, const lazydit_generation* generation) {
  const uint8_t* ran = lazydit_generation_ran(generation);
  return {ran, ran + Decisions(scenario)};
}

}  // namespace lazydit_test
