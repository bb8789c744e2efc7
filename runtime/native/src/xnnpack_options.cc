#include "xnnpack_options.h"

#include <executorch/runtime/backend/interface.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "failure.h"

namespace lazydit::native {
namespace {

using executorch::runtime::BackendOptions;
using executorch::runtime::Error;

constexpr const char* kBackend = "XnnpackBackend";
constexpr int kOneWorkspace = 2;

/* A name beside the file that no other writer has, in this process or another. */
std::string unfinished(const std::string& path) {
  static std::atomic<unsigned> count = 0;
  return path + "." + std::to_string(getpid()) + "-" + std::to_string(count++);
}

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

/* The backend writes through a mapping, so that a full disk would end the process. */
bool has_room(const std::string& path, uintmax_t program_bytes) {
  std::error_code error;
  const auto folder = std::filesystem::absolute(path, error).parent_path();
  const auto space = std::filesystem::space(folder, error);
  return !error && space.available / 2 > program_bytes;
}

bool set(Error error) { return error == Error::Ok; }

}  // namespace

XnnpackOptions::XnnpackOptions(const std::string& weight_cache, uintmax_t program_bytes)
    : final_path_(weight_cache), path_(weight_cache) {
  const bool found = exists(final_path_);
  if (!found && !has_room(final_path_, program_bytes)) path_ = final_path_ = "";
  bool told = set(options_.set_option("workspace_sharing_mode", kOneWorkspace));
  if (!final_path_.empty()) {
    if (!found) path_ = unfinished(final_path_);
    told = told && set(options_.set_option("weight_cache_enabled", true)) &&
           set(options_.set_option("packed_cache_path", path_.c_str()));
  }
  told = told && set(load_options_.set_options(kBackend, options_.view()));
  if (!told) throw Failure(LAZYDIT_EXECUTOR_FAILED, "ExecuTorch takes no options for XNNPACK: use ExecuTorch 1.5");
}

XnnpackOptions::~XnnpackOptions() {
  if (path_ != final_path_) std::remove(path_.c_str());
}

void XnnpackOptions::keep_weights() {
  if (path_ == final_path_) return;
  BackendOptions<1> save;
  const bool saved = set(save.set_option("save_weight_cache_on_disk", true)) &&
                     set(executorch::runtime::set_option(kBackend, save.view()));
  if (saved && std::rename(path_.c_str(), final_path_.c_str()) == 0) path_ = final_path_;
}

}  // namespace lazydit::native
