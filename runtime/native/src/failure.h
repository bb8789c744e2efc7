/* What goes wrong travels as an exception, up to the C interface or the end of a tool and no further. */
#ifndef LAZYDIT_NATIVE_FAILURE_H_
#define LAZYDIT_NATIVE_FAILURE_H_

#include <stdexcept>
#include <string>

#include "lazydit.h"

namespace lazydit::native {

/* One sentence, and the status that it reaches the caller with. */
class Failure : public std::runtime_error {
 public:
  Failure(lazydit_status status, const std::string& sentence) : std::runtime_error(sentence), status_(status) {}
  lazydit_status status() const { return status_; }

 private:
  lazydit_status status_;
};

/* What is wrong with what a caller gave. */
[[noreturn]] inline void refuse(const std::string& sentence) { throw Failure(LAZYDIT_INVALID_ARGUMENT, sentence); }

/* Throws unless the core succeeded. */
inline void check(lazydit_status status, const lazydit_error& error) {
  if (status != LAZYDIT_OK) throw Failure(status, error.message);
}

}  // namespace lazydit::native

#endif
