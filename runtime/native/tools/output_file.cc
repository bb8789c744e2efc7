#include "output_file.h"

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <sstream>
#include <system_error>

#include "failure.h"
#include "file_descriptor.h"

namespace lazydit::tools {
namespace {

namespace fs = std::filesystem;
using native::FileDescriptor;
using native::refuse;

[[noreturn]] void cannot_write(const fs::path& path, int reason) {
  refuse("cannot write " + path.string() + " (" + std::strerror(reason) +
         "): choose a folder that exists, is writable and has room");
}

/* A new file beside another, removed unless it was given that one's name. */
class Unfinished {
 public:
  explicit Unfinished(const fs::path& path) : path_(path), name_(path.string() + ".XXXXXX") {
    file_ = FileDescriptor(mkstemp(name_.data()));
    if (!file_.is_open()) cannot_write(path_, errno);
  }
  ~Unfinished() {
    if (!name_.empty()) unlink(name_.c_str());
  }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;

  void write(const char* data, size_t size) {
    while (size > 0) {
      const ssize_t written = ::write(file_.number(), data, size);
      if (written <= 0) cannot_write(path_, written == 0 ? ENOSPC : errno);
      data += written;
      size -= static_cast<size_t>(written);
    }
  }

  void finish() {
    fs::permissions(name_,
                    fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read | fs::perms::others_read);
    if (rename(name_.c_str(), path_.c_str()) != 0) cannot_write(path_, errno);
    name_.clear();
  }

 private:
  fs::path path_;
  std::string name_;
  FileDescriptor file_;
};

}  // namespace

void check_writable(const fs::path& path, const std::string& suffixes) {
  std::error_code error;
  if (fs::is_directory(path, error)) refuse(path.string() + " is a folder: name the file to write");
  std::istringstream allowed(suffixes);
  bool fits = false;
  for (std::string suffix; allowed >> suffix;) fits = fits || path.extension() == suffix;
  if (!fits) refuse(path.string() + " has another suffix than the file may have: choose from " + suffixes);
  const Unfinished tried(path);
}

void write_whole(const fs::path& path, const void* data, size_t size) {
  Unfinished file(path);
  file.write(static_cast<const char*>(data), size);
  file.finish();
}

}  // namespace lazydit::tools
