#include "loaded_program.h"

#include <array>
#include <cstring>
#include <limits>
#include <utility>

#include "engine_error.h"

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

Method loaded(const ProgramFile& file, const std::string& method, MemoryManager& memory,
              const LoadBackendOptionsMap& backend_options) {
  auto result = file.program().load_method(method.c_str(), &memory, nullptr, nullptr, &backend_options);
  check(result.error(), "ExecuTorch cannot load method " + method + " of " + file.path(), kExportAgain);
  return std::move(result.get());
}

struct ElementType {
  lazydit_dtype ours;
  ScalarType theirs;
};

constexpr ElementType kElementTypes[] = {
    {LAZYDIT_FLOAT32, ScalarType::Float},
    {LAZYDIT_FLOAT16, ScalarType::Half},
    {LAZYDIT_INT64, ScalarType::Long},
};

ScalarType scalar_type(lazydit_dtype dtype) {
  for (const ElementType& type : kElementTypes)
    if (type.ours == dtype) return type.theirs;
  return ScalarType::Undefined;
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
  signature_.num_inputs = meta.num_inputs();
  signature_.num_outputs = meta.num_outputs();
  require(meta.num_inputs() <= LAZYDIT_NATIVE_MAX_TENSORS, "input", meta.num_inputs(), "is one too many");
  require(meta.num_outputs() <= LAZYDIT_NATIVE_MAX_TENSORS, "output", meta.num_outputs(), "is one too many");
  for (size_t i = 0; i < meta.num_inputs(); ++i)
    signature_.inputs[i] = described(meta.input_tensor_meta(i), "input", i);
  for (size_t i = 0; i < meta.num_outputs(); ++i) {
    const auto info = meta.output_tensor_meta(i);
    signature_.outputs[i] = described(info, "output", i);
    outputs_.push_back({info->is_memory_planned(), nullptr});
  }
}

lazydit_tensor LoadedProgram::described(const TensorInfo& info, const char* kind, size_t index) const {
  require(info.ok(), kind, index, "is no tensor");
  const auto sizes = info->sizes();
  require(sizes.size() <= LAZYDIT_MAX_RANK, kind, index, "has too many dimensions");
  lazydit_tensor tensor = {};
  tensor.size_bytes = info->nbytes();
  tensor.rank = static_cast<int32_t>(sizes.size());
  for (size_t axis = 0; axis < sizes.size(); ++axis) tensor.shape[axis] = sizes[axis];
  for (const ElementType& type : kElementTypes) {
    if (type.theirs != info->scalar_type()) continue;
    tensor.dtype = type.ours;
    return tensor;
  }
  require(false, kind, index, "has an element type that the scheduler does not know");
  return tensor;
}

void LoadedProgram::run(const lazydit_tensor* inputs, size_t num_inputs, const lazydit_tensor* outputs,
                        size_t num_outputs) {
  require(num_inputs == signature_.num_inputs, "input", num_inputs, "is one too many or too few");
  require(num_outputs == signature_.num_outputs, "output", num_outputs, "is one too many or too few");
  for (size_t i = 0; i < num_outputs; ++i) place(outputs[i], i);
  for (size_t i = 0; i < num_inputs; ++i) feed(inputs[i], i);
  check(method_.execute(), "ExecuTorch failed in method " + name_, kExportAgain);
  for (size_t i = 0; i < num_outputs; ++i) collect(outputs[i], i);
}

/* Points the method's output at the caller's memory, or at memory that takes the largest shape. */
void LoadedProgram::place(const lazydit_tensor& output, size_t index) {
  Output& own = outputs_[index];
  const size_t most_bytes = signature_.outputs[index].size_bytes;
  require(output.dtype == signature_.outputs[index].dtype, "output", index, "has another element type");
  require(output.size_bytes <= most_bytes, "output", index, "is smaller than the scheduler's");
  if (own.planned) return;
  void* target = output.data;
  if (output.size_bytes < most_bytes) {
    if (own.scratch == nullptr) own.scratch = std::make_unique<uint8_t[]>(most_bytes + LAZYDIT_ALIGNMENT);
    target = own.scratch.get();
  }
  check(method_.set_output_data_ptr(target, most_bytes, index),
        "ExecuTorch takes no memory for output " + std::to_string(index) + " of method " + name_, kExportAgain);
}

void LoadedProgram::feed(const lazydit_tensor& input, size_t index) {
  require(input.dtype == signature_.inputs[index].dtype, "input", index, "has another element type");
  require(input.rank >= 0 && input.rank <= LAZYDIT_MAX_RANK, "input", index, "has another rank");
  std::array<SizesType, LAZYDIT_MAX_RANK> sizes = {};
  std::array<DimOrderType, LAZYDIT_MAX_RANK> order = {0, 1, 2, 3};
  for (size_t axis = 0; axis < static_cast<size_t>(input.rank); ++axis) {
    require(input.shape[axis] <= std::numeric_limits<SizesType>::max(), "input", index, "has another shape");
    sizes[axis] = static_cast<SizesType>(input.shape[axis]);
  }
  TensorImpl tensor(scalar_type(input.dtype), input.rank, sizes.data(), input.data, order.data());
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
  throw Failure(LAZYDIT_EXECUTOR_FAILED, std::string(kind) + " " + std::to_string(index) + " of method " + name_ + " " +
                                             what + ": " + kWrongSignature);
}

}  // namespace lazydit::native
