/* A manifest as Kotlin objects. */
#ifndef LAZYDIT_ANDROID_BUNDLE_DESCRIPTION_H_
#define LAZYDIT_ANDROID_BUNDLE_DESCRIPTION_H_

#include <jni.h>

#include "manifest.h"

namespace lazydit::android {

/* An org.lazydit.BundleFiles. */
jobject bundle_files(JNIEnv* env, const native::Manifest& manifest);

/* An org.lazydit.BundleDescription. */
jobject bundle_description(JNIEnv* env, const native::Manifest& manifest);

}  // namespace lazydit::android

#endif
