/* The library's Kotlin classes that C++ makes, reads or calls; consumer-rules.pro keeps their names. */
#ifndef LAZYDIT_ANDROID_JAVA_CLASSES_H_
#define LAZYDIT_ANDROID_JAVA_CLASSES_H_

#include <jni.h>

namespace lazydit::android {

/* Looked up once when the library is loaded, since a lookup is slow. */
struct JavaClasses {
  jclass bundle_description;
  jclass bundle_files;
  jclass core;
  jclass doubles;
  jclass executor_calls;
  jclass gate_set;
  jclass lazydit_exception;
  jclass memory;
  jclass program;
  jclass run_outcome;
  jclass string;
  jclass tensor;
  jclass tensor_spec;

  jmethodID core_text;
  jmethodID executor_done_with;
  jmethodID executor_run;
  jmethodID executor_tensor;
  jmethodID listener_on_step;
  jmethodID new_bundle_description;
  jmethodID new_bundle_files;
  jmethodID new_gate_set;
  jmethodID new_lazydit_exception;
  jmethodID new_memory;
  jmethodID new_program;
  jmethodID new_run_outcome;
  jmethodID new_tensor_spec;

  jfieldID wish_every_n;
  jfieldID wish_extrapolate;
  jfieldID wish_gates;
  jfieldID wish_guidance;
  jfieldID wish_has_guidance;
  jfieldID wish_has_lazy_ratio;
  jfieldID wish_has_steps;
  jfieldID wish_lazy_ratio;
  jfieldID wish_max_reuse;
  jfieldID wish_policy_name;
  jfieldID wish_schedule;
  jfieldID wish_steps;
  jfieldID wish_thresholds;
};

/* Of use from JNI_OnLoad to JNI_OnUnload. */
const JavaClasses& java_classes();

}  // namespace lazydit::android

#endif
