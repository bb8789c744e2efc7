/* What reuse and extrapolate compute, row by row. */
#ifndef LAZYDIT_NATIVE_REUSE_ROWS_H_
#define LAZYDIT_NATIVE_REUSE_ROWS_H_

#include <cstddef>

namespace lazydit::native {

/* All float32, row-major. N tokens, D width. */
struct ReuseRows {
  size_t width;
  float epsilon;
  const float* x;         // [N, D]
  const float* output;    // [N, D]
  const float* previous;  // [N, D], or NULL: the output is taken as it is
  float weight;           // of output - previous
  const float* gate;      // [D]
  float* next_x;          // [N, D]
  float* norm;            // [N, D]
};

/*
 * For the rows from `begin` to before `end`: next_x = x + gate * (output + weight * (output - previous)), norm = the
 * layer norm of next_x without weights, sum [D] = the sum of norm over these rows.
 */
void reuse_rows(const ReuseRows& rows, size_t begin, size_t end, float* sum);

}  // namespace lazydit::native

#endif
