/* The mask of policy `schedule` in a file; runtime/python/lazydit_runtime/schedules.py reads the same. */
#ifndef LAZYDIT_TOOLS_SCHEDULE_FILE_H_
#define LAZYDIT_TOOLS_SCHEDULE_FILE_H_

#include <cstdint>
#include <string>
#include <vector>

namespace lazydit::tools {

struct Schedule {
  std::vector<std::vector<uint8_t>> run;  // [steps][modules], 1 where the module runs
  bool extrapolate;
};

/* The file is either {"steps": T, "modules": 2L, "run": [T rows of 2L booleans]}, with or without "extrapolate": true
   or false, or a trace file: then a module runs at a step iff it ran there for any sample of any image, and what is
   reused is extrapolated iff anything was. Throws Failure. */
Schedule read_schedule(const std::string& path);

}  // namespace lazydit::tools

#endif
