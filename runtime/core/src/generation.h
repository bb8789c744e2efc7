#ifndef LAZYDIT_SRC_GENERATION_H_
#define LAZYDIT_SRC_GENERATION_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "arena.h"
#include "buffers.h"
#include "lazydit.h"
#include "policy.h"

namespace lazydit {

// A planned generation: it owns every tensor and runs any number of requests, one after the other.
class Generation {
 public:
  // Both throw a Failure where the model or the plan is wrong or too large.
  static lazydit_memory Memory(const lazydit_model* model, const lazydit_plan* plan);
  Generation(const lazydit_model* model, const lazydit_plan* plan);

  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;

  void Run(const lazydit_request* request, const lazydit_executor* executor);
  void Cancel() { cancelled_.store(true); }

  const float* latent() const { return complete_ ? buffers_.latent.data() : nullptr; }
  const float* image() const { return complete_ ? buffers_.image.data() : nullptr; }
  std::size_t samples() const { return sizes_.samples; }
  const Trace& trace() const { return buffers_.trace; }
  const lazydit_timings& timings() const { return timings_; }

 private:
  struct Checked;  // a model and a plan that were found right, and what they need
  static Checked Check(const lazydit_model* model, const lazydit_plan* plan);
  explicit Generation(const Checked& checked);

  void CopyPlan(const lazydit_model& model, const lazydit_plan& plan);
  void Reset();
  void RunToTheEnd(const lazydit_request& request, const lazydit_executor& executor);

  lazydit_model model_;
  Sizes sizes_;
  Arena arena_;
  Buffers buffers_;
  Policy policy_;
  lazydit_timings timings_{};
  std::atomic<bool> cancelled_{false};
  bool complete_ = false;
};

}  // namespace lazydit

#endif  // LAZYDIT_SRC_GENERATION_H_
