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

#include "lazydit.h"
#include "program_file.h"

namespace lazydit::native {

class LoadedProgram {
 public:
  /* `planned` and `temporary` may be shared by programs that never run at the same time; they, and `file`, must outlive
     this object. Throws Failure when the engine cannot load the method. */
  LoadedProgram(const ProgramFile& file, const std::string& method,
                executorch::runtime::HierarchicalAllocator* planned,
                executorch::runtime::MemoryAllocator* temporary,
                const executorch::runtime::LoadBackendOptionsMap& backend_options);
  LoadedProgram(const LoadedProgram&) = delete;
  LoadedProgram& operator=(const LoadedProgram&) = delete;

  /* Fills `outputs` with what the method makes of `inputs`. Throws Failure when the tensors do not fit the method;
     never writes outside them. */
  void run(const lazydit_tensor* inputs, size_t num_inputs, const lazydit_tensor* outputs, size_t num_outputs);

 private:
  struct Output {
    executorch::aten::ScalarType type;
    size_t most_bytes;                  // of the largest shape
    bool planned;                       // lies in the engine's memory, come what may
    std::unique_ptr<uint8_t[]> scratch; // for shapes smaller than the largest
  };

  Output describe(const executorch::runtime::MethodMeta& meta, size_t index) const;
  void place(const lazydit_tensor& output, size_t index);
  void feed(const lazydit_tensor& input, size_t index);
  void collect(const lazydit_tensor& output, size_t index);
  void require(bool holds, const char* kind, size_t index, const char* what) const;

  std::string name_;
  executorch::extension::MallocMemoryAllocator structures_;
  executorch::runtime::MemoryManager memory_;
  executorch::runtime::Method method_;
  std::vector<executorch::aten::ScalarType> inputs_;
  std::vector<Output> outputs_;
};

}  // namespace lazydit::native

#endif
