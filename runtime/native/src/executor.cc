#include "executor.h"

#include <executorch/runtime/platform/runtime.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <set>
#include <system_error>

#include "failure.h"
#include "thread_pool.h"

namespace lazydit::native {
namespace {

uintmax_t bytes_of(const std::vector<ProgramPlace>& places) {
  std::set<std::string> files;
  for (const ProgramPlace& place : places) files.insert(place.file);
  uintmax_t bytes = 0;
  for (const std::string& file : files) {
    std::error_code missing;
    const uintmax_t size = std::filesystem::file_size(file, missing);
    if (!missing) bytes += size;
  }
  return bytes;
}

}  // namespace

Executor::Executor(const std::vector<ProgramPlace>& places, const Options& options)
    : interface_{this, run, nullptr}, xnnpack_(options.weight_cache, bytes_of(places)) {
  executorch::runtime::runtime_init();
  resize_thread_pool(options.threads);
  for (const ProgramPlace& place : places) {
    const ProgramFile& file = files_.try_emplace(place.file, place.file).first->second;
    planned_.reserve(file.meta(place.method));
  }
  planned_.allocate();
  for (const ProgramPlace& place : places)
    programs_.push_back(std::make_unique<LoadedProgram>(files_.at(place.file), place.method, planned_.allocator(),
                                                        &temporary_, xnnpack_.load_options()));
  xnnpack_.keep_weights();
}

LoadedProgram& Executor::at(int32_t program) const {
  if (program >= 0 && static_cast<size_t>(program) < programs_.size()) return *programs_[static_cast<size_t>(program)];
  throw Failure(LAZYDIT_INVALID_ARGUMENT, "there is no program " + std::to_string(program) +
                                              ": give the executor all programs of the gate graph");
}

int32_t Executor::run(void* self, int32_t program, const lazydit_tensor* inputs, size_t num_inputs,
                      const lazydit_tensor* outputs, size_t num_outputs, char* message, size_t message_size) {
  auto* const executor = static_cast<Executor*>(self);
  try {
    const std::lock_guard<std::mutex> lock(executor->one_at_a_time_);
    executor->at(program).run(inputs, num_inputs, outputs, num_outputs);
    return 0;
  } catch (const std::exception& error) {
    std::snprintf(message, message_size, "%s", error.what());
    return 1;
  }
}

}  // namespace lazydit::native
