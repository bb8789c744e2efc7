/* The pool of threads that all engines of a process share. */
#ifndef LAZYDIT_NATIVE_THREAD_POOL_H_
#define LAZYDIT_NATIVE_THREAD_POOL_H_

#include <executorch/runtime/core/function_ref.h>

#include <cstddef>
#include <cstdint>

namespace lazydit::native {

/* Makes the pool `threads` large; 0 leaves it. A method takes hold of the pool when it is loaded: size it before. */
void resize_thread_pool(int32_t threads);

/* Calls `work` with every number below `count`, on the pool's threads, and returns when all calls have. They must not
   throw. */
void in_parallel(size_t count, executorch::runtime::FunctionRef<void(size_t)> work);

}  // namespace lazydit::native

#endif
