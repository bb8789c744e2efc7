#include "loaded_program.h"

#include <array>
#include <cstring>
#include <limits>
#include <utility>

#include "failure.h"

namespace lazydit::native {
namespace {

using executorch::aten::DimOrderType;
using executorch::aten::ScalarType;
using executorch::aten::SizesType;
using executorch::aten::Tensor;
using executorch::aten::TensorImpl;
using executorch::runtime::EValue;
using executorch::runtime::LoadBackendOptionsMap;
using executorch::runtime::MemoryManager;
using executorch::runtime::Method;
using executorch::runtime::MethodMeta;

constexpr const char* kWrongSignature = "export the bundle again: manifest and programs disagree";

Method loaded(const ProgramFile& file, const std::string& method, MemoryManager& memory,
              const LoadBackendOptionsMap& backend_options) {
  auto result = file.program().load_method(method.c_str(), &memory, nullptr, nullptr, &backend_options);
  check(result.error(), "ExecuTorch cannot load method " + method + " of " + file.path(), kExportAgain);
  return std::move(result.get());
}

bool same_type(lazydit_dtype dtype, ScalarType type) {
  switch (dtype) {
    case LAZYDIT_FLOAT32:
      return type == ScalarType::Float;
    case LAZYDIT_FLOAT16:
      return type == ScalarType::Half;
    case LAZYDIT_INT64:
      return type == ScalarType::Long;
  }
  return false;
}

}  // namespace

LoadedProgram::LoadedProgram(const ProgramFile& file, const std::string& method,
                             executorch::runtime::HierarchicalAllocator* planned,
                             executorch::runtime::MemoryAllocator* temporary,
                             const LoadBackendOptionsMap& backend_options)
    : name_(method),
      memory_(&structures_, planned, temporary),
      method_(loaded(file, method, memory_, backend_options)) {
  const MethodMeta meta = file.meta(method);
  for (size_t i = 0; i < meta.num_inputs(); ++i) {
    const auto info = meta.input_tensor_meta(i);
    require(info.ok(), "input", i, "is no tensor");
    inputs_.push_back(info->scalar_type());
  }
  for (size_t i = 0; i < meta.num_outputs(); ++i) outputs_.push_back(describe(meta, i));
}

LoadedProgram::Output LoadedProgram::describe(const MethodMeta& meta, size_t index) const {
  const auto info = meta.output_tensor_meta(index);
  require(info.ok(), "output", index, "is no tensor");
  return {info->scalar_type(), info->nbytes(), info->is_memory_planned(), nullptr};
}

void LoadedProgram::run(const lazydit_tensor* inputs, size_t num_inputs, const lazydit_tensor* outputs,
                        size_t num_outputs) {
  require(num_inputs == inputs_.size(), "input", num_inputs, "is one too many or too few");
  require(num_outputs == outputs_.size(), "output", num_outputs, "is one too many or too few");
  for (size_t i = 0; i < num_outputs; ++i) place(outputs[i], i);
  for (size_t i = 0; i < num_inputs; ++i) feed(inputs[i], i);
  check(method_.execute(), "ExecuTorch failed in method " + name_, kExportAgain);
  for (size_t i = 0; i < num_outputs; ++i) collect(outputs[i], i);
}

/* Points the method's output at the caller's memory, or at memory that takes the largest shape. */
void LoadedProgram::place(const lazydit_tensor& output, size_t index) {
  Output& own = outputs_[index];
  require(same_type(output.dtype, own.type), "output", index, "has another element type");
  require(output.size_bytes <= own.most_bytes, "output", index, "is smaller than the scheduler's");
  if (own.planned) return;
  void* target = output.data;
  if (output.size_bytes < own.most_bytes) {
    if (own.scratch == nullptr) own.scratch = std::make_unique<uint8_t[]>(own.most_bytes + LAZYDIT_ALIGNMENT);
    target = own.scratch.get();
  }
  check(method_.set_output_data_ptr(target, own.most_bytes, index),
        "ExecuTorch takes no memory for output " + std::to_string(index) + " of method " + name_, kExportAgain);
}

void LoadedProgram::feed(const lazydit_tensor& input, size_t index) {
  require(same_type(input.dtype, inputs_[index]), "input", index, "has another element type");
  require(input.rank >= 0 && input.rank <= LAZYDIT_MAX_RANK, "input", index, "has another rank");
  std::array<SizesType, LAZYDIT_MAX_RANK> sizes = {};
  std::array<DimOrderType, LAZYDIT_MAX_RANK> order = {0, 1, 2, 3};
  for (size_t axis = 0; axis < static_cast<size_t>(input.rank); ++axis) {
    require(input.shape[axis] <= std::numeric_limits<SizesType>::max(), "input", index, "has another shape");
    sizes[axis] = static_cast<SizesType>(input.shape[axis]);
  }
  TensorImpl tensor(inputs_[index], input.rank, sizes.data(), input.data, order.data());
  check(method_.set_input(EValue(Tensor(&tensor)), index),
        "input " + std::to_string(index) + " of method " + name_ + " has another shape", kWrongSignature);
}

/* Copies what the engine could not be made to write in place. */
void LoadedProgram::collect(const lazydit_tensor& output, size_t index) {
  const Tensor& result = method_.get_output(index).toTensor();
  require(result.nbytes() == output.size_bytes, "output", index, "has another shape");
  if (result.const_data_ptr() != output.data) std::memcpy(output.data, result.const_data_ptr(), output.size_bytes);
}

void LoadedProgram::require(bool holds, const char* kind, size_t index, const char* what) const {
  if (holds) return;
  throw Failure(LAZYDIT_EXECUTOR_FAILED, std::string(kind) + " " + std::to_string(index) + " of method " + name_ +
                                             " " + what + ": " + kWrongSignature);
}

}  // namespace lazydit::native
