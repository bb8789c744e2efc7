/* What kind of processor this is. */
#ifndef LAZYDIT_NATIVE_PROCESSOR_H_
#define LAZYDIT_NATIVE_PROCESSOR_H_

#include <string>

namespace lazydit::native {

/* A text that differs wherever the engine might lay weights out differently: architecture, models, features. Systems
   without /proc/cpuinfo are told apart by the architecture alone. */
std::string processor_description();

}  // namespace lazydit::native

#endif
