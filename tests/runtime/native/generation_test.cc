// Generations on a bundle that export made: LAZYDIT_TEST_BUNDLE names it.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "bundle.h"
#include "engine.h"
#include "planning.h"

namespace lazydit_test {
namespace {

using lazydit::native::Bundle;
using lazydit::native::CoreModel;
using lazydit::native::CorePlan;
using lazydit::native::Wish;
using lazydit::tools::Engine;
using lazydit::tools::EngineOptions;

using GenerationPtr = std::unique_ptr<lazydit_generation, void (*)(lazydit_generation*)>;

struct Outcome {
  lazydit_status status;
  std::vector<float> latent;
  std::vector<uint8_t> ran;
};

/* Hands programs on to an executor, but cancels or fails before the one of a given index. */
struct Interfering {
  static constexpr size_t kNever = SIZE_MAX;

  static int32_t Run(void* context, int32_t program, const lazydit_tensor* inputs, size_t num_inputs,
                     const lazydit_tensor* outputs, size_t num_outputs, char* message, size_t message_size) {
    auto* self = static_cast<Interfering*>(context);
    const size_t index = self->calls++;
    if (index == self->cancels_at) lazydit_generation_cancel(self->generation);
    if (index == self->fails_at) {
      std::snprintf(message, message_size, "program %zu is broken: mend it", index);
      return 1;
    }
    return self->inner->run(self->inner->context, program, inputs, num_inputs, outputs, num_outputs, message,
                            message_size);
  }

  static void DoneWith(void* context, int32_t program) {
    const lazydit_executor* inner = static_cast<Interfering*>(context)->inner;
    inner->done_with(inner->context, program);
  }

  lazydit_executor Interface() { return {this, Run, nullptr, DoneWith}; }

  const lazydit_executor* inner;
  lazydit_generation* generation;
  size_t cancels_at = kNever;
  size_t fails_at = kNever;
  size_t calls = 0;
};

class NativeGenerationTest : public testing::Test {
 protected:
  NativeGenerationTest() : bundle_(std::getenv("LAZYDIT_TEST_BUNDLE")), engine_(bundle_, EngineOptions{1, ""}) {}

  GenerationPtr Planned(const Wish& wish) const {
    const CoreModel model(bundle_.manifest());
    const CorePlan plan(bundle_, wish);
    lazydit_generation* generation = nullptr;
    lazydit_error error;
    EXPECT_EQ(lazydit_generation_plan(&model.get(), &plan.get(), &generation, &error), LAZYDIT_OK) << error.message;
    return {generation, lazydit_generation_free};
  }

  Outcome Run(lazydit_generation* generation, const lazydit_executor& executor, int64_t label, uint64_t seed) {
    lazydit_request request{};
    request.label = label;
    request.seed = seed;
    request.guidance = bundle_.manifest().default_guidance;
    const lazydit_status status = lazydit_generation_run(generation, &request, &executor, &error_);
    const float* latent = lazydit_generation_latent(generation);
    if (status != LAZYDIT_OK) {
      EXPECT_EQ(latent, nullptr);
      return {status, {}, {}};
    }
    const auto [channels, height, width] = bundle_.manifest().model.latent_shape;
    const auto& modules = bundle_.manifest().graph.modules;
    const uint8_t* ran = lazydit_generation_ran(generation);
    return {status,
            {latent, latent + channels * height * width},
            {ran, ran + modules.size() * static_cast<size_t>(lazydit_generation_samples(generation))}};
  }

  /* Runs one generation as often as it has programs, stopping it before each of them in turn. */
  template <typename Stop>
  void StopAtEveryProgram(Stop stop, lazydit_status expected) {
    const GenerationPtr generation = Planned({});
    Interfering counting{engine_.executor(), generation.get()};
    const Outcome whole = Run(generation.get(), counting.Interface(), 1, 7);
    ASSERT_EQ(whole.status, LAZYDIT_OK) << error_.message;
    ASSERT_GT(counting.calls, 20u);
    for (size_t index = 0; index < counting.calls; ++index) {
      Interfering interfering{engine_.executor(), generation.get()};
      stop(interfering, index);
      EXPECT_EQ(Run(generation.get(), interfering.Interface(), 1, 7).status, expected) << index;
      EXPECT_EQ(interfering.calls, index + 1);
      EXPECT_STRNE(error_.message, "");
      const Outcome again = Run(generation.get(), *engine_.executor(), 1, 7);
      EXPECT_EQ(again.latent, whole.latent) << index;
      EXPECT_EQ(again.ran, whole.ran) << index;
    }
  }

  /* Of a generation whose policy, label and seed `index` chooses. */
  std::vector<float> Latent(size_t index, const Engine& engine) const {
    const std::array<const char*, 4> policies = {"always", "lazy", "every-n", "schedule"};
    Wish wish;
    wish.policy = policies[index % policies.size()];
    const GenerationPtr generation = Planned(wish);
    lazydit_request request{};
    request.label = static_cast<int64_t>(index) % bundle_.manifest().model.num_classes;
    request.seed = index;
    request.guidance = bundle_.manifest().default_guidance;
    lazydit_error error;
    EXPECT_EQ(lazydit_generation_run(generation.get(), &request, engine.executor(), &error), LAZYDIT_OK)
        << error.message;
    const auto [channels, height, width] = bundle_.manifest().model.latent_shape;
    const float* latent = lazydit_generation_latent(generation.get());
    return std::vector<float>(latent, latent + channels * height * width);
  }

  Bundle bundle_;
  Engine engine_;
  lazydit_error error_{};
};

TEST_F(NativeGenerationTest, IsCancelledBeforeAnyProgramAndRunsAgain) {
  StopAtEveryProgram([](Interfering& executor, size_t index) { executor.cancels_at = index; }, LAZYDIT_CANCELLED);
}

TEST_F(NativeGenerationTest, EndsWithAnyProgramThatFailsAndRunsAgain) {
  StopAtEveryProgram([](Interfering& executor, size_t index) { executor.fails_at = index; }, LAZYDIT_EXECUTOR_FAILED);
}

TEST_F(NativeGenerationTest, OnEightThreadsIsWhatItIsAlone) {
  constexpr size_t kGenerations = 8;
  const auto generate = [&](size_t index) { return Latent(index, engine_); };
  std::array<std::vector<float>, kGenerations> at_once;
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kGenerations; ++i)
    threads.emplace_back([&, i] {
      for (int repetition = 0; repetition < 3; ++repetition) at_once[i] = generate(i);
    });
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < kGenerations; ++i) EXPECT_EQ(at_once[i], generate(i)) << i;
}

TEST_F(NativeGenerationTest, IsNotDisturbedByExecutorsThatAskForAnotherNumberOfThreads) {
  const std::vector<float> alone = Latent(0, engine_);
  std::atomic<bool> done = false;
  std::thread others([&] {
    for (int32_t threads = 1; !done; threads = threads % 3 + 1) {
      const Engine other(bundle_, EngineOptions{threads, ""});
      EXPECT_EQ(Latent(0, other), alone);
    }
  });
  for (int repetition = 0; repetition < 50; ++repetition) EXPECT_EQ(Latent(0, engine_), alone);
  done = true;
  others.join();
}

}  // namespace
}  // namespace lazydit_test
