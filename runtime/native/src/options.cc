#include "options.h"

#include "failure.h"

namespace lazydit::native {
namespace {

constexpr int32_t kMostThreads = 1024;

}  // namespace

Options Options::from(const lazydit_native_options& options) {
  return {options.threads, options.weight_cache == nullptr ? "" : options.weight_cache};
}

void Options::validate() const {
  if (threads < 0 || threads > kMostThreads)
    throw Failure(LAZYDIT_INVALID_ARGUMENT, "threads is " + std::to_string(threads) + ": choose 1 to " +
                                                std::to_string(kMostThreads) + ", or 0 for the engine's choice");
}

std::string Options::to_string() const {
  return "threads=" + std::to_string(threads) + " weight_cache=" + (weight_cache.empty() ? "none" : weight_cache);
}

}  // namespace lazydit::native
