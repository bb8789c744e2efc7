/* Work on files that no engine has a hand in. */
#ifndef LAZYDIT_NATIVE_PARALLEL_H_
#define LAZYDIT_NATIVE_PARALLEL_H_

#include <cstddef>
#include <functional>

namespace lazydit::native {

/* Calls `work` with every number below `count`, on as many threads as there are processors. Throws what the call with
   the lowest number threw. */
void for_each_in_parallel(size_t count, const std::function<void(size_t)>& work);

}  // namespace lazydit::native

#endif
