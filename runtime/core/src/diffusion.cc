#include "diffusion.h"

#include <cmath>

namespace lazydit {

void SpacedTimesteps(std::size_t train_steps, Span<std::int64_t> out) {
  const std::size_t steps = out.size();
  const double stride = steps > 1 ? static_cast<double>(train_steps - 1) / static_cast<double>(steps - 1) : 1.0;
  // Positions accumulate and halves round to even, as in the published code: both decide which timestep is taken.
  double position = 0.0;
  for (std::size_t i = 0; i < steps; ++i) {
    out[steps - 1 - i] = static_cast<std::int64_t>(std::nearbyint(position));
    position += stride;
  }
}

void AlphasCumprod(double beta_start, double beta_end, Span<double> out) {
  const double slope = out.size() > 1 ? (beta_end - beta_start) / static_cast<double>(out.size() - 1) : 0.0;
  double product = 1.0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    product *= 1.0 - (beta_start + slope * static_cast<double>(i));
    out[i] = product;
  }
}

void Guide(Span<float> conditional, Span<const float> unconditional, double scale) {
  for (std::size_t i = 0; i < unconditional.size(); ++i) {
    const double base = unconditional[i];
    conditional[i] = static_cast<float>(base + scale * (conditional[i] - base));
  }
}

void DdimStep(Span<float> latent, Span<const float> eps, double alpha, double next_alpha) {
  const double keep = std::sqrt(next_alpha / alpha);
  const double move = std::sqrt(1.0 - next_alpha) - keep * std::sqrt(1.0 - alpha);
  for (std::size_t i = 0; i < latent.size(); ++i) {
    latent[i] = static_cast<float>(keep * latent[i] + move * eps[i]);
  }
}

}  // namespace lazydit
