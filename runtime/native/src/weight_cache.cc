#include "weight_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <system_error>
#include <vector>

#include "checksum.h"
#include "processor.h"

namespace lazydit::native {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSuffix = ".weights";
constexpr const char* kUnfinished = ".unfinished";
constexpr auto kUnusedFor = std::chrono::hours(24 * 30);
constexpr mode_t kReadOnly = 0444;  // the engine would otherwise lock the file against others who read it

/* A file without a name; not open where the system has none. */
FileDescriptor file_in_memory() {
#if defined(SYS_memfd_create)
  constexpr unsigned kCloseOnExec = 1;
  return FileDescriptor(static_cast<int>(syscall(SYS_memfd_create, "lazydit", kCloseOnExec)));
#else
  return FileDescriptor();
#endif
}

std::string path_of(const FileDescriptor& file) { return "/proc/self/fd/" + std::to_string(file.number()); }

bool may_be_reopened(const FileDescriptor& file) {
  return FileDescriptor(open(path_of(file).c_str(), O_RDWR | O_CLOEXEC)).is_open();
}

/* A limit ends the process that runs into it, or fails what the engine expects to succeed. */
bool file_size_is_limited() {
  rlimit limit = {};
  return getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur != RLIM_INFINITY;
}

/* Hands the file's content to `take`, piece by piece, until that returns false; whether all of it was taken. */
template <typename Take>
bool read_all(const FileDescriptor& file, Take take) {
  std::vector<char> piece(1 << 20);
  for (off_t position = 0;;) {
    const ssize_t size = pread(file.number(), piece.data(), piece.size(), position);
    if (size <= 0) return size == 0;
    if (!take(piece.data(), static_cast<size_t>(size))) return false;
    position += size;
  }
}

/* Empty where the file cannot be read. */
std::string checksum_of(const FileDescriptor& file) {
  Checksum checksum;
  const bool all = read_all(file, [&](const char* data, size_t size) {
    checksum.add(data, size);
    return true;
  });
  return all ? hexadecimal(checksum.value()) : "";
}

bool write_all(const FileDescriptor& file, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t written = write(file.number(), data, size);
    if (written <= 0) return false;
    data += written;
    size -= static_cast<size_t>(written);
  }
  return true;
}

bool copied(const FileDescriptor& from, const fs::path& to) {
  const FileDescriptor file(open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kReadOnly));
  return file.is_open() && read_all(from, [&](const char* data, size_t size) { return write_all(file, data, size); });
}

/* A name that no other writer has, in this process or another. */
std::string unfinished_name(const std::string& stem) {
  static std::atomic<unsigned> count = 0;
  return stem + "." + std::to_string(getpid()) + "-" + std::to_string(count++) + kUnfinished;
}

std::string environment() {
  const std::string text = std::string(LAZYDIT_EXECUTORCH_VERSION) + "\n" + processor_description();
  Checksum checksum;
  checksum.add(text.data(), text.size());
  return hexadecimal(checksum.value());
}

/* What nobody used for a month, and what a process that was killed has left. */
void remove_old(const fs::path& folder) {
  std::error_code error;
  const auto oldest = fs::file_time_type::clock::now() - kUnusedFor;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const fs::path extension = entry->path().extension();
    std::error_code gone;
    const auto used = fs::last_write_time(entry->path(), gone);
    if (!gone && used < oldest && (extension == kSuffix || extension == kUnfinished)) fs::remove(entry->path(), gone);
  }
}

}  // namespace

WeightCache::WeightCache(const std::string& folder, const std::string& hash) : folder_(folder) {
  if (folder.empty() || hash.empty()) return;
  stem_ = hash + "-" + environment();
  look_up();
  if (found_ || file_size_is_limited()) return;
  weights_ = file_in_memory();
  if (weights_.is_open() && !may_be_reopened(weights_)) weights_ = FileDescriptor();
}

void WeightCache::look_up() {
  std::error_code error;
  for (fs::directory_iterator entry(folder_, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (entry->path().extension() != kSuffix || name.compare(0, stem_.size(), stem_) != 0) continue;
    FileDescriptor file(open(entry->path().c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open()) continue;
    if (name == stem_ + "-" + checksum_of(file) + kSuffix) {
      futimens(file.number(), nullptr);
      weights_ = std::move(file);
      found_ = true;
      return;
    }
    std::error_code gone;
    fs::remove(entry->path(), gone);
  }
}

std::string WeightCache::engine_path() const { return weights_.is_open() ? path_of(weights_) : ""; }

void WeightCache::keep() const {
  if (found_ || !weights_.is_open()) return;
  std::error_code error;
  fs::create_directories(folder_, error);
  remove_old(folder_);
  const std::string checksum = checksum_of(weights_);
  const fs::path unfinished = folder_ / unfinished_name(stem_);
  if (!checksum.empty() && copied(weights_, unfinished))
    fs::rename(unfinished, folder_ / (stem_ + "-" + checksum + kSuffix), error);
  fs::remove(unfinished, error);
}

}  // namespace lazydit::native
