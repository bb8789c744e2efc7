/* From what a caller asks for to what the core plans. */
#ifndef LAZYDIT_NATIVE_PLANNING_H_
#define LAZYDIT_NATIVE_PLANNING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bundle.h"
#include "lazydit.h"

namespace lazydit::native {

/* What is left open is the bundle's default. */
struct Wish {
  std::string policy = "lazy";                          // always, lazy, every-n or schedule
  std::optional<std::string> gates;                     // lazy: a gate set's name
  std::optional<std::pair<double, double>> thresholds;  // lazy: of attention and of feedforward
  int32_t every_n = 2;                                  // every-n
  std::vector<std::vector<uint8_t>> schedule;           // schedule: [steps][modules], 1 runs; empty: attention runs at
                                                        // even steps, feedforward at odd ones
  std::optional<int32_t> max_reuse;                     // 0: no limit; left open: what the gate set was made with
  std::optional<bool> extrapolate;                      // left open: what the gate set was made with
  std::optional<double> lazy_ratio;                     // lazy: share of modules to reuse, 0 is always; the
                                                        // bundle's calibration then picks all of the above
  std::optional<int32_t> steps;
  std::optional<double> guidance;  // 1 is none
};

/* `wish` with a lazy ratio turned into the policy that gives it. Throws Failure where the bundle cannot do it. */
Wish decided(const Bundle& bundle, const Wish& wish);

/* The gate graph of a bundle as the core takes it. Of use while this object lives. */
class CoreModel {
 public:
  explicit CoreModel(const Manifest& manifest);
  CoreModel(const CoreModel&) = delete;
  CoreModel& operator=(const CoreModel&) = delete;
  const lazydit_model& get() const { return model_; }

 private:
  std::vector<int32_t> modules_;
  std::vector<int32_t> blocks_;
  lazydit_model model_;
};

/* What was asked for with everything decided, as the core takes it. Of use while this object and the bundle live. */
class CorePlan {
 public:
  /* Throws Failure where the bundle cannot do what is wished. */
  CorePlan(const Bundle& bundle, const Wish& asked);
  CorePlan(const CorePlan&) = delete;
  CorePlan& operator=(const CorePlan&) = delete;

  const lazydit_plan& get() const { return plan_; }
  const std::vector<int64_t>& timesteps() const { return timesteps_; }
  double guidance() const { return guidance_; }
  std::pair<double, double> thresholds() const { return thresholds_; } /* of attention and feedforward */
  const GateSetSpec* gate_set() const { return gate_set_; }            /* NULL but with policy lazy */

 private:
  void take_gate_set(const GateSetSpec& set);
  void space_timesteps(const DiffusionSpec& diffusion);

  const GateSetSpec* gate_set_ = nullptr;
  double guidance_;
  std::pair<double, double> thresholds_;
  std::vector<int64_t> timesteps_;
  std::vector<double> alphas_cumprod_;
  std::vector<uint8_t> schedule_;
  lazydit_plan plan_ = {};
};

}  // namespace lazydit::native

#endif
