// A model, a plan, a request and an executor out of bytes.
#pragma once

#include <fuzzer/FuzzedDataProvider.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lazydit.h"

namespace lazydit_test {

// Sizes are small, and now and then any number where the caller's arrays do not depend on it. The arrays are as long as
// the interface asks for: what they hold is up to the bytes.
class FuzzedGeneration {
 public:
  explicit FuzzedGeneration(FuzzedDataProvider* bytes);
  FuzzedGeneration(const FuzzedGeneration&) = delete;
  FuzzedGeneration& operator=(const FuzzedGeneration&) = delete;

  const lazydit_model& model() const { return model_; }
  const lazydit_plan& plan() const { return plan_; }

  // Whether every number that goes into the latent is of ordinary size.
  bool tame() const { return tame_; }

 private:
  int64_t Size(int64_t most);
  int64_t AnySize(int64_t most);
  void MakeModel();
  void MakePlan();
  void MakeNoiseLevels();
  void MakePolicy();

  FuzzedDataProvider* bytes_;
  bool tame_;
  std::vector<int32_t> module_programs_;
  std::vector<int32_t> block_programs_;
  std::vector<int64_t> timesteps_;
  std::vector<double> alphas_cumprod_;
  std::vector<float> gates_;
  std::vector<uint8_t> schedule_;
  lazydit_model model_{};
  lazydit_plan plan_{};
};

// Fills outputs from the bytes, and reads and writes all that it may; it fails or cancels where the bytes say so.
class FuzzedExecutor {
 public:
  FuzzedExecutor(FuzzedDataProvider* bytes, lazydit_generation* generation, bool tame);

  lazydit_executor Interface() { return {this, &FuzzedExecutor::Run, nullptr, nullptr}; }
  bool interferes() const { return fails_at_ < kNever || cancels_at_ < kNever; }
  std::size_t calls() const { return calls_; }
  std::size_t fails_at() const { return fails_at_; }
  std::size_t cancels_at() const { return cancels_at_; }

 private:
  static constexpr std::size_t kNever = 1000;

  static int32_t Run(void* self, int32_t program, const lazydit_tensor* inputs, size_t num_inputs,
                     const lazydit_tensor* outputs, size_t num_outputs, char* message, size_t message_size);
  void Fill(const lazydit_tensor& output);

  FuzzedDataProvider* bytes_;
  lazydit_generation* generation_;
  bool tame_;
  std::size_t fails_at_;
  std::size_t cancels_at_;
  std::size_t calls_ = 0;
};

}  // namespace lazydit_test
