#include "failure.h"

#include <cstdarg>
#include <cstdio>

namespace lazydit {

Failure::Failure(lazydit_status status, const char* format, ...) {
  error_.status = status;
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(error_.message, sizeof(error_.message), format, arguments);
  va_end(arguments);
}

void Require(bool condition, const char* format, ...) {
  if (condition) return;
  Failure failure;
  failure.error_.status = LAZYDIT_INVALID_ARGUMENT;
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(failure.error_.message, sizeof(failure.error_.message), format, arguments);
  va_end(arguments);
  throw failure;
}

}  // namespace lazydit
