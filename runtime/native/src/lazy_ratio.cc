#include "lazy_ratio.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "failure.h"

namespace lazydit::native {
namespace {

constexpr double kSlack = 0.02;  // few images were measured, so that a wish may lie so far beyond the largest ratio

std::string shown(double ratio) {
  char text[32];
  std::snprintf(text, sizeof(text), "%g", ratio);
  return text;
}

const std::vector<RatioPoint>& points_for(const Manifest& manifest, int32_t steps) {
  if (manifest.lazy_ratios.empty())
    refuse("this bundle has no calibration of lazy ratios: export it again, or choose gates and thresholds");
  std::string known;
  for (const LazyRatios& ratios : manifest.lazy_ratios) {
    if (ratios.steps == steps) return ratios.points;
    known += (known.empty() ? "" : ", ") + std::to_string(ratios.steps);
  }
  refuse("this bundle's lazy ratios are calibrated for " + known + " steps, not for " + std::to_string(steps) +
         ": choose one of these");
}

double logit(double score) { return std::log(score) - std::log1p(-score); }

/* The score whose logit lies `share` of the way between those of two scores within 0 .. 1. */
double mixed(double below, double above, double share) {
  return 1 / (1 + std::exp(-(logit(below) + share * (logit(above) - logit(below)))));
}

RatioPoint between(const RatioPoint& below, const RatioPoint& above, double ratio) {
  const double share = (ratio - below.lazy_ratio) / std::max(above.lazy_ratio - below.lazy_ratio, 1e-9);
  if (below.gates != above.gates || below.max_reuse != above.max_reuse) return share < 0.5 ? below : above;
  RatioPoint point = above;
  point.threshold_attn = mixed(below.threshold_attn, above.threshold_attn, share);
  point.threshold_mlp = mixed(below.threshold_mlp, above.threshold_mlp, share);
  return point;
}

}  // namespace

Wish with_lazy_ratio(const Manifest& manifest, Wish wish, int32_t steps) {
  if (!wish.lazy_ratio) return wish;
  if (wish.policy != "lazy")
    refuse("a lazy ratio means nothing to policy " + wish.policy + ": leave it out, or choose policy lazy");
  if (wish.gates || wish.thresholds || wish.max_reuse || wish.extrapolate)
    refuse("a lazy ratio picks gates, thresholds, max_reuse and extrapolate: leave these out");
  const double ratio = *std::exchange(wish.lazy_ratio, std::nullopt);
  wish.steps = steps;
  wish.policy = "always";
  if (ratio == 0) return wish;
  const std::vector<RatioPoint>& points = points_for(manifest, steps);
  const double highest = points.back().lazy_ratio;
  if (!(ratio > 0 && ratio <= highest + kSlack))
    refuse("a lazy ratio of " + shown(ratio) + " is out of reach at " + std::to_string(steps) +
           " steps: choose from 0 to " + shown(highest));
  const auto after =
      std::find_if(points.begin(), points.end(), [=](const RatioPoint& point) { return point.lazy_ratio >= ratio; });
  if (after == points.begin() && ratio < after->lazy_ratio / 2) return wish;
  const RatioPoint point = after == points.end()     ? points.back()
                           : after == points.begin() ? *after
                                                     : between(after[-1], *after, ratio);
  wish.policy = "lazy";
  wish.gates = point.gates;
  wish.thresholds = {point.threshold_attn, point.threshold_mlp};
  wish.max_reuse = point.max_reuse;
  return wish;
}

}  // namespace lazydit::native
