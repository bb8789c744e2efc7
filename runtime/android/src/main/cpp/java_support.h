/* What every file of this folder needs of JNI: references that let go of themselves, text, arrays, exceptions. */
#ifndef LAZYDIT_ANDROID_JAVA_SUPPORT_H_
#define LAZYDIT_ANDROID_JAVA_SUPPORT_H_

#include <jni.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "failure.h"

namespace lazydit::android {

/* A Java exception is pending: leave to Java at once. */
struct JavaExceptionPending {};

inline void check_java(JNIEnv* env) {
  if (env->ExceptionCheck() == JNI_TRUE) throw JavaExceptionPending();
}

/* Local references made while it lives end with it. */
class LocalFrame {
 public:
  LocalFrame(JNIEnv* env, jint capacity) : env_(env) {
    if (env_->PushLocalFrame(capacity) != 0) throw JavaExceptionPending();
  }
  ~LocalFrame() {
    if (open_) env_->PopLocalFrame(nullptr);
  }
  LocalFrame(const LocalFrame&) = delete;
  LocalFrame& operator=(const LocalFrame&) = delete;

  /* Ends the frame; of all its references `kept` alone lives on, in the frame around it. */
  template <typename Reference>
  Reference leave_with(Reference kept) {
    open_ = false;
    return static_cast<Reference>(env_->PopLocalFrame(kept));
  }

 private:
  JNIEnv* env_;
  bool open_ = true;
};

/* The address that Kotlin keeps of an object, and back. */
template <typename Object>
jlong handle_of(const Object* object) {
  return static_cast<jlong>(reinterpret_cast<intptr_t>(object));
}

template <typename Object>
Object* from_handle(jlong handle) {
  return reinterpret_cast<Object*>(static_cast<intptr_t>(handle));
}

inline jsize length_of(size_t size) {
  if (size > INT32_MAX) native::refuse("a tensor is too large for Java: use a smaller model");
  return static_cast<jsize>(size);
}

std::string string_of(JNIEnv* env, jbyteArray utf8);
jstring java_string(JNIEnv* env, const std::string& text);
jbyteArray java_bytes(JNIEnv* env, const std::string& text);

/* Copies of `size` values. */
jfloatArray java_floats(JNIEnv* env, const float* values, size_t size);
jdoubleArray java_doubles(JNIEnv* env, const double* values, size_t size);
jbooleanArray java_booleans(JNIEnv* env, const uint8_t* values, size_t size);
jlongArray java_longs(JNIEnv* env, const std::vector<int64_t>& values);
jobjectArray java_array(JNIEnv* env, jclass element, size_t size);

/* Has Java throw LazyDiTException with this sentence when the native function returns. */
void throw_in_java(JNIEnv* env, const char* sentence);

/* Calls `work`; what it throws becomes a Java exception, and the result a zero. */
template <typename Work>
auto guarded(JNIEnv* env, Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const JavaExceptionPending&) {
  } catch (const std::bad_alloc&) {
    throw_in_java(env, "there is not enough memory: use a smaller model or close other apps");
  } catch (const std::exception& failure) {
    throw_in_java(env, failure.what());
  }
  if constexpr (!std::is_void_v<decltype(work())>) return {};
}

}  // namespace lazydit::android

#endif
