/* A small bundle on disk that a test may damage; its programs are none that an engine could run. */
#ifndef LAZYDIT_TESTS_NATIVE_TOY_BUNDLE_H_
#define LAZYDIT_TESTS_NATIVE_TOY_BUNDLE_H_

#include <filesystem>
#include <string>

namespace lazydit_test {

class ToyBundle {
 public:
  ToyBundle();
  ~ToyBundle();
  ToyBundle(const ToyBundle&) = delete;
  ToyBundle& operator=(const ToyBundle&) = delete;

  const std::filesystem::path& directory() const { return directory_; }
  const std::string& manifest() const { return manifest_; }
  void write(const std::string& file, const std::string& content) const;

 private:
  std::filesystem::path directory_;
  std::string manifest_;
};

}  // namespace lazydit_test

#endif
