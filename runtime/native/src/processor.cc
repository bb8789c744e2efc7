#include "processor.h"

#include <sys/utsname.h>

#include <fstream>
#include <set>
#include <string_view>

namespace lazydit::native {
namespace {

/* On x86-64 and on Arm; other lines, such as the clock, change from moment to moment. */
constexpr std::string_view kLasting[] = {"model name",      "flags",       "Features",
                                         "CPU implementer", "CPU variant", "CPU part"};

bool lasts(const std::string& line) {
  for (const std::string_view name : kLasting)
    if (line.compare(0, name.size(), name) == 0) return true;
  return false;
}

}  // namespace

std::string processor_description() {
  std::set<std::string> lines;  // cores of one kind once, in whatever order they come
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (lasts(line)) lines.insert(line);
  utsname system = {};
  std::string description = uname(&system) == 0 ? system.machine : "";
  for (const std::string& line : lines) description += "\n" + line;
  return description;
}

}  // namespace lazydit::native
