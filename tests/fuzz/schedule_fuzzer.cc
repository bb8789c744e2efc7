// A file of policy `schedule`: read to rows of one length, or refused with a sentence.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "failure.h"
#include "require.h"
#include "schedule_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const int file = memfd_create("schedule.json", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  lazydit_test::Require(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == static_cast<ssize_t>(size),
                        "the schedule is written");
  try {
    const auto mask = lazydit::tools::read_schedule(path).run;
    lazydit_test::Require(!mask.empty() && !mask[0].empty(), "a schedule has steps and modules");
    for (const auto& row : mask) lazydit_test::Require(row.size() == mask[0].size(), "its rows are of one length");
  } catch (const lazydit::native::Failure& failure) {
    lazydit_test::RequireSentence(failure.what());
  }
  return 0;
}
