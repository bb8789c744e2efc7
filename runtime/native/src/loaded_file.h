/* A .pte file with all the programs that are taken from it. */
#ifndef LAZYDIT_NATIVE_LOADED_FILE_H_
#define LAZYDIT_NATIVE_LOADED_FILE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "loaded_program.h"
#include "planned_memory.h"
#include "program_file.h"
#include "weight_cache.h"
#include "xnnpack_options.h"

namespace lazydit::native {

/* Where programs are found: a file, its hash (empty where it is not known), its methods. */
struct FilePlace {
  std::string path;
  std::string hash;
  std::vector<std::string> methods;
};

class LoadedFile {
 public:
  /* Opens the file; `weight_cache` is the folder of packed weights, or empty. Throws Failure. */
  LoadedFile(const FilePlace& place, const std::string& weight_cache);

  /* Makes room for the programs; before load. */
  void reserve(PlannedMemory* planned) const;

  /* Loads the programs. Both memories must outlive this object. Throws Failure. */
  void load(PlannedMemory* planned, executorch::runtime::MemoryAllocator* temporary);

  /* By its place among the methods; after load. */
  LoadedProgram& program(size_t index) const { return *programs_[index]; }

 private:
  std::vector<std::string> methods_;
  WeightCache weight_cache_;
  XnnpackOptions xnnpack_;
  ProgramFile file_;
  std::vector<std::unique_ptr<LoadedProgram>> programs_;
};

}  // namespace lazydit::native

#endif
