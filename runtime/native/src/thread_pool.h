/* The pool of threads that all engines of a process share. */
#ifndef LAZYDIT_NATIVE_THREAD_POOL_H_
#define LAZYDIT_NATIVE_THREAD_POOL_H_

#include <executorch/runtime/core/function_ref.h>

#include <cstddef>
#include <cstdint>

namespace lazydit::native {

/* A share in the pool. Methods hold on to the pool that they found when they were loaded, so that its size is settled by
   whoever takes a share while nobody else has one, and stays until the last share is gone. */
class ThreadPoolShare {
 public:
  /* Makes the pool `threads` large where it may; 0 leaves it. Throws Failure. */
  explicit ThreadPoolShare(int32_t threads);
  ~ThreadPoolShare();
  ThreadPoolShare(const ThreadPoolShare&) = delete;
  ThreadPoolShare& operator=(const ThreadPoolShare&) = delete;
};

/* Calls `work` with every number below `count`, on the pool's threads, and returns when all calls have. They must not
   throw. */
void in_parallel(size_t count, executorch::runtime::FunctionRef<void(size_t)> work);

}  // namespace lazydit::native

#endif
