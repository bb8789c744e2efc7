/* org.lazydit.Core: the native executor. Left out of builds without ExecuTorch; Kotlin then finds none of these. */
#include <memory>
#include <string>

#include "bundle_programs.h"
#include "java_support.h"
#include "opened_bundle.h"

using namespace lazydit::android;
using lazydit::native::BundlePrograms;

extern "C" JNIEXPORT jbyteArray JNICALL Java_org_lazydit_Core_nativeEngineVersion(JNIEnv* env, jclass) {
  return guarded(env, [&] { return java_bytes(env, lazydit_native_engine_version()); });
}

extern "C" JNIEXPORT jlong JNICALL Java_org_lazydit_Core_openNativePrograms(JNIEnv* env, jclass, jlong bundle,
                                                                            jint threads, jbyteArray weight_cache) {
  return guarded(env, [&] {
    const std::string folder = weight_cache == nullptr ? "" : string_of(env, weight_cache);
    const lazydit_native_options options = {threads, folder.empty() ? nullptr : folder.c_str()};
    auto programs = std::make_unique<BundlePrograms>(from_handle<OpenedBundle>(bundle)->bundle, options);
    return handle_of(programs.release());
  });
}

extern "C" JNIEXPORT jlong JNICALL Java_org_lazydit_Core_nativeExecutor(JNIEnv*, jclass, jlong programs) {
  return handle_of(from_handle<BundlePrograms>(programs)->executor());
}

extern "C" JNIEXPORT void JNICALL Java_org_lazydit_Core_freeNativePrograms(JNIEnv*, jclass, jlong programs) {
  const std::unique_ptr<BundlePrograms> freed(from_handle<BundlePrograms>(programs));
}
