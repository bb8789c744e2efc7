/* Ctrl-C: the generation at hand stops before its next program. */
#ifndef LAZYDIT_TOOLS_INTERRUPT_H_
#define LAZYDIT_TOOLS_INTERRUPT_H_

#include "lazydit.h"

namespace lazydit::tools {

/* From now on SIGINT and SIGTERM are kept for throw_if_interrupted; a second one ends the process at once. */
void catch_interrupts();

/* Throws a Failure with LAZYDIT_CANCELLED after an interrupt. */
void throw_if_interrupted();

/* While this object lives an interrupt cancels the generation. */
class CancelOnInterrupt {
 public:
  explicit CancelOnInterrupt(lazydit_generation* generation);
  ~CancelOnInterrupt();
  CancelOnInterrupt(const CancelOnInterrupt&) = delete;
  CancelOnInterrupt& operator=(const CancelOnInterrupt&) = delete;
};

}  // namespace lazydit::tools

#endif
