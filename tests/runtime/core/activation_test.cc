#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <vector>

#include "scenario.h"

namespace lazydit_test {
namespace {

// An engine of 16-bit activations that computes nothing: it marks every activation that it writes, and holds what it
// reads against the marks of whoever wrote it.
class MarkingExecutor {
 public:
  explicit MarkingExecutor(const FakeModel& model) : model_(model) {}

  lazydit_executor Interface() { return {this, &MarkingExecutor::RunCallback, nullptr, nullptr}; }

  std::size_t num_reuses = 0;

 private:
  static int32_t RunCallback(void* context, int32_t program, const lazydit_tensor* inputs, size_t num_inputs,
                             const lazydit_tensor* outputs, size_t num_outputs, char*, size_t) {
    static_cast<MarkingExecutor*>(context)->Run(program, {inputs, inputs + num_inputs},
                                                {outputs, outputs + num_outputs});
    return 0;
  }

  void Run(int32_t program, const std::vector<lazydit_tensor>& in, const std::vector<lazydit_tensor>& out) {
    if (program == kReuse) ++num_reuses;
    for (const lazydit_tensor& tensor : in) {
      if (IsActivation(tensor)) ExpectMark(tensor, written_[tensor.data]);
    }
    for (const lazydit_tensor& tensor : out) {
      std::memset(tensor.data, 0, tensor.size_bytes);
      if (IsActivation(tensor)) Mark(tensor);
    }
  }

  bool IsActivation(const lazydit_tensor& tensor) const {
    const bool hidden = tensor.rank == 3 && tensor.shape[1] == model_.tokens && tensor.shape[2] == model_.width;
    EXPECT_EQ(tensor.dtype == LAZYDIT_FLOAT16, hidden);
    if (hidden) {
      EXPECT_EQ(tensor.size_bytes, model_.hidden() * sizeof(uint16_t));
    }
    return hidden;
  }

  void Mark(const lazydit_tensor& tensor) {
    ++mark_;
    for (std::size_t i = 0; i < model_.hidden(); ++i) static_cast<uint16_t*>(tensor.data)[i] = mark_;
    written_[tensor.data] = mark_;
  }

  void ExpectMark(const lazydit_tensor& tensor, uint16_t mark) const {
    EXPECT_NE(mark, 0);
    for (std::size_t i = 0; i < model_.hidden(); ++i) EXPECT_EQ(static_cast<uint16_t*>(tensor.data)[i], mark);
  }

  FakeModel model_;
  uint16_t mark_ = 0;
  std::map<const void*, uint16_t> written_;
};

Scenario HalfPrecision(lazydit_dtype activation_type) {
  FakeModel model;
  model.activation_type = activation_type;
  Scenario scenario(4, model);
  scenario.policy = EveryN(2);
  return scenario;
}

TEST(Activations, OfSixteenBitsReachTheNextProgramAndTheCacheUntouched) {
  const Scenario scenario = HalfPrecision(LAZYDIT_FLOAT16);
  const GenerationPtr generation = PlanOrFail(scenario);
  MarkingExecutor executor(scenario.model);
  const lazydit_executor interface = executor.Interface();
  lazydit_error error;
  ASSERT_EQ(lazydit_generation_run(generation.get(), &scenario.request, &interface, &error), LAZYDIT_OK)
      << error.message;
  EXPECT_EQ(executor.num_reuses, 2 * scenario.samples() * scenario.model.modules());
}

TEST(Activations, OfSixteenBitsTakeHalfTheCache) {
  lazydit_memory wide, narrow;
  FakeModel model;
  model.tokens = 64;
  model.width = 128;
  for (lazydit_memory* memory : {&wide, &narrow}) {
    model.activation_type = memory == &wide ? LAZYDIT_FLOAT32 : LAZYDIT_FLOAT16;
    Scenario scenario(4, model);
    scenario.policy = EveryN(2);
    const lazydit_model described = scenario.Model();
    const lazydit_plan plan = scenario.Plan();
    ASSERT_EQ(lazydit_generation_memory(&described, &plan, memory, nullptr), LAZYDIT_OK);
  }
  const std::size_t saved = 2 * model.modules() * model.hidden() * sizeof(uint16_t);
  EXPECT_EQ(wide.cache - narrow.cache, saved);
}

}  // namespace
}  // namespace lazydit_test
