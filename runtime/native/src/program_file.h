/* An opened .pte file. */
#ifndef LAZYDIT_NATIVE_PROGRAM_FILE_H_
#define LAZYDIT_NATIVE_PROGRAM_FILE_H_

#include <executorch/extension/data_loader/mmap_data_loader.h>
#include <executorch/runtime/executor/program.h>

#include <string>

namespace lazydit::native {

/* The file is mapped, and must stay as it is; methods loaded from it must not outlive this object. */
class ProgramFile {
 public:
  /* Throws Failure when the engine cannot read the file. */
  explicit ProgramFile(const std::string& path);
  ProgramFile(const ProgramFile&) = delete;
  ProgramFile& operator=(const ProgramFile&) = delete;

  const std::string& path() const { return path_; }
  const executorch::runtime::Program& program() const { return program_; }

  /* Throws Failure when there is no such method. */
  executorch::runtime::MethodMeta meta(const std::string& method) const;

 private:
  std::string path_;
  executorch::extension::MmapDataLoader loader_;
  executorch::runtime::Program program_;
};

}  // namespace lazydit::native

#endif
