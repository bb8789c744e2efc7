#ifndef LAZYDIT_SRC_FAILURE_H_
#define LAZYDIT_SRC_FAILURE_H_

#include <exception>

#include "lazydit.h"

#if defined(__GNUC__)
#define LAZYDIT_PRINTF(format_index, first_argument) __attribute__((format(printf, format_index, first_argument)))
#else
#define LAZYDIT_PRINTF(format_index, first_argument)
#endif

namespace lazydit {

// What ends a call of the C API early. It holds its sentence itself, so that throwing it needs no further memory.
class Failure : public std::exception {
 public:
  Failure(lazydit_status status, const char* format, ...) LAZYDIT_PRINTF(3, 4);

  const lazydit_error& error() const { return error_; }
  const char* what() const noexcept override { return error_.message; }

 private:
  friend void Require(bool condition, const char* format, ...);
  Failure() = default;

  lazydit_error error_{};
};

// Throws an invalid-argument failure unless the condition holds.
void Require(bool condition, const char* format, ...) LAZYDIT_PRINTF(2, 3);

}  // namespace lazydit

#endif  // LAZYDIT_SRC_FAILURE_H_
