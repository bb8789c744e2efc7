/* What the XNNPACK backend is told when it loads a program. */
#ifndef LAZYDIT_NATIVE_XNNPACK_OPTIONS_H_
#define LAZYDIT_NATIVE_XNNPACK_OPTIONS_H_

#include <executorch/runtime/backend/backend_options_map.h>
#include <executorch/runtime/backend/options.h>

#include <string>

namespace lazydit::native {

/* One workspace for all programs, since they run one at a time. */
class XnnpackOptions {
 public:
  /* `weight_cache` is a path for packed weights, or empty. Throws Failure when the engine knows no such options. */
  explicit XnnpackOptions(const std::string& weight_cache);
  XnnpackOptions(const XnnpackOptions&) = delete;
  XnnpackOptions& operator=(const XnnpackOptions&) = delete;

  const executorch::runtime::LoadBackendOptionsMap& load_options() const { return load_options_; }

  /* Has the engine complete the files of packed weights that it has open; whether it did. */
  static bool complete_weight_caches();

 private:
  executorch::runtime::BackendOptions<3> options_;
  executorch::runtime::LoadBackendOptionsMap load_options_;
};

}  // namespace lazydit::native

#endif
