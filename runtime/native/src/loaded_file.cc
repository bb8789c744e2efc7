#include "loaded_file.h"

namespace lazydit::native {

LoadedFile::LoadedFile(const FilePlace& place, const std::string& weight_cache)
    : methods_(place.methods),
      weight_cache_(weight_cache, place.hash),
      xnnpack_(weight_cache_.engine_path()),
      file_(place.path) {}

void LoadedFile::reserve(PlannedMemory* planned) const {
  for (const std::string& method : methods_) planned->reserve(file_.meta(method));
}

void LoadedFile::load(PlannedMemory* planned, executorch::runtime::MemoryAllocator* temporary) {
  for (const std::string& method : methods_)
    programs_.push_back(
        std::make_unique<LoadedProgram>(file_, method, planned->allocator(), temporary, xnnpack_.load_options()));
  if (!weight_cache_.found() && XnnpackOptions::complete_weight_caches()) weight_cache_.keep();
}

}  // namespace lazydit::native
