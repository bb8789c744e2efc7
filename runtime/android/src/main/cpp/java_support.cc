#include "java_support.h"

#include "java_classes.h"

namespace lazydit::android {

std::string string_of(JNIEnv* env, jbyteArray utf8) {
  std::string text(static_cast<size_t>(env->GetArrayLength(utf8)), '\0');
  env->GetByteArrayRegion(utf8, 0, length_of(text.size()), reinterpret_cast<jbyte*>(text.data()));
  check_java(env);
  if (text.find('\0') != std::string::npos) native::refuse("a name holds a zero character: give it without");
  return text;
}

jbyteArray java_bytes(JNIEnv* env, const std::string& text) {
  const jbyteArray bytes = env->NewByteArray(length_of(text.size()));
  check_java(env);
  env->SetByteArrayRegion(bytes, 0, length_of(text.size()), reinterpret_cast<const jbyte*>(text.data()));
  check_java(env);
  return bytes;
}

/* Not by NewStringUTF, which aborts on what is not Java's own kind of UTF-8. */
jstring java_string(JNIEnv* env, const std::string& text) {
  LocalFrame frame(env, 2);
  const JavaClasses& classes = java_classes();
  const jobject made = env->CallStaticObjectMethod(classes.core, classes.core_text, java_bytes(env, text));
  check_java(env);
  return frame.leave_with(static_cast<jstring>(made));
}

jfloatArray java_floats(JNIEnv* env, const float* values, size_t size) {
  const jfloatArray array = env->NewFloatArray(length_of(size));
  check_java(env);
  env->SetFloatArrayRegion(array, 0, length_of(size), values);
  check_java(env);
  return array;
}

jdoubleArray java_doubles(JNIEnv* env, const double* values, size_t size) {
  const jdoubleArray array = env->NewDoubleArray(length_of(size));
  check_java(env);
  env->SetDoubleArrayRegion(array, 0, length_of(size), values);
  check_java(env);
  return array;
}

jbooleanArray java_booleans(JNIEnv* env, const uint8_t* values, size_t size) {
  static_assert(sizeof(jboolean) == sizeof(uint8_t));
  const jbooleanArray array = env->NewBooleanArray(length_of(size));
  check_java(env);
  env->SetBooleanArrayRegion(array, 0, length_of(size), values);
  check_java(env);
  return array;
}

jlongArray java_longs(JNIEnv* env, const std::vector<int64_t>& values) {
  const std::vector<jlong> numbers(values.begin(), values.end());
  const jlongArray array = env->NewLongArray(length_of(numbers.size()));
  check_java(env);
  env->SetLongArrayRegion(array, 0, length_of(numbers.size()), numbers.data());
  check_java(env);
  return array;
}

jobjectArray java_array(JNIEnv* env, jclass element, size_t size) {
  const jobjectArray array = env->NewObjectArray(length_of(size), element, nullptr);
  check_java(env);
  return array;
}

void throw_in_java(JNIEnv* env, const char* sentence) {
  try {
    const LocalFrame frame(env, 2);
    const JavaClasses& classes = java_classes();
    const jobject exception =
        env->NewObject(classes.lazydit_exception, classes.new_lazydit_exception, java_string(env, sentence), nullptr);
    check_java(env);
    env->Throw(static_cast<jthrowable>(exception));
  } catch (const JavaExceptionPending&) {
    // Java's own, such as OutOfMemoryError, takes its place.
  }
}

}  // namespace lazydit::android
