#include "reuse_rows.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace lazydit::native {
namespace {

/* Sums of their own, which a compiler may keep in vectors without changing the order of additions. Eight are as fast
   as GCC and Clang get; at 32 Clang takes twice the time. */
constexpr size_t kLanes = 8;

using Lanes = std::array<float, kLanes>;

inline float total(const Lanes& lanes) {
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  return sum;
}

/* term(i) for every i below `count`, added up. */
template <typename Term>
inline __attribute__((always_inline)) float sum_of(size_t count, Term term) {
  Lanes lanes = {};
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += term(i + lane);
  for (size_t lane = 0; i < count; ++i, ++lane) lanes[lane] += term(i);
  return total(lanes);
}

}  // namespace

void reuse_rows(const ReuseRows& rows, size_t begin, size_t end, float* sum) {
  const size_t width = rows.width;
  const auto divisor = static_cast<float>(width);
  const float weight = rows.weight;
  const float* __restrict const gate = rows.gate;
  float* __restrict const norm_sum = sum;
  std::fill_n(norm_sum, width, 0.0F);
  for (size_t row = begin; row < end; ++row) {
    const float* __restrict const x = rows.x + row * width;
    const float* __restrict const output = rows.output + row * width;
    float* __restrict const next_x = rows.next_x + row * width;
    float* __restrict const norm = rows.norm + row * width;
    if (rows.previous == nullptr) {
      for (size_t i = 0; i < width; ++i) next_x[i] = x[i] + gate[i] * output[i];
    } else {
      const float* __restrict const previous = rows.previous + row * width;
      for (size_t i = 0; i < width; ++i) next_x[i] = x[i] + gate[i] * (output[i] + weight * (output[i] - previous[i]));
    }
    const float mean = sum_of(width, [&](size_t i) { return next_x[i]; }) / divisor;
    const float squares = sum_of(width, [&](size_t i) { return (next_x[i] - mean) * (next_x[i] - mean); });
    const float factor = 1.0F / std::sqrt(squares / divisor + rows.epsilon);
    for (size_t i = 0; i < width; ++i) norm[i] = (next_x[i] - mean) * factor;
    for (size_t i = 0; i < width; ++i) norm_sum[i] += norm[i];
  }
}

}  // namespace lazydit::native
