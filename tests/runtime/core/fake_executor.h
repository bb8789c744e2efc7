#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "fake_model.h"
#include "lazydit.h"

namespace lazydit_test {

struct RecordedCall {
  int32_t program;
  std::vector<lazydit_tensor> inputs;
  std::vector<lazydit_tensor> outputs;
};

// Runs the formulas of a FakeModel, and checks of every call what the interface promises: shapes, sizes, types, inputs
// apart from outputs, alignment of whole buffers, and memory that may be read past the end.
class FakeExecutor {
 public:
  explicit FakeExecutor(const FakeModel& model) : model_(model) {}

  lazydit_executor Interface();

  // Called before every program with its index in the run; returning anything but 0 makes it fail with `reason`.
  std::function<int32_t(std::size_t index)> before;
  std::string reason;
  bool record = true;
  std::vector<RecordedCall> calls;
  std::size_t num_calls = 0;
  std::vector<float> weights;  // of extrapolate
  // Programs that the generation was done with, and the calls until then.
  std::vector<std::pair<int32_t, std::size_t>> done;

 private:
  static int32_t RunCallback(void* context, int32_t program, const lazydit_tensor* inputs, size_t num_inputs,
                             const lazydit_tensor* outputs, size_t num_outputs, char* message, size_t message_size);
  static void DoneCallback(void* context, int32_t program);
  void Compute(int32_t program, const std::vector<lazydit_tensor>& in, const std::vector<lazydit_tensor>& out) const;
  void Condition(const std::vector<lazydit_tensor>& in, const std::vector<lazydit_tensor>& out) const;
  void Embed(const std::vector<lazydit_tensor>& in, const std::vector<lazydit_tensor>& out) const;
  void Module(std::size_t module, const std::vector<lazydit_tensor>& in, const std::vector<lazydit_tensor>& out) const;
  void Block(std::size_t block, const std::vector<lazydit_tensor>& in, const std::vector<lazydit_tensor>& out) const;
  void Reuse(const std::vector<lazydit_tensor>& in, const std::vector<lazydit_tensor>& out) const;
  void Extrapolate(const std::vector<lazydit_tensor>& in, const std::vector<lazydit_tensor>& out) const;
  void Final(const std::vector<lazydit_tensor>& in, const std::vector<lazydit_tensor>& out) const;
  void Decode(const std::vector<lazydit_tensor>& in, const std::vector<lazydit_tensor>& out) const;
  void FillNorm(const std::vector<lazydit_tensor>& out) const;

  FakeModel model_;
};

}  // namespace lazydit_test
