/* From ExecuTorch's errors to sentences. */
#ifndef LAZYDIT_NATIVE_ENGINE_ERROR_H_
#define LAZYDIT_NATIVE_ENGINE_ERROR_H_

#include <executorch/runtime/core/error.h>

#include <string>

#include "failure.h"

namespace lazydit::native {

/* Throws unless the engine succeeded: "`what` (ENGINE'S ERROR): `remedy`". */
inline void check(executorch::runtime::Error error, const std::string& what, const char* remedy) {
  if (error == executorch::runtime::Error::Ok) return;
  throw Failure(LAZYDIT_EXECUTOR_FAILED, what + " (" + executorch::runtime::to_string(error) + "): " + remedy);
}

inline constexpr const char* kExportAgain = "export the bundle again with the ExecuTorch that is installed";
inline constexpr const char* kWrongSignature = "export the bundle again: manifest and programs disagree";

}  // namespace lazydit::native

#endif
