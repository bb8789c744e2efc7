#include "xnnpack_options.h"

#include <executorch/runtime/backend/interface.h>

#include "failure.h"

namespace lazydit::native {
namespace {

using executorch::runtime::BackendOptions;
using executorch::runtime::Error;

constexpr const char* kBackend = "XnnpackBackend";
constexpr int kOneWorkspace = 2;

bool set(Error error) { return error == Error::Ok; }

}  // namespace

XnnpackOptions::XnnpackOptions(const std::string& weight_cache) {
  bool told = set(options_.set_option("workspace_sharing_mode", kOneWorkspace));
  if (!weight_cache.empty())
    told = told && set(options_.set_option("weight_cache_enabled", true)) &&
           set(options_.set_option("packed_cache_path", weight_cache.c_str()));
  told = told && set(load_options_.set_options(kBackend, options_.view()));
  if (!told) throw Failure(LAZYDIT_EXECUTOR_FAILED, "ExecuTorch takes no options for XNNPACK: use ExecuTorch 1.5");
}

bool XnnpackOptions::complete_weight_caches() {
  BackendOptions<1> save;
  return set(save.set_option("save_weight_cache_on_disk", true)) &&
         set(executorch::runtime::set_option(kBackend, save.view()));
}

}  // namespace lazydit::native
