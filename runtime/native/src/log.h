#ifndef LAZYDIT_NATIVE_SRC_LOG_H_
#define LAZYDIT_NATIVE_SRC_LOG_H_

namespace lazydit::native {

// Has ExecuTorch write nothing, for the whole process: what fails is told by the sentence of whoever called, and it
// otherwise tells of every file of kept weights that it maps.
void silence_engine();

}  // namespace lazydit::native

#endif  // LAZYDIT_NATIVE_SRC_LOG_H_
