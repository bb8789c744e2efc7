/* What the XNNPACK backend is told when it loads a program, and the file of its packed weights. */
#ifndef LAZYDIT_NATIVE_XNNPACK_OPTIONS_H_
#define LAZYDIT_NATIVE_XNNPACK_OPTIONS_H_

#include <executorch/runtime/backend/backend_options_map.h>
#include <executorch/runtime/backend/options.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace lazydit::native {

/*
 * One workspace for all programs, since they run one at a time. With a weight cache, the weights that XNNPACK lays out
 * anew for the processor lie in a mapped file: the first load writes it, later ones find it.
 */
class XnnpackOptions {
 public:
  /* `weight_cache` is the file's path, or empty; `program_bytes` the size of the files that hold the weights. */
  XnnpackOptions(const std::string& weight_cache, uintmax_t program_bytes);
  ~XnnpackOptions();
  XnnpackOptions(const XnnpackOptions&) = delete;
  XnnpackOptions& operator=(const XnnpackOptions&) = delete;

  const executorch::runtime::LoadBackendOptionsMap& load_options() const { return load_options_; }

  /* Gives a newly written file its name, whole; after all programs are loaded. A cache that cannot be written is given
     up without a word: the programs are loaded all the same. */
  void keep_weights();

  /* Longer paths cannot be told to the backend. */
  static constexpr size_t kLongestPath = executorch::runtime::kMaxOptionValueLength - 32;

 private:
  std::string final_path_;
  std::string path_; // another one while the file is being written
  executorch::runtime::BackendOptions<3> options_;
  executorch::runtime::LoadBackendOptionsMap load_options_;
};

}  // namespace lazydit::native

#endif
