#include "reference.h"

#include <cmath>
#include <limits>

namespace lazydit_test {
namespace {

using Vector = std::vector<double>;

// An output and the step that computed it.
struct Computed {
  std::size_t step;
  Vector output;
};

// One sample's computed outputs, oldest first, and reuses in a row, by module.
struct SampleState {
  std::vector<std::vector<Computed>> computed;
  std::vector<int> reuses;
};

class ReferenceWalk {
 public:
  explicit ReferenceWalk(const Scenario& scenario) : s_(scenario), width_(static_cast<std::size_t>(s_.model.width)) {}

  ReferenceResult Run() {
    result_.latent.assign(s_.noise.begin(), s_.noise.end());
    std::vector<SampleState> samples(s_.samples());
    for (SampleState& sample : samples) {
      sample.computed.resize(s_.model.modules());
      sample.reuses.assign(s_.model.modules(), 0);
    }
    for (std::size_t step = 0; step < s_.timesteps.size(); ++step) {
      const Vector conditional = Sample(step, s_.request.label, &samples[0]);
      Vector unconditional;
      if (s_.guided) unconditional = Sample(step, s_.model.num_classes, &samples[1]);
      Denoise(step, conditional, unconditional);
    }
    return result_;
  }

 private:
  Vector Sample(std::size_t step, int64_t label, SampleState* sample) {
    Vector x(s_.model.hidden());
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = EmbedValue(result_.latent[i % s_.model.latent()], i);
    for (std::size_t module = 0; module < s_.model.modules(); ++module) Advance(step, label, module, sample, &x);
    Vector output(s_.model.model_output());
    const auto timestep = static_cast<float>(s_.timesteps[step]);
    for (std::size_t i = 0; i < output.size(); ++i) {
      const std::size_t source = i % x.size();
      const std::size_t d = source % width_;
      const double modulated = NormValue(x[source]) * (1.0 + FinalModulationValue(label, timestep, width_ + d)) +
                               FinalModulationValue(label, timestep, d);
      output[i] = FinalValue(modulated, i);
    }
    return output;
  }

  void Advance(std::size_t step, int64_t label, std::size_t module, SampleState* sample, Vector* x) {
    const auto timestep = static_cast<float>(s_.timesteps[step]);
    const auto modulation = [&](std::size_t part, std::size_t d) {
      const std::size_t block = module / 2;
      return double{ModulationValue(label, timestep, block * 6 * width_ + (3 * (module % 2) + part) * width_ + d)};
    };
    Vector z(x->size());
    for (std::size_t i = 0; i < z.size(); ++i) {
      z[i] = NormValue((*x)[i]) * (1.0 + modulation(1, i % width_)) + modulation(0, i % width_);
    }
    std::vector<Computed>& computed = sample->computed[module];
    const bool run = Decide(step, module, z, sample);
    if (run) {
      for (double& value : z) value = ModuleValue(module, value);
      computed.push_back({step, z});
    }
    const bool extrapolate = !run && s_.policy.extrapolate == 1 && computed.size() > 1;
    result_.extrapolated.push_back(extrapolate ? 1 : 0);
    const Vector output =
        extrapolate ? OnTheLine(computed[computed.size() - 2], computed.back(), step) : computed.back().output;
    for (std::size_t i = 0; i < output.size(); ++i) (*x)[i] += modulation(2, i % width_) * output[i];
  }

  static Vector OnTheLine(const Computed& previous, const Computed& last, std::size_t step) {
    const double slope_steps = static_cast<double>(last.step - previous.step);
    const double ahead = static_cast<double>(step - last.step);
    Vector output = last.output;
    for (std::size_t i = 0; i < output.size(); ++i) {
      output[i] += ahead * (last.output[i] - previous.output[i]) / slope_steps;
    }
    return output;
  }

  bool Decide(std::size_t step, std::size_t module, const Vector& z, SampleState* sample) {
    double score = std::numeric_limits<double>::quiet_NaN();
    bool run = true;
    const std::size_t mask = step * s_.model.modules() + module;
    if (step > 0 && s_.policy.kind == LAZYDIT_LAZY) {
      double logit = 0.0;
      for (std::size_t i = 0; i < z.size(); ++i) logit += s_.gates[mask * width_ + i % width_] * z[i];
      score = 1.0 / (1.0 + std::exp(-logit));
      run = score >= (module % 2 == 0 ? s_.policy.threshold_attn : s_.policy.threshold_mlp);
    } else if (step > 0 && s_.policy.kind == LAZYDIT_EVERY_N) {
      run = step % static_cast<std::size_t>(s_.policy.every_n) == 0;
    } else if (step > 0 && s_.policy.kind == LAZYDIT_SCHEDULE) {
      run = s_.schedule[mask] == 1;
    }
    if (s_.policy.max_reuse > 0 && sample->reuses[module] == s_.policy.max_reuse) run = true;
    sample->reuses[module] = run ? 0 : sample->reuses[module] + 1;
    result_.scores.push_back(score);
    result_.ran.push_back(run ? 1 : 0);
    return run;
  }

  void Denoise(std::size_t step, const Vector& conditional, const Vector& unconditional) {
    const double alpha = s_.alphas_cumprod[step];
    const double next = step + 1 < s_.alphas_cumprod.size() ? s_.alphas_cumprod[step + 1] : 1.0;
    for (std::size_t i = 0; i < result_.latent.size(); ++i) {
      double eps = conditional[i];
      const bool guided_channel = i / s_.model.plane() < static_cast<std::size_t>(s_.guidance_channels);
      if (s_.guided && guided_channel) {
        eps = unconditional[i] + s_.request.guidance * (conditional[i] - unconditional[i]);
      }
      const double clean = (result_.latent[i] - std::sqrt(1.0 - alpha) * eps) / std::sqrt(alpha);
      result_.latent[i] = std::sqrt(next) * clean + std::sqrt(1.0 - next) * eps;
    }
  }

  const Scenario& s_;
  std::size_t width_;
  ReferenceResult result_;
};

}  // namespace

ReferenceResult Reference(const Scenario& scenario) { return ReferenceWalk(scenario).Run(); }

}  // namespace lazydit_test
