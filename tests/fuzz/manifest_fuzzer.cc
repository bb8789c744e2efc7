// manifest.json: read and checked, or refused with a sentence.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "failure.h"
#include "manifest.h"
#include "manifest_checks.h"
#include "planning.h"
#include "require.h"

namespace lazydit_test {
namespace {

// What the core makes of a manifest that holds.
void Measure(const lazydit::native::Manifest& manifest) {
  const lazydit::native::CoreModel model(manifest);
  const int64_t timestep = 0;
  const double alpha = 0.5;
  lazydit_plan plan{};
  plan.steps = 1;
  plan.timesteps = &timestep;
  plan.alphas_cumprod = &alpha;
  plan.guided = 1;
  plan.guidance_channels = manifest.model.guidance_channels;
  lazydit_memory memory{};
  lazydit_error error;
  if (lazydit_generation_memory(&model.get(), &plan, &memory, &error) != LAZYDIT_OK) RequireSentence(error.message);
}

}  // namespace
}  // namespace lazydit_test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const int file = memfd_create("manifest.json", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  lazydit_test::Require(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == static_cast<ssize_t>(size),
                        "the manifest is written");
  try {
    const auto manifest = lazydit::native::Manifest::read(path);
    lazydit::native::check_manifest(manifest);
    lazydit_test::Measure(manifest);
  } catch (const lazydit::native::Failure& failure) {
    lazydit_test::RequireSentence(failure.what());
  }
  return 0;
}
