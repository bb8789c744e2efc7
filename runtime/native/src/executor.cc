#include "executor.h"

#include <executorch/runtime/platform/runtime.h>

#include <algorithm>
#include <cstdio>
#include <exception>

#include "failure.h"
#include "log.h"
#include "parallel.h"

namespace lazydit::native {

Executor::Executor(const std::vector<ProgramPlace>& places, const Options& options)
    : interface_{this, run_reporting, nullptr, done_with}, weight_cache_(options.weight_cache) {
  silence_engine();
  executorch::runtime::runtime_init();
  threads_.emplace(options.threads);
  for (const ProgramPlace& place : places) {
    auto file =
        std::find_if(places_.begin(), places_.end(), [&](const auto& known) { return known.path == place.file; });
    if (file == places_.end()) file = places_.insert(file, {place.file, place.hash, {}});
    entries_.push_back({static_cast<size_t>(file - places_.begin()), file->methods.size(), {}});
    file->methods.push_back(place.method);
  }
  files_.resize(places_.size());
  // Each looks through its kept weights for damage.
  for_each_in_parallel(places_.size(),
                       [&](size_t i) { files_[i] = std::make_unique<LoadedFile>(places_[i], weight_cache_); });
  for (const auto& file : files_) file->reserve(&planned_);
  planned_.allocate();
  for (const auto& file : files_) file->load(&planned_, &temporary_);
  for (size_t i = 0; i < entries_.size(); ++i) {
    entries_[i].signature = loaded(entries_[i]).signature();
    kernels_.push_back(ReuseKernel::of(entries_[i].signature, places[i].layer_norm_epsilon));
  }
}

const Executor::Entry& Executor::at(int32_t program) const {
  if (program >= 0 && static_cast<size_t>(program) < entries_.size()) return entries_[static_cast<size_t>(program)];
  throw Failure(LAZYDIT_INVALID_ARGUMENT, "there is no program " + std::to_string(program) +
                                              ": give the executor all programs of the gate graph");
}

LoadedProgram& Executor::loaded(const Entry& entry) {
  std::unique_ptr<LoadedFile>& file = files_[entry.file];
  if (file == nullptr) {
    auto again = std::make_unique<LoadedFile>(places_[entry.file], weight_cache_);
    again->load(&planned_, &temporary_);
    file = std::move(again);
  }
  return file->program(entry.method);
}

int32_t Executor::run_reporting(void* self, int32_t program, const lazydit_tensor* inputs, size_t num_inputs,
                                const lazydit_tensor* outputs, size_t num_outputs, char* message, size_t message_size) {
  auto* const executor = static_cast<Executor*>(self);
  try {
    executor->run(program, inputs, num_inputs, outputs, num_outputs);
    return 0;
  } catch (const std::exception& error) {
    std::snprintf(message, message_size, "%s", error.what());
    return 1;
  }
}

void Executor::run(int32_t program, const lazydit_tensor* inputs, size_t num_inputs, const lazydit_tensor* outputs,
                   size_t num_outputs) {
  const Entry& entry = at(program);
  const std::lock_guard<std::mutex> lock(one_at_a_time_);
  std::optional<ReuseKernel>& kernel = kernels_[static_cast<size_t>(program)];
  if (kernel) return kernel->run(inputs, num_inputs, outputs, num_outputs);
  loaded(entry).run(inputs, num_inputs, outputs, num_outputs);
}

/* A program that shares its file stays: the file would stay with the others. */
void Executor::done_with(void* self, int32_t program) {
  auto* const executor = static_cast<Executor*>(self);
  if (program < 0 || static_cast<size_t>(program) >= executor->entries_.size()) return;
  const size_t file = executor->entries_[static_cast<size_t>(program)].file;
  if (executor->places_[file].methods.size() > 1) return;
  const std::lock_guard<std::mutex> lock(executor->one_at_a_time_);
  executor->files_[file] = nullptr;
}

}  // namespace lazydit::native
