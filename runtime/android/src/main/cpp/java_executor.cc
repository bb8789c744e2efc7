#include "java_executor.h"

#include <cstdio>

#include "java_classes.h"
#include "java_support.h"

namespace lazydit::android {
namespace {

/* An org.lazydit.executors.Tensor on the core's own memory. */
jobject tensor_of(JNIEnv* env, const lazydit_tensor& tensor) {
  LocalFrame frame(env, 3);
  const JavaClasses& classes = java_classes();
  const jobject buffer = env->NewDirectByteBuffer(tensor.data, static_cast<jlong>(tensor.size_bytes));
  check_java(env);
  if (buffer == nullptr) native::refuse("this Java has no direct buffers: use the native executor");
  const jlongArray shape = java_longs(env, {tensor.shape, tensor.shape + tensor.rank});
  const jobject made = env->CallStaticObjectMethod(classes.executor_calls, classes.executor_tensor, buffer,
                                                   static_cast<jint>(tensor.dtype), shape);
  check_java(env);
  return frame.leave_with(made);
}

jobjectArray tensors_of(JNIEnv* env, const lazydit_tensor* tensors, size_t count) {
  const jobjectArray array = java_array(env, java_classes().tensor, count);
  for (size_t i = 0; i < count; ++i) {
    const LocalFrame frame(env, 1);
    env->SetObjectArrayElement(array, static_cast<jsize>(i), tensor_of(env, tensors[i]));
    check_java(env);
  }
  return array;
}

}  // namespace

JavaCallbacks::JavaCallbacks(JNIEnv* env, jobject executor, jobject listener)
    : env_(env), executor_(executor), listener_(listener), interface_{this, run, nullptr, done_with} {}

JavaCallbacks::~JavaCallbacks() {
  if (thrown_ != nullptr) env_->DeleteLocalRef(thrown_);
}

void JavaCallbacks::rethrow() const {
  if (thrown_ == nullptr) return;
  env_->Throw(thrown_);
  throw JavaExceptionPending();
}

/* The first exception counts; further ones, of done_with after it, are dropped. */
bool JavaCallbacks::keep_exception() {
  const jthrowable thrown = env_->ExceptionOccurred();
  if (thrown == nullptr) return false;
  env_->ExceptionClear();
  if (thrown_ == nullptr) {
    thrown_ = thrown;
  } else {
    env_->DeleteLocalRef(thrown);
  }
  return true;
}

bool JavaCallbacks::call_run(int32_t program, const lazydit_tensor* inputs, size_t num_inputs,
                             const lazydit_tensor* outputs, size_t num_outputs) {
  LocalFrame frame(env_, 4);
  const jobjectArray taken = tensors_of(env_, inputs, num_inputs);
  const jobjectArray given = tensors_of(env_, outputs, num_outputs);
  env_->CallVoidMethod(executor_, java_classes().executor_run, static_cast<jint>(program), taken, given);
  check_java(env_);
  return true;
}

int32_t JavaCallbacks::run(void* self, int32_t program, const lazydit_tensor* inputs, size_t num_inputs,
                           const lazydit_tensor* outputs, size_t num_outputs, char* message, size_t message_size) {
  auto* const callbacks = static_cast<JavaCallbacks*>(self);
  const bool ran =
      guarded(callbacks->env_, [&] { return callbacks->call_run(program, inputs, num_inputs, outputs, num_outputs); });
  if (ran) return 0;
  callbacks->keep_exception();
  std::snprintf(message, message_size, "the executor threw an exception in program %d", program);
  return 1;
}

void JavaCallbacks::done_with(void* self, int32_t program) {
  auto* const callbacks = static_cast<JavaCallbacks*>(self);
  callbacks->env_->CallVoidMethod(callbacks->executor_, java_classes().executor_done_with, static_cast<jint>(program));
  callbacks->keep_exception();
}

int32_t JavaCallbacks::on_step(void* self, const lazydit_step* step) {
  auto* const callbacks = static_cast<JavaCallbacks*>(self);
  callbacks->env_->CallVoidMethod(callbacks->listener_, java_classes().listener_on_step, static_cast<jint>(step->step),
                                  static_cast<jint>(step->steps), static_cast<jint>(step->reached),
                                  static_cast<jint>(step->reused), step->step_ms);
  return callbacks->keep_exception() ? 1 : 0;
}

}  // namespace lazydit::android
