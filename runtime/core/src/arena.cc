#include "arena.h"

#include <cstring>

#include "failure.h"

namespace lazydit {

Arena::Arena(std::size_t bytes)
    : memory_(static_cast<std::byte*>(::operator new(bytes, std::align_val_t{LAZYDIT_ALIGNMENT}, std::nothrow))),
      size_(bytes) {
  if (!memory_) {
    throw Failure(LAZYDIT_OUT_OF_MEMORY,
                  "%zu bytes are needed and cannot be had: free memory, or take fewer steps or a smaller model", bytes);
  }
  // Engines may read past the end of a tensor, so the padding needs a value as well.
  std::memset(memory_.get(), 0, bytes);
}

}  // namespace lazydit
