#include "reuse_kernel.h"

#include <algorithm>
#include <string>

#include "engine_error.h"
#include "reuse_rows.h"
#include "thread_pool.h"

namespace lazydit::native {
namespace {

constexpr size_t kReuseInputs = 3;
constexpr size_t kExtrapolateInputs = 5;
constexpr size_t kOutputs = 3;
constexpr size_t kMostParts = 16;
constexpr size_t kNumbersPerPart = 8192;  // fewer take less time than waking a thread

bool same(const lazydit_tensor& a, const lazydit_tensor& b) {
  return a.dtype == b.dtype && a.size_bytes == b.size_bytes && a.rank == b.rank &&
         std::equal(a.shape, a.shape + a.rank, b.shape);
}

bool holds_floats(const lazydit_tensor& tensor, size_t count) {
  return tensor.dtype == LAZYDIT_FLOAT32 && tensor.size_bytes == count * sizeof(float);
}

bool is_computed(const lazydit_native_signature& signature) {
  const size_t inputs = signature.num_inputs;
  if ((inputs != kReuseInputs && inputs != kExtrapolateInputs) || signature.num_outputs != kOutputs) return false;
  const lazydit_tensor& x = signature.inputs[0];
  if (x.dtype != LAZYDIT_FLOAT32 || x.rank != 3 || x.shape[0] != 1 || x.shape[1] < 1 || x.shape[2] < 1) return false;
  const auto width = static_cast<size_t>(x.shape[2]);
  if (!holds_floats(x, static_cast<size_t>(x.shape[1]) * width)) return false;
  const bool extrapolates =
      inputs == kReuseInputs || (same(signature.inputs[2], x) && holds_floats(signature.inputs[3], 1));
  return extrapolates && same(signature.inputs[1], x) && holds_floats(signature.inputs[inputs - 1], width) &&
         same(signature.outputs[0], x) && same(signature.outputs[1], x) && holds_floats(signature.outputs[2], width);
}

void require_same(const lazydit_tensor* found, const lazydit_tensor* wanted, size_t count, const char* kind) {
  for (size_t i = 0; i < count; ++i)
    if (!same(found[i], wanted[i]))
      throw Failure(LAZYDIT_EXECUTOR_FAILED, std::string(kind) + " " + std::to_string(i) +
                                                 " of a reuse has another shape or element type: " + kWrongSignature);
}

const float* floats(const lazydit_tensor& tensor) { return static_cast<const float*>(tensor.data); }

float* writable_floats(const lazydit_tensor& tensor) { return static_cast<float*>(tensor.data); }

}  // namespace

std::optional<ReuseKernel> ReuseKernel::of(const lazydit_native_signature& signature, double epsilon) {
  if (!(epsilon > 0) || !is_computed(signature)) return std::nullopt;
  return ReuseKernel(signature, static_cast<float>(epsilon));
}

ReuseKernel::ReuseKernel(const lazydit_native_signature& signature, float epsilon)
    : signature_(signature),
      epsilon_(epsilon),
      tokens_(static_cast<size_t>(signature.inputs[0].shape[1])),
      width_(static_cast<size_t>(signature.inputs[0].shape[2])),
      parts_(std::clamp(tokens_ * width_ / kNumbersPerPart, size_t{1}, std::min(tokens_, kMostParts))),
      sums_(parts_ * width_) {}

void ReuseKernel::run(const lazydit_tensor* inputs, size_t num_inputs, const lazydit_tensor* outputs,
                      size_t num_outputs) {
  if (num_inputs != signature_.num_inputs || num_outputs != signature_.num_outputs)
    throw Failure(LAZYDIT_EXECUTOR_FAILED,
                  std::string("the tensors of a reuse are too many or too few: ") + kWrongSignature);
  require_same(inputs, signature_.inputs, num_inputs, "input");
  require_same(outputs, signature_.outputs, num_outputs, "output");
  const bool extrapolates = num_inputs == kExtrapolateInputs;
  const ReuseRows rows = {width_,
                          epsilon_,
                          floats(inputs[0]),
                          floats(inputs[1]),
                          extrapolates ? floats(inputs[2]) : nullptr,
                          extrapolates ? *floats(inputs[3]) : 0.0F,
                          floats(inputs[num_inputs - 1]),
                          writable_floats(outputs[0]),
                          writable_floats(outputs[1])};
  in_parallel(parts_, [&](size_t part) {
    reuse_rows(rows, part * tokens_ / parts_, (part + 1) * tokens_ / parts_, sums_.data() + part * width_);
  });
  float* const norm_sum = writable_floats(outputs[2]);
  std::copy_n(sums_.data(), width_, norm_sum);
  for (size_t part = 1; part < parts_; ++part)
    for (size_t i = 0; i < width_; ++i) norm_sum[i] += sums_[part * width_ + i];
}

}  // namespace lazydit::native
