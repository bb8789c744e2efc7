/* The programs of a bundle in the native executor. */
#ifndef LAZYDIT_NATIVE_BUNDLE_PROGRAMS_H_
#define LAZYDIT_NATIVE_BUNDLE_PROGRAMS_H_

#include <memory>

#include "bundle.h"
#include "lazydit_native.h"

namespace lazydit::native {

class BundlePrograms {
 public:
  /* Loads all programs and holds their signatures against the manifest. Throws Failure. */
  BundlePrograms(const Bundle& bundle, const lazydit_native_options& options);

  /* A program's number is its place in the manifest. */
  const lazydit_executor* executor() const { return lazydit_native_executor(native_.get()); }

 private:
  std::unique_ptr<lazydit_native, void (*)(lazydit_native*)> native_;
};

}  // namespace lazydit::native

#endif
