/* The pool of threads that all engines of a process share. */
#ifndef LAZYDIT_NATIVE_THREAD_POOL_H_
#define LAZYDIT_NATIVE_THREAD_POOL_H_

#include <cstdint>

namespace lazydit::native {

/* Makes the pool `threads` large; 0 leaves it. A method takes hold of the pool when it is loaded: size it before. */
void resize_thread_pool(int32_t threads);

}  // namespace lazydit::native

#endif
