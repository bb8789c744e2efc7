#include "thread_pool.h"

#include <cstddef>
#include <string>

#include "failure.h"

#if __has_include(<executorch/extension/threadpool/threadpool.h>)
#include <executorch/extension/threadpool/threadpool.h>
#else
// ExecuTorch's wheel carries the pool's library without its header.
namespace executorch::extension::threadpool {
class ThreadPool {
 public:
  size_t get_thread_count() const;
  bool _unsafe_reset_threadpool(uint32_t threads);
};
ThreadPool* get_threadpool();
}  // namespace executorch::extension::threadpool
#endif

namespace lazydit::native {

void resize_thread_pool(int32_t threads) {
  const auto wanted = static_cast<uint32_t>(threads);
  auto* const pool = executorch::extension::threadpool::get_threadpool();
  if (wanted == 0 || (pool != nullptr && pool->get_thread_count() == wanted)) return;
  if (pool == nullptr || !pool->_unsafe_reset_threadpool(wanted))
    throw Failure(LAZYDIT_EXECUTOR_FAILED,
                  "ExecuTorch cannot make a pool of " + std::to_string(threads) + " threads: choose fewer threads");
}

}  // namespace lazydit::native
