// The scheduler, planned and run: whatever it is given, it refuses with a sentence or comes to an end.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "fuzzed_generation.h"
#include "require.h"

namespace lazydit_test {
namespace {

constexpr std::size_t kMostMemory = std::size_t{1} << 24;

using GenerationPtr = std::unique_ptr<lazydit_generation, void (*)(lazydit_generation*)>;

std::size_t LatentSize(const lazydit_model& model) {
  return static_cast<std::size_t>(model.channels * model.latent_height * model.latent_width);
}

GenerationPtr Planned(const FuzzedGeneration& fuzzed) {
  lazydit_generation* generation = nullptr;
  lazydit_memory memory{};
  lazydit_error error;
  if (lazydit_generation_memory(&fuzzed.model(), &fuzzed.plan(), &memory, &error) != LAZYDIT_OK) {
    RequireSentence(error.message);
    Require(lazydit_generation_plan(&fuzzed.model(), &fuzzed.plan(), &generation, nullptr) == error.status,
            "plan refuses what memory refuses");
    Require(generation == nullptr, "where plan fails there is no generation");
  } else if (memory.total <= kMostMemory) {
    const lazydit_status status = lazydit_generation_plan(&fuzzed.model(), &fuzzed.plan(), &generation, &error);
    Require(status == LAZYDIT_OK && generation != nullptr, "plan takes what memory takes");
  }
  return GenerationPtr(generation, lazydit_generation_free);
}

void RequireWholeTrace(const FuzzedGeneration& fuzzed, const lazydit_generation* generation) {
  const auto modules = static_cast<std::size_t>(2 * fuzzed.model().depth);
  const auto steps = static_cast<std::size_t>(fuzzed.plan().steps);
  const std::size_t row = static_cast<std::size_t>(lazydit_generation_samples(generation)) * modules;
  const uint8_t* ran = lazydit_generation_ran(generation);
  Require(std::all_of(ran, ran + row, [](uint8_t run) { return run == 1; }), "the first step runs every module");
  const uint8_t* extrapolated = lazydit_generation_extrapolated(generation);
  const int32_t most = fuzzed.plan().policy.max_reuse;
  const int32_t runs_needed = fuzzed.plan().policy.extrapolate == 1 ? 2 : INT32_MAX;
  for (std::size_t column = 0; column < row; ++column) {
    int32_t in_a_row = 0;
    int32_t runs = 0;
    for (std::size_t step = 0; step < steps; ++step) {
      const uint8_t run = ran[step * row + column];
      Require(run <= 1, "a decision is 0 or 1");
      in_a_row = run == 1 ? 0 : in_a_row + 1;
      runs += run;
      Require(extrapolated[step * row + column] == (run == 0 && runs >= runs_needed ? 1 : 0),
              "what is reused is extrapolated where the policy says so and the module ran twice");
      Require(most == 0 || in_a_row <= most, "no module is reused more often than the policy allows");
    }
  }
}

void RunOnce(const FuzzedGeneration& fuzzed, lazydit_generation* generation, FuzzedDataProvider* bytes) {
  FuzzedExecutor executor(bytes, generation, fuzzed.tame());
  const lazydit_executor interface = executor.Interface();
  std::vector<float> noise(LatentSize(fuzzed.model()), 0.5F);
  lazydit_request request{};
  request.label = bytes->ConsumeIntegralInRange<int64_t>(-1, 4);
  request.seed = bytes->ConsumeIntegral<uint64_t>();
  request.noise = bytes->ConsumeBool() ? noise.data() : nullptr;
  request.guidance =
      fuzzed.tame() ? bytes->ConsumeFloatingPointInRange<double>(1, 10) : bytes->ConsumeFloatingPoint<double>();
  int32_t last_step = bytes->ConsumeIntegralInRange<int32_t>(0, 40);
  request.user = &last_step;
  request.on_step = [](void* user, const lazydit_step* step) -> int32_t {
    Require(step->reused >= 0 && step->reused <= step->reached, "no more is reused than was reached");
    return step->step == *static_cast<int32_t*>(user) ? 1 : 0;
  };
  lazydit_error error;
  const lazydit_status status = lazydit_generation_run(generation, &request, &interface, &error);
  const float* latent = lazydit_generation_latent(generation);
  Require((latent != nullptr) == (status == LAZYDIT_OK), "there is a latent where the run ended, and there only");
  Require(executor.calls() <= std::min(executor.fails_at(), executor.cancels_at()) + 1, "a run stops where it is told");
  if (status != LAZYDIT_OK) return RequireSentence(error.message);
  RequireWholeTrace(fuzzed, generation);
  if (fuzzed.tame())
    Require(std::all_of(latent, latent + LatentSize(fuzzed.model()), [](float value) { return std::isfinite(value); }),
            "ordinary numbers give a finite latent");
}

// The noise levels that a training process gives.
void Space(FuzzedDataProvider* bytes) {
  const int32_t train_steps = bytes->ConsumeIntegralInRange<int32_t>(-1, 2000);
  const int32_t steps = bytes->ConsumeIntegralInRange<int32_t>(-1, 2000);
  const std::size_t most = 2000;
  std::vector<int64_t> timesteps(most);
  std::vector<double> alphas(most);
  lazydit_error error;
  if (lazydit_spaced_timesteps(train_steps, steps, timesteps.data(), &error) == LAZYDIT_OK)
    Require(timesteps[0] < train_steps && timesteps[static_cast<std::size_t>(steps) - 1] == 0,
            "timesteps lie within the training process, and end it");
  else
    RequireSentence(error.message);
  const auto beta_start = bytes->ConsumeFloatingPoint<double>();
  const auto beta_end = bytes->ConsumeFloatingPoint<double>();
  if (lazydit_alphas_cumprod(train_steps, beta_start, beta_end, alphas.data(), &error) != LAZYDIT_OK)
    RequireSentence(error.message);
}

}  // namespace
}  // namespace lazydit_test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider bytes(data, size);
  const lazydit_test::FuzzedGeneration fuzzed(&bytes);
  const auto generation = lazydit_test::Planned(fuzzed);
  for (int run = 0; generation != nullptr && run < 2; ++run) lazydit_test::RunOnce(fuzzed, generation.get(), &bytes);
  lazydit_test::Space(&bytes);
  return 0;
}
