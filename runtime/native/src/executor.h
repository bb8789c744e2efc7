/* The programs of a bundle behind the executor struct of the core. */
#ifndef LAZYDIT_NATIVE_EXECUTOR_H_
#define LAZYDIT_NATIVE_EXECUTOR_H_

#include <executorch/extension/memory_allocator/malloc_memory_allocator.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "lazydit_native.h"
#include "loaded_program.h"
#include "options.h"
#include "planned_memory.h"
#include "program_file.h"
#include "xnnpack_options.h"

namespace lazydit::native {

/* Where a program is found. */
struct ProgramPlace {
  std::string file;
  std::string method;
};

class Executor {
 public:
  /* Loads all programs; `options` are valid. Throws Failure. */
  Executor(const std::vector<ProgramPlace>& places, const Options& options);
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  const lazydit_executor* interface() const { return &interface_; }

  /* Throws Failure when there is no such program. */
  const lazydit_native_signature& signature(int32_t program) const { return at(program).signature(); }

 private:
  static int32_t run(void* self, int32_t program, const lazydit_tensor* inputs, size_t num_inputs,
                     const lazydit_tensor* outputs, size_t num_outputs, char* message, size_t message_size);

  LoadedProgram& at(int32_t program) const;

  lazydit_executor interface_;
  std::mutex one_at_a_time_;
  XnnpackOptions xnnpack_;
  std::map<std::string, ProgramFile> files_;
  PlannedMemory planned_;
  executorch::extension::MallocMemoryAllocator temporary_;
  std::vector<std::unique_ptr<LoadedProgram>> programs_;
};

}  // namespace lazydit::native

#endif
