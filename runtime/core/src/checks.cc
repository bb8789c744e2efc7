#include "checks.h"

#include <cinttypes>
#include <cmath>
#include <cstring>

#include "failure.h"

namespace lazydit {
namespace {

// The largest whole number up to which float32, the type of condition's timesteps, holds every one.
constexpr int64_t kMaxTimestep = 1 << 24;

// A caller in C can store any number in an enum, which C++ must not load as one.
template <class Enum>
int NumberOf(const Enum& value) {
  int number;
  static_assert(sizeof(number) == sizeof(value));
  std::memcpy(&number, &value, sizeof(number));
  return number;
}

void CheckGiven(const void* pointer, const char* name) {
  Require(pointer != nullptr, "%s is NULL: it must be given", name);
}

void CheckPositive(int64_t value, const char* name) {
  Require(value >= 1, "%s is %" PRId64 ": it must be at least 1", name, value);
}

void CheckFlag(int32_t value, const char* name) {
  Require(value == 0 || value == 1, "%s is %" PRId32 ": it must be 0 or 1", name, value);
}

void CheckTimesteps(const lazydit_plan& plan) {
  CheckGiven(plan.timesteps, "plan.timesteps");
  for (int32_t step = 0; step < plan.steps; ++step) {
    const int64_t timestep = plan.timesteps[step];
    Require(timestep >= 0 && timestep <= kMaxTimestep,
            "timestep %" PRId64 " of step %" PRId32 " is out of range: it must be from 0 to %" PRId64, timestep, step,
            kMaxTimestep);
    Require(step == 0 || timestep < plan.timesteps[step - 1],
            "timestep %" PRId64 " of step %" PRId32
            " does not descend: give timesteps in sampling order, the noisiest first",
            timestep, step);
  }
}

void CheckAlphas(const lazydit_plan& plan) {
  CheckGiven(plan.alphas_cumprod, "plan.alphas_cumprod");
  for (int32_t step = 0; step < plan.steps; ++step) {
    const double alpha = plan.alphas_cumprod[step];
    Require(alpha > 0.0 && alpha < 1.0,
            "alphas_cumprod is %g at step %" PRId32 ": it must lie between 0 and 1, both excluded", alpha, step);
    Require(step == 0 || alpha > plan.alphas_cumprod[step - 1],
            "alphas_cumprod %g of step %" PRId32 " does not ascend: give it in sampling order, the noisiest first",
            alpha, step);
  }
}

void CheckThreshold(float threshold, const char* name) {
  Require(!std::isnan(threshold), "%s is not a number: give a score from 0 to 1", name);
}

void CheckSchedule(const lazydit_policy& policy, int32_t steps, int64_t modules) {
  CheckGiven(policy.schedule, "policy.schedule");
  for (int32_t step = 0; step < steps; ++step) {
    for (int64_t module = 0; module < modules; ++module) {
      const uint8_t value = policy.schedule[step * modules + module];
      Require(value <= 1, "the schedule holds %d at step %" PRId32 ", module %" PRId64 ": use 1 (run) or 0 (reuse)",
              int{value}, step, module);
    }
  }
}

void CheckPolicy(const lazydit_policy& policy, int32_t steps, int64_t modules) {
  Require(policy.max_reuse >= 0, "policy.max_reuse is %" PRId32 ": it must be at least 1, or 0 for no limit",
          policy.max_reuse);
  CheckFlag(policy.extrapolate, "policy.extrapolate");
  switch (NumberOf(policy.kind)) {
    case LAZYDIT_ALWAYS:
      return;
    case LAZYDIT_LAZY:
      CheckGiven(policy.gates, "policy.gates");
      CheckThreshold(policy.threshold_attn, "policy.threshold_attn");
      CheckThreshold(policy.threshold_mlp, "policy.threshold_mlp");
      return;
    case LAZYDIT_EVERY_N:
      CheckPositive(policy.every_n, "policy.every_n");
      return;
    case LAZYDIT_SCHEDULE:
      CheckSchedule(policy, steps, modules);
      return;
    default:
      Require(false, "policy.kind is %d: it must be one of lazydit_policy_kind", NumberOf(policy.kind));
  }
}

}  // namespace

void CheckModel(const lazydit_model* model) {
  CheckGiven(model, "model");
  CheckPositive(model->depth, "model.depth");
  // Counts of modules, over both samples, are reported as int32.
  Require(model->depth <= INT32_MAX / 4, "model.depth is %" PRId64 ": it must be at most %d", model->depth,
          INT32_MAX / 4);
  CheckPositive(model->width, "model.width");
  CheckPositive(model->tokens, "model.tokens");
  CheckPositive(model->channels, "model.channels");
  CheckPositive(model->latent_height, "model.latent_height");
  CheckPositive(model->latent_width, "model.latent_width");
  CheckPositive(model->output_channels, "model.output_channels");
  Require(model->output_channels == model->channels ||
              (model->output_channels % 2 == 0 && model->output_channels / 2 == model->channels),
          "model.output_channels is %" PRId64 ": it must be model.channels, %" PRId64
          ", or twice as many for a model that learns sigma",
          model->output_channels, model->channels);
  CheckPositive(model->num_classes, "model.num_classes");
  CheckPositive(model->condition_max_steps, "model.condition_max_steps");
  const int activation_type = NumberOf(model->activation_type);
  Require(activation_type == LAZYDIT_FLOAT32 || activation_type == LAZYDIT_FLOAT16,
          "model.activation_type is %d: it must be LAZYDIT_FLOAT32 or LAZYDIT_FLOAT16", activation_type);
  CheckGiven(model->module_programs, "model.module_programs");
  if (model->decode_program < 0) return;
  CheckPositive(model->image_channels, "model.image_channels");
  CheckPositive(model->image_height, "model.image_height");
  CheckPositive(model->image_width, "model.image_width");
}

void CheckPlan(const lazydit_model& model, const lazydit_plan* plan) {
  CheckGiven(plan, "plan");
  CheckPositive(plan->steps, "plan.steps");
  CheckTimesteps(*plan);
  CheckAlphas(*plan);
  CheckFlag(plan->guided, "plan.guided");
  Require(plan->guided == 0 || (plan->guidance_channels >= 1 && plan->guidance_channels <= model.channels),
          "plan.guidance_channels is %" PRId64 ": it must be from 1 to model.channels, %" PRId64,
          plan->guidance_channels, model.channels);
  CheckPolicy(plan->policy, plan->steps, 2 * model.depth);
  Require(plan->policy.extrapolate == 0 || model.extrapolate_program >= 0,
          "the policy extrapolates and this model has no program for it: export the bundle again, or set "
          "policy.extrapolate to 0");
}

void CheckRequest(const lazydit_model& model, bool guided, const lazydit_request* request) {
  CheckGiven(request, "request");
  Require(request->label >= 0 && request->label < model.num_classes,
          "label %" PRId64 " is out of range: this model knows labels 0 to %" PRId64, request->label,
          model.num_classes - 1);
  Require(!guided || std::isfinite(request->guidance), "guidance is %g: it must be a finite number", request->guidance);
}

void CheckExecutor(const lazydit_executor* executor) {
  CheckGiven(executor, "executor");
  Require(executor->run != nullptr, "executor.run is NULL: give the function that runs programs");
}

void CheckRespacing(int32_t train_steps, int32_t steps, const int64_t* out) {
  CheckPositive(train_steps, "train_steps");
  Require(steps >= 1 && steps <= train_steps, "%" PRId32 " steps asked for: choose from 1 to %" PRId32, steps,
          train_steps);
  CheckGiven(out, "out");
}

void CheckBetas(int32_t train_steps, double beta_start, double beta_end, const double* out) {
  CheckPositive(train_steps, "train_steps");
  Require(beta_start > 0.0 && beta_start <= beta_end && beta_end < 1.0,
          "betas from %g to %g do not rise: beta_start and beta_end must lie between 0 and 1, in this order",
          beta_start, beta_end);
  CheckGiven(out, "out");
}

}  // namespace lazydit
