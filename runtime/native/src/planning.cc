#include "planning.h"

#include <cmath>
#include <cstddef>
#include <set>

#include "failure.h"
#include "lazy_ratio.h"
#include "manifest_checks.h"

namespace lazydit::native {
namespace {

constexpr double kUnguided = 1.0;  // the unconditional sample has no say there
constexpr double kUnusedThreshold = 0.5;

int32_t number_of(const Manifest& manifest, const std::string& name) {
  return static_cast<int32_t>(manifest.find_program(name) - manifest.programs.data());
}

lazydit_policy_kind kind_of(const Wish& wish) {
  if (wish.policy == "lazy") return LAZYDIT_LAZY;
  if (wish.gates || wish.thresholds)
    refuse("gates and thresholds mean nothing to policy " + wish.policy + ": leave them out");
  if (wish.policy == "always") return LAZYDIT_ALWAYS;
  if (wish.policy == "every-n") return LAZYDIT_EVERY_N;
  if (wish.policy == "schedule") return LAZYDIT_SCHEDULE;
  refuse("there is no policy " + wish.policy + ": choose from always, lazy, every-n, schedule");
}

const GateSetSpec& gate_set_for(const Bundle& bundle, const Wish& wish, int32_t steps) {
  if (wish.gates) {
    const GateSetSpec& named = bundle.gate_set(*wish.gates);
    if (named.steps != steps)
      refuse("gate set " + named.name + " is for " + std::to_string(named.steps) + " steps, not for " +
             std::to_string(steps) + ": choose its step count or another gate set");
    return named;
  }
  std::set<int32_t> counts;
  for (const GateSetSpec& set : bundle.manifest().gate_sets) {
    if (set.steps == steps) return set;
    counts.insert(set.steps);
  }
  std::string known;
  for (const int32_t count : counts) known += (known.empty() ? "" : ", ") + std::to_string(count);
  refuse("this bundle has no gate set for " + std::to_string(steps) + " steps" +
         (known.empty() ? ": choose" : ", only for " + known + ": choose one of these or") + " policy always");
}

int32_t own_steps(const Bundle& bundle, const Wish& wish) {
  if (wish.gates) return bundle.gate_set(*wish.gates).steps;
  return wish.schedule.empty() ? bundle.manifest().default_steps : static_cast<int32_t>(wish.schedule.size());
}

int32_t steps_of(const Bundle& bundle, const Wish& wish) {
  const int32_t steps = wish.steps ? *wish.steps : own_steps(bundle, wish);
  const Manifest& manifest = bundle.manifest();
  const int32_t most = manifest.diffusion.train_steps;
  if (steps < 1 || steps > most)
    refuse(std::to_string(steps) + " steps are not possible: choose from 1 to " + std::to_string(most));
  return steps;
}

/* [steps, modules] in one row. */
std::vector<uint8_t> mask_of(const Wish& wish, size_t steps, size_t modules) {
  std::vector<uint8_t> mask;
  if (wish.schedule.empty())
    for (size_t step = 0; step < steps; ++step)
      for (size_t module = 0; module < modules; ++module) mask.push_back(step % 2 == module % 2 ? 1 : 0);
  for (const auto& row : wish.schedule) {
    if (wish.schedule.size() != steps || row.size() != modules)
      refuse("the schedule is for " + std::to_string(wish.schedule.size()) + " steps and " +
             std::to_string(row.size()) + " modules, not for " + std::to_string(steps) + " and " +
             std::to_string(modules) + ": give one made for this step count and model");
    mask.insert(mask.end(), row.begin(), row.end());
  }
  return mask;
}

void check_numbers(const Wish& wish) {
  if (wish.every_n < 1)
    refuse("every-n with n = " + std::to_string(wish.every_n) + " never runs a module: choose n from 1");
  if (wish.max_reuse && *wish.max_reuse < 0)
    refuse("max_reuse is " + std::to_string(*wish.max_reuse) + ": choose a number of steps from 1, or no limit");
}

void check_threshold(double threshold) {
  if (!(threshold >= 0 && threshold <= 1)) refuse("a threshold is not from 0 to 1: scores lie between these");
}

}  // namespace

CoreModel::CoreModel(const Manifest& manifest) {
  const ModelSpec& model = manifest.model;
  const GateGraph& graph = manifest.graph;
  for (const ModuleNode& module : graph.modules) modules_.push_back(number_of(manifest, module.program));
  for (const std::string& block : graph.blocks) blocks_.push_back(number_of(manifest, block));
  const auto image = image_shape(manifest);
  model_ = {model.depth,
            model.width,
            model.tokens,
            model.latent_shape[0],
            model.latent_shape[1],
            model.latent_shape[2],
            model.output_channels,
            model.num_classes,
            graph.condition_max_steps,
            number_of(manifest, graph.condition),
            number_of(manifest, graph.embed),
            modules_.data(),
            blocks_.empty() ? nullptr : blocks_.data(),
            number_of(manifest, graph.modules[0].reuse),
            graph.extrapolate ? number_of(manifest, *graph.extrapolate) : -1,
            number_of(manifest, graph.final),
            graph.decode ? number_of(manifest, *graph.decode) : -1,
            image[0],
            image[1],
            image[2],
            model.activation_type == "float16" ? LAZYDIT_FLOAT16 : LAZYDIT_FLOAT32};
}

Wish decided(const Bundle& bundle, const Wish& wish) {
  return wish.lazy_ratio ? with_lazy_ratio(bundle.manifest(), wish, steps_of(bundle, wish)) : wish;
}

CorePlan::CorePlan(const Bundle& bundle, const Wish& asked)
    : guidance_(asked.guidance.value_or(bundle.manifest().default_guidance)),
      thresholds_(kUnusedThreshold, kUnusedThreshold) {
  const Manifest& manifest = bundle.manifest();
  const Wish wish = decided(bundle, asked);
  check_numbers(wish);
  plan_.policy.kind = kind_of(wish);
  plan_.steps = steps_of(bundle, wish);
  if (!std::isfinite(guidance_)) refuse("the guidance is not a number to work with: choose 1 to 10");
  plan_.guided = guidance_ == kUnguided ? 0 : 1;
  plan_.guidance_channels = manifest.model.guidance_channels;
  plan_.policy.every_n = wish.every_n;
  if (plan_.policy.kind == LAZYDIT_LAZY) {
    take_gate_set(gate_set_for(bundle, wish, plan_.steps));
    plan_.policy.gates = bundle.gates(*gate_set_).data();
  } else {
    space_timesteps(manifest.diffusion);
  }
  if (wish.thresholds) {
    check_threshold(wish.thresholds->first);
    check_threshold(wish.thresholds->second);
    thresholds_ = *wish.thresholds;
  }
  plan_.policy.threshold_attn = static_cast<float>(thresholds_.first);
  plan_.policy.threshold_mlp = static_cast<float>(thresholds_.second);
  if (wish.max_reuse) plan_.policy.max_reuse = *wish.max_reuse;
  if (wish.extrapolate) plan_.policy.extrapolate = *wish.extrapolate ? 1 : 0;
  if (plan_.policy.extrapolate != 0 && !manifest.graph.extrapolate)
    refuse("this bundle has no program to extrapolate with: export it again, or hold what is reused");
  if (plan_.policy.kind == LAZYDIT_SCHEDULE)
    schedule_ = mask_of(wish, static_cast<size_t>(plan_.steps), manifest.graph.modules.size());
  plan_.policy.schedule = schedule_.data();
  plan_.timesteps = timesteps_.data();
  plan_.alphas_cumprod = alphas_cumprod_.data();
}

void CorePlan::take_gate_set(const GateSetSpec& set) {
  gate_set_ = &set;
  timesteps_ = set.timesteps;
  alphas_cumprod_ = set.alphas_cumprod;
  thresholds_ = {set.threshold_attn, set.threshold_mlp};
  plan_.policy.max_reuse = set.max_reuse;
  plan_.policy.extrapolate = set.extrapolate ? 1 : 0;
}

void CorePlan::space_timesteps(const DiffusionSpec& diffusion) {
  lazydit_error error = {};
  timesteps_.resize(static_cast<size_t>(plan_.steps));
  check(lazydit_spaced_timesteps(diffusion.train_steps, plan_.steps, timesteps_.data(), &error), error);
  std::vector<double> alphas(static_cast<size_t>(diffusion.train_steps));
  check(lazydit_alphas_cumprod(diffusion.train_steps, diffusion.beta_start, diffusion.beta_end, alphas.data(), &error),
        error);
  for (const int64_t timestep : timesteps_) alphas_cumprod_.push_back(alphas[static_cast<size_t>(timestep)]);
}

}  // namespace lazydit::native
