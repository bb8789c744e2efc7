/* The programs of a bundle behind the executor struct of the core. */
#ifndef LAZYDIT_NATIVE_EXECUTOR_H_
#define LAZYDIT_NATIVE_EXECUTOR_H_

#include <executorch/extension/memory_allocator/malloc_memory_allocator.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lazydit_native.h"
#include "loaded_file.h"
#include "options.h"
#include "planned_memory.h"
#include "reuse_kernel.h"
#include "thread_pool.h"

namespace lazydit::native {

/* Where a program is found; `hash` is the file's, or empty. `layer_norm_epsilon` as in lazydit_native_program. */
struct ProgramPlace {
  std::string file;
  std::string method;
  std::string hash;
  double layer_norm_epsilon;
};

class Executor {
 public:
  /* Loads all programs; `options` are valid. Throws Failure. */
  Executor(const std::vector<ProgramPlace>& places, const Options& options);
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  const lazydit_executor* interface() const { return &interface_; }

  /* Throws Failure when there is no such program. */
  const lazydit_native_signature& signature(int32_t program) const { return at(program).signature; }

 private:
  struct Entry {
    size_t file;
    size_t method;  // its place in the file
    lazydit_native_signature signature;
  };

  static int32_t run_reporting(void* self, int32_t program, const lazydit_tensor* inputs, size_t num_inputs,
                               const lazydit_tensor* outputs, size_t num_outputs, char* message, size_t message_size);
  static void done_with(void* self, int32_t program);

  void run(int32_t program, const lazydit_tensor* inputs, size_t num_inputs, const lazydit_tensor* outputs,
           size_t num_outputs);
  const Entry& at(int32_t program) const;
  LoadedProgram& loaded(const Entry& entry);

  lazydit_executor interface_;
  std::optional<ThreadPoolShare> threads_;  // before all that runs on them
  std::mutex one_at_a_time_;
  std::string weight_cache_;
  std::vector<FilePlace> places_;
  std::vector<Entry> entries_;
  std::vector<std::optional<ReuseKernel>> kernels_;  // of each entry; what is there runs in the method's place
  PlannedMemory planned_;
  executorch::extension::MallocMemoryAllocator temporary_;
  std::vector<std::unique_ptr<LoadedFile>> files_;  // in the order of places_; none while it is unloaded
};

}  // namespace lazydit::native

#endif
