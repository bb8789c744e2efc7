#include "thread_pool.h"

#include <mutex>
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
  void run(runtime::FunctionRef<void(size_t)> work, size_t count);
};
ThreadPool* get_threadpool();
}  // namespace executorch::extension::threadpool
#endif

namespace lazydit::native {

namespace {

std::mutex mutex;
size_t shares = 0;

void resize(uint32_t threads) {
  auto* const pool = executorch::extension::threadpool::get_threadpool();
  if (pool != nullptr && pool->get_thread_count() == threads) return;
  if (pool == nullptr || !pool->_unsafe_reset_threadpool(threads))
    throw Failure(LAZYDIT_EXECUTOR_FAILED,
                  "ExecuTorch cannot make a pool of " + std::to_string(threads) + " threads: choose fewer threads");
}

}  // namespace

ThreadPoolShare::ThreadPoolShare(int32_t threads) {
  const std::lock_guard<std::mutex> lock(mutex);
  if (shares == 0 && threads > 0) resize(static_cast<uint32_t>(threads));
  ++shares;
}

ThreadPoolShare::~ThreadPoolShare() {
  const std::lock_guard<std::mutex> lock(mutex);
  --shares;
}

void in_parallel(size_t count, executorch::runtime::FunctionRef<void(size_t)> work) {
  auto* const pool = count > 1 ? executorch::extension::threadpool::get_threadpool() : nullptr;
  if (pool != nullptr) return pool->run(work, count);
  for (size_t i = 0; i < count; ++i) work(i);
}

}  // namespace lazydit::native
