#include "planned_memory.h"

#include <algorithm>

#include "engine_error.h"

namespace lazydit::native {
namespace {

using executorch::runtime::Span;

constexpr size_t kAlignment = LAZYDIT_ALIGNMENT;
constexpr size_t kReadPastEnd = LAZYDIT_ALIGNMENT;

uint8_t* aligned(uint8_t* data) {
  const auto address = reinterpret_cast<uintptr_t>(data);
  return data + (kAlignment - address % kAlignment) % kAlignment;
}

}  // namespace

void PlannedMemory::reserve(const executorch::runtime::MethodMeta& meta) {
  const size_t count = meta.num_memory_planned_buffers();
  sizes_.resize(std::max(sizes_.size(), count));
  for (size_t i = 0; i < count; ++i) {
    const auto size = meta.memory_planned_buffer_size(i);
    check(size.error(), "ExecuTorch cannot tell the memory of method " + std::string(meta.name()), kExportAgain);
    if (size.get() < 0)
      throw Failure(LAZYDIT_EXECUTOR_FAILED,
                    "method " + std::string(meta.name()) + " asks for less than no memory: export the bundle again");
    sizes_[i] = std::max(sizes_[i], static_cast<size_t>(size.get()));
  }
}

void PlannedMemory::allocate() {
  for (const size_t size : sizes_) {
    buffers_.push_back(std::make_unique<uint8_t[]>(size + kAlignment + kReadPastEnd));
    spans_.emplace_back(aligned(buffers_.back().get()), size);
  }
  allocator_.emplace(Span<Span<uint8_t>>(spans_.data(), spans_.size()));
}

}  // namespace lazydit::native
