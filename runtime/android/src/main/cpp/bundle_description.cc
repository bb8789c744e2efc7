#include "bundle_description.h"

#include <cstdint>
#include <string>
#include <vector>

#include "java_classes.h"
#include "java_support.h"
#include "manifest_checks.h"

namespace lazydit::android {
namespace {

using native::GateSetSpec;
using native::Manifest;
using native::ProgramSpec;
using native::TensorSpec;

/* An array of what `make` makes of every item. */
template <typename Item, typename Make>
jobjectArray array_of(JNIEnv* env, jclass element, const std::vector<Item>& items, Make make) {
  const jobjectArray array = java_array(env, element, items.size());
  for (size_t i = 0; i < items.size(); ++i) {
    const LocalFrame frame(env, 1);
    env->SetObjectArrayElement(array, static_cast<jsize>(i), make(items[i]));
    check_java(env);
  }
  return array;
}

jobjectArray strings(JNIEnv* env, const std::vector<std::string>& texts) {
  return array_of(env, java_classes().string, texts, [&](const std::string& text) { return java_string(env, text); });
}

jobject tensor_spec(JNIEnv* env, const TensorSpec& tensor) {
  LocalFrame frame(env, 4);
  const JavaClasses& classes = java_classes();
  const jobject made = env->NewObject(classes.tensor_spec, classes.new_tensor_spec, java_string(env, tensor.name),
                                      java_string(env, tensor.dtype), java_longs(env, tensor.shape));
  check_java(env);
  return frame.leave_with(made);
}

jobjectArray tensor_specs(JNIEnv* env, const std::vector<TensorSpec>& tensors) {
  return array_of(env, java_classes().tensor_spec, tensors,
                  [&](const TensorSpec& tensor) { return tensor_spec(env, tensor); });
}

jobject program(JNIEnv* env, const ProgramSpec& spec) {
  LocalFrame frame(env, 6);
  const JavaClasses& classes = java_classes();
  const jobject made =
      env->NewObject(classes.program, classes.new_program, java_string(env, spec.name), java_string(env, spec.file),
                     java_string(env, spec.method), tensor_specs(env, spec.inputs), tensor_specs(env, spec.outputs));
  check_java(env);
  return frame.leave_with(made);
}

jobject gate_set(JNIEnv* env, const GateSetSpec& set) {
  LocalFrame frame(env, 2);
  const JavaClasses& classes = java_classes();
  const jobject made = env->NewObject(classes.gate_set, classes.new_gate_set, java_string(env, set.name),
                                      static_cast<jint>(set.steps), set.threshold_attn, set.threshold_mlp,
                                      static_cast<jint>(set.max_reuse), set.extrapolate ? JNI_TRUE : JNI_FALSE);
  check_java(env);
  return frame.leave_with(made);
}

jobjectArray programs(JNIEnv* env, const Manifest& manifest) {
  return array_of(env, java_classes().program, manifest.programs,
                  [&](const ProgramSpec& spec) { return program(env, spec); });
}

jobjectArray gate_sets(JNIEnv* env, const Manifest& manifest) {
  return array_of(env, java_classes().gate_set, manifest.gate_sets,
                  [&](const GateSetSpec& set) { return gate_set(env, set); });
}

jlongArray lazy_ratio_steps(JNIEnv* env, const Manifest& manifest) {
  std::vector<int64_t> steps;
  for (const native::LazyRatios& ratios : manifest.lazy_ratios) steps.push_back(ratios.steps);
  return java_longs(env, steps);
}

jobjectArray lazy_ratios(JNIEnv* env, const Manifest& manifest) {
  return array_of(env, java_classes().doubles, manifest.lazy_ratios, [&](const native::LazyRatios& ratios) {
    std::vector<double> measured;
    for (const native::RatioPoint& point : ratios.points) measured.push_back(point.lazy_ratio);
    return java_doubles(env, measured.data(), measured.size());
  });
}

jlongArray image_shape_of(JNIEnv* env, const Manifest& manifest) {
  if (manifest.model.image.empty()) return nullptr;
  const auto shape = native::image_shape(manifest);
  return java_longs(env, {shape.begin(), shape.end()});
}

}  // namespace

jobject bundle_files(JNIEnv* env, const Manifest& manifest) {
  LocalFrame frame(env, 4);
  std::vector<std::string> names;
  std::vector<int64_t> sizes;
  for (const auto& [name, entry] : manifest.files) {
    names.push_back(name);
    sizes.push_back(static_cast<int64_t>(entry.bytes));
  }
  const JavaClasses& classes = java_classes();
  const jobject made =
      env->NewObject(classes.bundle_files, classes.new_bundle_files, strings(env, names), java_longs(env, sizes));
  check_java(env);
  return frame.leave_with(made);
}

jobject bundle_description(JNIEnv* env, const Manifest& manifest) {
  LocalFrame frame(env, 16);
  std::vector<std::string> format_names;
  std::vector<int64_t> format_versions;
  for (const auto& [name, version] : manifest.formats) {
    format_names.push_back(name);
    format_versions.push_back(version);
  }
  std::vector<std::string> modules;
  for (const native::ModuleNode& module : manifest.graph.modules) modules.push_back(module.name);
  const auto& latent = manifest.model.latent_shape;
  const JavaClasses& classes = java_classes();
  const jobject made = env->NewObject(
      classes.bundle_description, classes.new_bundle_description, java_string(env, manifest.model.name),
      java_string(env, manifest.target), java_string(env, manifest.precision), strings(env, format_names),
      java_longs(env, format_versions), static_cast<jint>(manifest.model.num_classes),
      java_longs(env, {latent.begin(), latent.end()}), image_shape_of(env, manifest),
      static_cast<jint>(manifest.default_steps), manifest.default_guidance, strings(env, modules),
      gate_sets(env, manifest), programs(env, manifest), lazy_ratio_steps(env, manifest), lazy_ratios(env, manifest));
  check_java(env);
  return frame.leave_with(made);
}

}  // namespace lazydit::android
