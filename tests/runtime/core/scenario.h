#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "fake_executor.h"
#include "fake_model.h"
#include "lazydit.h"

namespace lazydit_test {

struct FreeGeneration {
  void operator()(lazydit_generation* generation) const { lazydit_generation_free(generation); }
};
using GenerationPtr = std::unique_ptr<lazydit_generation, FreeGeneration>;

// A model, a plan and a request that are valid together; tests change what they are about.
struct Scenario {
  explicit Scenario(int32_t num_steps = 6, const FakeModel& fake_model = {});

  lazydit_model Model() const { return model.Describe(module_programs, block_programs); }
  lazydit_plan Plan() const;
  std::size_t samples() const { return guided ? 2 : 1; }

  FakeModel model;
  std::vector<int32_t> module_programs;
  std::vector<int32_t> block_programs;
  int32_t steps;
  std::vector<int64_t> timesteps;
  std::vector<double> alphas_cumprod;
  bool guided = true;
  int64_t guidance_channels = 1;
  lazydit_policy policy{};
  std::vector<float> gates;       // [steps, 2L, D]
  std::vector<uint8_t> schedule;  // [steps, 2L]
  std::vector<float> noise;       // [C, h, w]
  lazydit_request request{};      // with this noise
};

// The policies with this scenario's gates and schedule.
lazydit_policy Always();
lazydit_policy Lazy(float threshold_attn = 0.5F, float threshold_mlp = 0.5F, int32_t max_reuse = 0);
lazydit_policy EveryN(int32_t n, int32_t max_reuse = 0);
lazydit_policy FixedSchedule(int32_t max_reuse = 0);
lazydit_policy Extrapolating(lazydit_policy policy);

GenerationPtr PlanOrFail(const Scenario& scenario);
lazydit_status RunScenario(const Scenario& scenario, lazydit_generation* generation, FakeExecutor* executor,
                           lazydit_error* error = nullptr);
std::vector<float> LatentOf(const Scenario& scenario, const lazydit_generation* generation);
std::vector<float> ScoresOf(const Scenario& scenario, const lazydit_generation* generation);
std::vector<uint8_t> ExtrapolatedOf(const Scenario& scenario, const lazydit_generation* generation);
std::vector<uint8_t> RanOf(const Scenario& scenario, const lazydit_generation* generation);

}  // namespace lazydit_test
