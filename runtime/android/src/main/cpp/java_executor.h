/* The callbacks of one run: from the core into Kotlin and back, all on the thread of the run. */
#ifndef LAZYDIT_ANDROID_JAVA_EXECUTOR_H_
#define LAZYDIT_ANDROID_JAVA_EXECUTOR_H_

#include <jni.h>

#include <cstddef>
#include <cstdint>

#include "lazydit.h"

namespace lazydit::android {

/* Lends Kotlin's callbacks to the core for one run. What one of them throws ends the run; it is kept, and rethrow()
   has Java throw it. */
class JavaCallbacks {
 public:
  /* `executor` is an org.lazydit.ExecutorCalls, or null where a native one is used; `listener` a StepListener. */
  JavaCallbacks(JNIEnv* env, jobject executor, jobject listener);
  JavaCallbacks(const JavaCallbacks&) = delete;
  JavaCallbacks& operator=(const JavaCallbacks&) = delete;
  ~JavaCallbacks();

  const lazydit_executor* executor() const { return &interface_; }
  static int32_t on_step(void* self, const lazydit_step* step);

  /* Throws JavaExceptionPending if a callback threw. */
  void rethrow() const;

 private:
  static int32_t run(void* self, int32_t program, const lazydit_tensor* inputs, size_t num_inputs,
                     const lazydit_tensor* outputs, size_t num_outputs, char* message, size_t message_size);
  static void done_with(void* self, int32_t program);

  bool call_run(int32_t program, const lazydit_tensor* inputs, size_t num_inputs, const lazydit_tensor* outputs,
                size_t num_outputs);
  bool keep_exception();

  JNIEnv* env_;
  jobject executor_;
  jobject listener_;
  lazydit_executor interface_;
  jthrowable thrown_ = nullptr;
};

}  // namespace lazydit::android

#endif
