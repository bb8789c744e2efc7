#ifndef LAZYDIT_SRC_DIFFUSION_H_
#define LAZYDIT_SRC_DIFFUSION_H_

#include <cstddef>
#include <cstdint>

#include "span.h"

namespace lazydit {

// Fills `out` with timesteps 0 .. train_steps - 1 respaced to out.size() of them, descending.
void SpacedTimesteps(std::size_t train_steps, Span<std::int64_t> out);

// Fills `out` with the cumulative products of 1 - beta, beta rising linearly from beta_start to beta_end.
void AlphasCumprod(double beta_start, double beta_end, Span<double> out);

// Classifier-free guidance: the leading elements of `conditional`, as many as `unconditional` has, become
// unconditional + scale * (conditional - unconditional).
void Guide(Span<float> conditional, Span<const float> unconditional, double scale);

// One DDIM step with eta 0 and without clipping, from cumulative alpha `alpha` to `next_alpha`.
void DdimStep(Span<float> latent, Span<const float> eps, double alpha, double next_alpha);

}  // namespace lazydit

#endif  // LAZYDIT_SRC_DIFFUSION_H_
