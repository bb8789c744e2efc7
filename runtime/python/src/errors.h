#ifndef LAZYDIT_PYTHON_ERRORS_H_
#define LAZYDIT_PYTHON_ERRORS_H_

#include "lazydit.h"

namespace lazydit_python {

/* Raises LazyDiTError in Python with `sentence`. */
[[noreturn]] void raise_use_error(const char* sentence);

/* Returns if `status` is LAZYDIT_OK; raises Cancelled or LazyDiTError otherwise. */
void check(lazydit_status status, const lazydit_error& error);

}  // namespace lazydit_python

#endif
