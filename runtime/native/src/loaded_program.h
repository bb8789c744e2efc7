/* One method of a .pte file, ready to run on the core's tensors. */
#ifndef LAZYDIT_NATIVE_LOADED_PROGRAM_H_
#define LAZYDIT_NATIVE_LOADED_PROGRAM_H_

#include <executorch/extension/memory_allocator/malloc_memory_allocator.h>
#include <executorch/runtime/backend/backend_options_map.h>
#include <executorch/runtime/executor/memory_manager.h>
#include <executorch/runtime/executor/method.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lazydit_native.h"
#include "program_file.h"

namespace lazydit::native {

class LoadedProgram {
 public:
  /* `planned` and `temporary` may be shared by programs that never run at the same time; they, and `file`, must outlive
     this object. Throws Failure when the engine cannot load the method. */
  LoadedProgram(const ProgramFile& file, const std::string& method, executorch::runtime::HierarchicalAllocator* planned,
                executorch::runtime::MemoryAllocator* temporary,
                const executorch::runtime::LoadBackendOptionsMap& backend_options);
  LoadedProgram(const LoadedProgram&) = delete;
  LoadedProgram& operator=(const LoadedProgram&) = delete;

  /* Fills `outputs` with what the method makes of `inputs`. Throws Failure when the tensors do not fit the method;
     never writes outside them. */
  void run(const lazydit_tensor* inputs, size_t num_inputs, const lazydit_tensor* outputs, size_t num_outputs);

  const lazydit_native_signature& signature() const { return signature_; }

 private:
  struct Output {
    bool planned;                        // lies in the engine's memory, come what may
    std::unique_ptr<uint8_t[]> scratch;  // for shapes smaller than the largest
  };
  using TensorInfo = executorch::runtime::Result<executorch::runtime::TensorInfo>;

  lazydit_tensor described(const TensorInfo& info, const char* kind, size_t index) const;
  void place(const lazydit_tensor& output, size_t index);
  void feed(const lazydit_tensor& input, size_t index);
  void collect(const lazydit_tensor& output, size_t index);
  void require(bool holds, const char* kind, size_t index, const char* what) const;

  std::string name_;
  executorch::extension::MallocMemoryAllocator structures_;
  executorch::runtime::MemoryManager memory_;
  executorch::runtime::Method method_;
  lazydit_native_signature signature_ = {};
  std::vector<Output> outputs_;
};

}  // namespace lazydit::native

#endif
