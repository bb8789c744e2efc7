#include "lazydit.h"

#include <cstdio>
#include <memory>
#include <new>

#include "checks.h"
#include "diffusion.h"
#include "failure.h"
#include "generation.h"
#include "noise.h"

struct lazydit_generation final : lazydit::Generation {
  using Generation::Generation;
};

static_assert(sizeof(lazydit_generation) == sizeof(lazydit::Generation), "the memory report counts the latter");

namespace {

lazydit_status Report(lazydit_error* error, lazydit_status status, const char* message) noexcept {
  if (error != nullptr) {
    error->status = status;
    std::snprintf(error->message, sizeof(error->message), "%s", message);
  }
  return status;
}

// Calls body and turns whatever it throws into a status.
template <class Body>
lazydit_status Guard(lazydit_error* error, Body body) noexcept {
  try {
    body();
    return Report(error, LAZYDIT_OK, "");
  } catch (const lazydit::Failure& failure) {
    return Report(error, failure.error().status, failure.error().message);
  } catch (const std::bad_alloc&) {
    return Report(error, LAZYDIT_OUT_OF_MEMORY, "there is not enough memory: free some and try again");
  } catch (...) {
    return Report(error, LAZYDIT_EXECUTOR_FAILED,
                  "an exception left a callback: catch it there and return a status instead");
  }
}

}  // namespace

lazydit_status lazydit_generation_memory(const lazydit_model* model, const lazydit_plan* plan, lazydit_memory* memory,
                                         lazydit_error* error) {
  return Guard(error, [&] {
    lazydit::Require(memory != nullptr, "memory is NULL: give the struct to fill");
    *memory = lazydit::Generation::Memory(model, plan);
  });
}

lazydit_status lazydit_generation_plan(const lazydit_model* model, const lazydit_plan* plan,
                                       lazydit_generation** generation, lazydit_error* error) {
  return Guard(error, [&] {
    lazydit::Require(generation != nullptr, "generation is NULL: give the pointer to set");
    *generation = nullptr;
    *generation = std::make_unique<lazydit_generation>(model, plan).release();
  });
}

lazydit_status lazydit_generation_run(lazydit_generation* generation, const lazydit_request* request,
                                      const lazydit_executor* executor, lazydit_error* error) {
  return Guard(error, [&] {
    lazydit::Require(generation != nullptr, "generation is NULL: plan one first");
    generation->Run(request, executor);
  });
}

void lazydit_generation_cancel(lazydit_generation* generation) {
  if (generation != nullptr) generation->Cancel();
}

void lazydit_generation_free(lazydit_generation* generation) {
  const std::unique_ptr<lazydit_generation> owned(generation);
}

const float* lazydit_generation_latent(const lazydit_generation* generation) {
  return generation != nullptr ? generation->latent() : nullptr;
}

const float* lazydit_generation_image(const lazydit_generation* generation) {
  return generation != nullptr ? generation->image() : nullptr;
}

int32_t lazydit_generation_samples(const lazydit_generation* generation) {
  return generation != nullptr ? static_cast<int32_t>(generation->samples()) : 0;
}

const float* lazydit_generation_scores(const lazydit_generation* generation) {
  return generation != nullptr ? generation->trace().scores.data() : nullptr;
}

const uint8_t* lazydit_generation_ran(const lazydit_generation* generation) {
  return generation != nullptr ? generation->trace().ran.data() : nullptr;
}

const uint8_t* lazydit_generation_extrapolated(const lazydit_generation* generation) {
  return generation != nullptr ? generation->trace().extrapolated.data() : nullptr;
}

const double* lazydit_generation_module_ms(const lazydit_generation* generation) {
  return generation != nullptr ? generation->trace().module_ms.data() : nullptr;
}

const double* lazydit_generation_step_ms(const lazydit_generation* generation) {
  return generation != nullptr ? generation->trace().step_ms.data() : nullptr;
}

void lazydit_generation_timings(const lazydit_generation* generation, lazydit_timings* timings) {
  if (timings == nullptr) return;
  *timings = generation != nullptr ? generation->timings() : lazydit_timings{};
}

void lazydit_randn(uint64_t seed, float* out, size_t size) {
  if (out != nullptr) lazydit::Randn(seed, {out, size});
}

lazydit_status lazydit_spaced_timesteps(int32_t train_steps, int32_t steps, int64_t* out, lazydit_error* error) {
  return Guard(error, [&] {
    lazydit::CheckRespacing(train_steps, steps, out);
    lazydit::SpacedTimesteps(static_cast<size_t>(train_steps), {out, static_cast<size_t>(steps)});
  });
}

lazydit_status lazydit_alphas_cumprod(int32_t train_steps, double beta_start, double beta_end, double* out,
                                      lazydit_error* error) {
  return Guard(error, [&] {
    lazydit::CheckBetas(train_steps, beta_start, beta_end, out);
    lazydit::AlphasCumprod(beta_start, beta_end, {out, static_cast<size_t>(train_steps)});
  });
}

const char* lazydit_version() { return LAZYDIT_VERSION; }

const char* lazydit_status_name(lazydit_status status) {
  switch (status) {
    case LAZYDIT_OK:
      return "ok";
    case LAZYDIT_INVALID_ARGUMENT:
      return "invalid argument";
    case LAZYDIT_OUT_OF_MEMORY:
      return "out of memory";
    case LAZYDIT_CANCELLED:
      return "cancelled";
    case LAZYDIT_EXECUTOR_FAILED:
      return "executor failed";
  }
  return "unknown status";
}
