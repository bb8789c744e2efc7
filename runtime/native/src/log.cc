#include "log.h"

#include <executorch/runtime/platform/platform.h>

#include <cstddef>

namespace lazydit::native {
namespace {

void emit_error(et_timestamp_t timestamp, et_pal_log_level_t level, const char* filename, const char* function,
                std::size_t line, const char* message, std::size_t length) {
  if (level == kDebug || level == kInfo) return;
  et_pal_emit_log_message(timestamp, level, filename, function, line, message, length);
}

}  // namespace

void log_errors_only() {
  [[maybe_unused]] static const bool registered =
      executorch::runtime::register_pal(executorch::runtime::PalImpl::create(emit_error, "lazydit"));
}

}  // namespace lazydit::native
