#include "process_memory.h"

#include <fstream>
#include <string>

namespace lazydit::tools {
namespace {

std::optional<int64_t> status(const std::string& name) {
  std::ifstream lines("/proc/self/status");
  for (std::string line; std::getline(lines, line);)
    if (line.compare(0, name.size(), name) == 0) return std::stoll(line.substr(name.size())) * 1024;
  return std::nullopt;
}

}  // namespace

std::optional<int64_t> resident_bytes() { return status("VmRSS:"); }

std::optional<int64_t> peak_bytes() { return status("VmHWM:"); }

}  // namespace lazydit::tools
