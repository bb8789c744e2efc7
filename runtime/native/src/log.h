#ifndef LAZYDIT_NATIVE_SRC_LOG_H_
#define LAZYDIT_NATIVE_SRC_LOG_H_

namespace lazydit::native {

// Has ExecuTorch write errors only, for the whole process: it otherwise tells of every file of kept weights that it
// maps.
void log_errors_only();

}  // namespace lazydit::native

#endif  // LAZYDIT_NATIVE_SRC_LOG_H_
