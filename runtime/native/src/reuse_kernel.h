/* The programs reuse and extrapolate without the engine. */
#ifndef LAZYDIT_NATIVE_REUSE_KERNEL_H_
#define LAZYDIT_NATIVE_REUSE_KERNEL_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "lazydit_native.h"

namespace lazydit::native {

/*
 * Residual, layer norm without weights and token sum in one pass over the tokens, on the engine's threads. The engine
 * takes several passes, some of them on one thread, and every module that is reused pays for them.
 *
 * The rows are cut into as many parts whatever the number of threads, so that sums do not depend on it.
 */
class ReuseKernel {
 public:
  /* None where the epsilon is 0 or the signature is not that of reuse (x, output, gate) or extrapolate (x, output,
     previous, weight, gate) in float32. */
  static std::optional<ReuseKernel> of(const lazydit_native_signature& signature, double epsilon);

  /* Fills next x, norm, norm_sum. Throws Failure when the tensors are not those of the signature. */
  void run(const lazydit_tensor* inputs, size_t num_inputs, const lazydit_tensor* outputs, size_t num_outputs);

 private:
  ReuseKernel(const lazydit_native_signature& signature, float epsilon);

  lazydit_native_signature signature_;
  float epsilon_;
  size_t tokens_;
  size_t width_;
  size_t parts_;
  std::vector<float> sums_; /* [parts, width] */
};

}  // namespace lazydit::native

#endif
