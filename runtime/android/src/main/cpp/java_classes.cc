#include "java_classes.h"

#include "java_support.h"

namespace lazydit::android {
namespace {

JavaClasses classes;

/* All references to classes, for letting go of them. */
jclass* const kClasses[] = {
    &classes.bundle_description,
    &classes.core,
    &classes.doubles,
    &classes.executor_calls,
    &classes.gate_set,
    &classes.lazydit_exception,
    &classes.memory,
    &classes.program,
    &classes.run_outcome,
    &classes.string,
    &classes.tensor,
    &classes.tensor_spec,
};

jclass found(JNIEnv* env, const char* name) {
  const LocalFrame frame(env, 1);
  const jclass local = env->FindClass(name);
  check_java(env);
  const auto global = static_cast<jclass>(env->NewGlobalRef(local));
  if (global == nullptr) throw JavaExceptionPending();
  return global;
}

jmethodID method(JNIEnv* env, jclass owner, const char* name, const char* signature) {
  const jmethodID id = env->GetMethodID(owner, name, signature);
  check_java(env);
  return id;
}

jmethodID static_method(JNIEnv* env, jclass owner, const char* name, const char* signature) {
  const jmethodID id = env->GetStaticMethodID(owner, name, signature);
  check_java(env);
  return id;
}

jmethodID constructor(JNIEnv* env, jclass owner, const char* signature) {
  return method(env, owner, "<init>", signature);
}

jfieldID field(JNIEnv* env, jclass owner, const char* name, const char* signature) {
  const jfieldID id = env->GetFieldID(owner, name, signature);
  check_java(env);
  return id;
}

void find_classes(JNIEnv* env) {
  classes.bundle_description = found(env, "org/lazydit/BundleDescription");
  classes.bundle_files = found(env, "org/lazydit/BundleFiles");
  classes.core = found(env, "org/lazydit/Core");
  classes.doubles = found(env, "[D");
  classes.executor_calls = found(env, "org/lazydit/ExecutorCalls");
  classes.gate_set = found(env, "org/lazydit/GateSet");
  classes.lazydit_exception = found(env, "org/lazydit/LazyDiTException");
  classes.memory = found(env, "org/lazydit/Memory");
  classes.program = found(env, "org/lazydit/Program");
  classes.run_outcome = found(env, "org/lazydit/RunOutcome");
  classes.string = found(env, "java/lang/String");
  classes.tensor = found(env, "org/lazydit/executors/Tensor");
  classes.tensor_spec = found(env, "org/lazydit/TensorSpec");
}

void find_methods(JNIEnv* env) {
  classes.core_text = static_method(env, classes.core, "text", "([B)Ljava/lang/String;");
  classes.executor_done_with = method(env, classes.executor_calls, "doneWith", "(I)V");
  classes.executor_run =
      method(env, classes.executor_calls, "run", "(I[Lorg/lazydit/executors/Tensor;[Lorg/lazydit/executors/Tensor;)V");
  classes.executor_tensor =
      static_method(env, classes.executor_calls, "tensor", "(Ljava/nio/ByteBuffer;I[J)Lorg/lazydit/executors/Tensor;");
  const LocalFrame frame(env, 1);
  const jclass listener = env->FindClass("org/lazydit/StepListener");
  check_java(env);
  classes.listener_on_step = method(env, listener, "onStep", "(IIIID)V");
}

void find_constructors(JNIEnv* env) {
  classes.new_bundle_description = constructor(
      env, classes.bundle_description,
      "(Ljava/lang/String;Ljava/lang/String;Ljava/lang/String;[Ljava/lang/String;[JI[J[JID[Ljava/lang/String;"
      "[Lorg/lazydit/GateSet;[Lorg/lazydit/Program;[J[[D)V");
  classes.new_bundle_files = constructor(env, classes.bundle_files, "([Ljava/lang/String;[J)V");
  classes.new_gate_set = constructor(env, classes.gate_set, "(Ljava/lang/String;IDDIZ)V");
  classes.new_lazydit_exception =
      constructor(env, classes.lazydit_exception, "(Ljava/lang/String;Ljava/lang/Throwable;)V");
  classes.new_memory = constructor(env, classes.memory, "(JJJJJJ)V");
  classes.new_program = constructor(env, classes.program,
                                    "(Ljava/lang/String;Ljava/lang/String;Ljava/lang/String;"
                                    "[Lorg/lazydit/TensorSpec;[Lorg/lazydit/TensorSpec;)V");
  classes.new_run_outcome =
      constructor(env, classes.run_outcome, "(DLjava/lang/String;Ljava/lang/String;[JI[F[F[F[Z[Z[D[D[D)V");
  classes.new_tensor_spec = constructor(env, classes.tensor_spec, "(Ljava/lang/String;Ljava/lang/String;[J)V");
}

void find_fields(JNIEnv* env) {
  const LocalFrame frame(env, 1);
  const jclass wish = env->FindClass("org/lazydit/Wish");
  check_java(env);
  classes.wish_every_n = field(env, wish, "everyN", "I");
  classes.wish_extrapolate = field(env, wish, "extrapolate", "I");
  classes.wish_gates = field(env, wish, "gates", "[B");
  classes.wish_guidance = field(env, wish, "guidance", "D");
  classes.wish_has_guidance = field(env, wish, "hasGuidance", "Z");
  classes.wish_has_lazy_ratio = field(env, wish, "hasLazyRatio", "Z");
  classes.wish_has_steps = field(env, wish, "hasSteps", "Z");
  classes.wish_lazy_ratio = field(env, wish, "lazyRatio", "D");
  classes.wish_max_reuse = field(env, wish, "maxReuse", "I");
  classes.wish_policy_name = field(env, wish, "policyName", "[B");
  classes.wish_schedule = field(env, wish, "schedule", "[[Z");
  classes.wish_steps = field(env, wish, "steps", "I");
  classes.wish_thresholds = field(env, wish, "thresholds", "[D");
}

void forget_classes(JNIEnv* env) {
  for (jclass* const known : kClasses) {
    env->DeleteGlobalRef(*known);
    *known = nullptr;
  }
}

JNIEnv* environment(JavaVM* vm) {
  void* env = nullptr;
  return vm->GetEnv(&env, JNI_VERSION_1_6) == JNI_OK ? static_cast<JNIEnv*>(env) : nullptr;
}

}  // namespace

const JavaClasses& java_classes() { return classes; }

}  // namespace lazydit::android

extern "C" JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM* vm, void*) {
  using namespace lazydit::android;
  JNIEnv* const env = environment(vm);
  if (env == nullptr) return JNI_ERR;
  try {
    find_classes(env);
    find_methods(env);
    find_constructors(env);
    find_fields(env);
    return JNI_VERSION_1_6;
  } catch (const JavaExceptionPending&) {
    return JNI_ERR;  // Java throws what is pending
  }
}

extern "C" JNIEXPORT void JNICALL JNI_OnUnload(JavaVM* vm, void*) {
  using namespace lazydit::android;
  JNIEnv* const env = environment(vm);
  if (env != nullptr) forget_classes(env);
}
