#include "log.h"

#include <executorch/runtime/platform/platform.h>

#include <cstddef>

namespace lazydit::native {

void silence_engine() {
  using executorch::runtime::PalImpl;
  [[maybe_unused]] static const bool registered = executorch::runtime::register_pal(PalImpl::create(
      [](et_timestamp_t, et_pal_log_level_t, const char*, const char*, size_t, const char*, size_t) {}, "lazydit"));
}

}  // namespace lazydit::native
