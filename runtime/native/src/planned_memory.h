/* The engine's memory for what lies between a program's inputs and its outputs. */
#ifndef LAZYDIT_NATIVE_PLANNED_MEMORY_H_
#define LAZYDIT_NATIVE_PLANNED_MEMORY_H_

#include <executorch/runtime/core/hierarchical_allocator.h>
#include <executorch/runtime/core/span.h>
#include <executorch/runtime/executor/method_meta.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace lazydit::native {

/* One piece of memory for all programs: they run one at a time and keep nothing in it. */
class PlannedMemory {
 public:
  /* Makes room for a method; before allocate(). */
  void reserve(const executorch::runtime::MethodMeta& meta);
  void allocate();
  executorch::runtime::HierarchicalAllocator* allocator() { return &*allocator_; }

 private:
  std::vector<size_t> sizes_;
  std::vector<std::unique_ptr<uint8_t[]>> buffers_;
  std::vector<executorch::runtime::Span<uint8_t>> spans_;
  std::optional<executorch::runtime::HierarchicalAllocator> allocator_;
};

}  // namespace lazydit::native

#endif
