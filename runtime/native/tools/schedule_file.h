/* The mask of policy `schedule` in a file; runtime/python/lazydit_runtime/schedules.py reads the same. */
#ifndef LAZYDIT_TOOLS_SCHEDULE_FILE_H_
#define LAZYDIT_TOOLS_SCHEDULE_FILE_H_

#include <cstdint>
#include <string>
#include <vector>

namespace lazydit::tools {

/* [steps][modules], 1 where the module runs. The file is either {"steps": T, "modules": 2L, "run": [T rows of 2L
   booleans]} or a trace file: then a module runs at a step iff it ran there for any sample of any image. Throws
   Failure. */
std::vector<std::vector<uint8_t>> read_schedule(const std::string& path);

}  // namespace lazydit::tools

#endif
