/* org.lazydit.Core: bundles. */
#include <filesystem>
#include <memory>

#include "bundle_description.h"
#include "java_support.h"
#include "opened_bundle.h"

using namespace lazydit::android;

extern "C" JNIEXPORT jobject JNICALL Java_org_lazydit_Core_manifestFiles(JNIEnv* env, jclass, jbyteArray manifest) {
  return guarded(env, [&] { return bundle_files(env, lazydit::native::Manifest::read(string_of(env, manifest))); });
}

extern "C" JNIEXPORT jlong JNICALL Java_org_lazydit_Core_openBundle(JNIEnv* env, jclass, jbyteArray directory) {
  return guarded(env, [&] {
    auto opened = std::make_unique<OpenedBundle>(std::filesystem::path(string_of(env, directory)));
    return handle_of(opened.release());
  });
}

extern "C" JNIEXPORT jobject JNICALL Java_org_lazydit_Core_describeBundle(JNIEnv* env, jclass, jlong bundle) {
  return guarded(env, [&] { return bundle_description(env, from_handle<OpenedBundle>(bundle)->bundle.manifest()); });
}

extern "C" JNIEXPORT void JNICALL Java_org_lazydit_Core_freeBundle(JNIEnv*, jclass, jlong bundle) {
  const std::unique_ptr<OpenedBundle> freed(from_handle<OpenedBundle>(bundle));
}
