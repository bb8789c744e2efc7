/* What goes wrong inside the library travels as an exception, up to the C interface and no further. */
#ifndef LAZYDIT_NATIVE_FAILURE_H_
#define LAZYDIT_NATIVE_FAILURE_H_

#include <executorch/runtime/core/error.h>

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

/* Throws unless the engine succeeded: "`what` (ENGINE'S ERROR): `remedy`". */
inline void check(executorch::runtime::Error error, const std::string& what, const char* remedy) {
  if (error == executorch::runtime::Error::Ok) return;
  throw Failure(LAZYDIT_EXECUTOR_FAILED, what + " (" + executorch::runtime::to_string(error) + "): " + remedy);
}

inline constexpr const char* kExportAgain = "export the bundle again with the ExecuTorch that is installed";

}  // namespace lazydit::native

#endif
