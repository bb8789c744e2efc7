#include "wish.h"

#include <array>
#include <cstdint>
#include <vector>

#include "java_classes.h"
#include "java_support.h"

namespace lazydit::android {
namespace {

template <typename Array>
Array array_field(JNIEnv* env, jobject wish, jfieldID field) {
  return static_cast<Array>(env->GetObjectField(wish, field));
}

std::pair<double, double> pair_of(JNIEnv* env, jdoubleArray numbers) {
  std::array<double, 2> pair = {};
  env->GetDoubleArrayRegion(numbers, 0, 2, pair.data());
  check_java(env);
  return {pair[0], pair[1]};
}

std::vector<std::vector<uint8_t>> rows_of(JNIEnv* env, jobjectArray schedule) {
  std::vector<std::vector<uint8_t>> rows(static_cast<size_t>(env->GetArrayLength(schedule)));
  for (size_t i = 0; i < rows.size(); ++i) {
    const LocalFrame frame(env, 1);
    const auto row = static_cast<jbooleanArray>(env->GetObjectArrayElement(schedule, static_cast<jsize>(i)));
    check_java(env);
    rows[i].resize(static_cast<size_t>(env->GetArrayLength(row)));
    env->GetBooleanArrayRegion(row, 0, length_of(rows[i].size()), rows[i].data());
    check_java(env);
  }
  return rows;
}

}  // namespace

native::Wish wish_of(JNIEnv* env, jobject wish) {
  const LocalFrame frame(env, 4);
  const JavaClasses& classes = java_classes();
  native::Wish wished;
  wished.policy = string_of(env, array_field<jbyteArray>(env, wish, classes.wish_policy_name));
  if (const auto gates = array_field<jbyteArray>(env, wish, classes.wish_gates)) wished.gates = string_of(env, gates);
  if (const auto thresholds = array_field<jdoubleArray>(env, wish, classes.wish_thresholds))
    wished.thresholds = pair_of(env, thresholds);
  if (const auto schedule = array_field<jobjectArray>(env, wish, classes.wish_schedule))
    wished.schedule = rows_of(env, schedule);
  wished.every_n = env->GetIntField(wish, classes.wish_every_n);
  if (const jint limit = env->GetIntField(wish, classes.wish_max_reuse); limit >= 0) wished.max_reuse = limit;
  if (const jint choice = env->GetIntField(wish, classes.wish_extrapolate); choice >= 0)
    wished.extrapolate = choice > 0;
  if (env->GetBooleanField(wish, classes.wish_has_lazy_ratio) == JNI_TRUE)
    wished.lazy_ratio = env->GetDoubleField(wish, classes.wish_lazy_ratio);
  if (env->GetBooleanField(wish, classes.wish_has_steps) == JNI_TRUE)
    wished.steps = env->GetIntField(wish, classes.wish_steps);
  if (env->GetBooleanField(wish, classes.wish_has_guidance) == JNI_TRUE)
    wished.guidance = env->GetDoubleField(wish, classes.wish_guidance);
  return wished;
}

}  // namespace lazydit::android
