#ifndef LAZYDIT_SRC_ARENA_H_
#define LAZYDIT_SRC_ARENA_H_

#include <cstddef>
#include <memory>
#include <new>

#include "lazydit.h"
#include "span.h"

namespace lazydit {

// The one block of memory that a generation lives on: zeroed, aligned to LAZYDIT_ALIGNMENT.
class Arena {
 public:
  // Throws a Failure where there is not so much memory.
  explicit Arena(std::size_t bytes);

  Span<std::byte> bytes() const { return {memory_.get(), size_}; }

 private:
  struct Release {
    void operator()(std::byte* memory) const { ::operator delete(memory, std::align_val_t{LAZYDIT_ALIGNMENT}); }
  };

  std::unique_ptr<std::byte, Release> memory_;
  std::size_t size_;
};

}  // namespace lazydit

#endif  // LAZYDIT_SRC_ARENA_H_
