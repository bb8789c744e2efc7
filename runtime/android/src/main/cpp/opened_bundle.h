/* What org.lazydit.BundleHandle has the address of. */
#ifndef LAZYDIT_ANDROID_OPENED_BUNDLE_H_
#define LAZYDIT_ANDROID_OPENED_BUNDLE_H_

#include <filesystem>

#include "bundle.h"
#include "planning.h"

namespace lazydit::android {

struct OpenedBundle {
  explicit OpenedBundle(const std::filesystem::path& directory) : bundle(directory), model(bundle.manifest()) {}

  native::Bundle bundle;
  native::CoreModel model;
};

}  // namespace lazydit::android

#endif
