/* The resident memory of this process. */
#ifndef LAZYDIT_TOOLS_PROCESS_MEMORY_H_
#define LAZYDIT_TOOLS_PROCESS_MEMORY_H_

#include <cstdint>
#include <optional>

namespace lazydit::tools {

/* What is in memory now, and the most that ever was; nothing where the system does not tell. */
std::optional<int64_t> resident_bytes();
std::optional<int64_t> peak_bytes();

}  // namespace lazydit::tools

#endif
