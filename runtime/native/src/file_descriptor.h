/* A file descriptor that closes itself. */
#ifndef LAZYDIT_NATIVE_FILE_DESCRIPTOR_H_
#define LAZYDIT_NATIVE_FILE_DESCRIPTOR_H_

#include <unistd.h>

#include <utility>

namespace lazydit::native {

class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int number) : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~FileDescriptor() {
    if (is_open()) close(number_);
  }

  bool is_open() const { return number_ >= 0; }
  int number() const { return number_; }

 private:
  int number_ = -1;
};

}  // namespace lazydit::native

#endif
