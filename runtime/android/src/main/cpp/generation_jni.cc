/* org.lazydit.Core: generations. */
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "java_classes.h"
#include "java_executor.h"
#include "java_support.h"
#include "manifest_checks.h"
#include "opened_bundle.h"
#include "wish.h"

namespace lazydit::android {
namespace {

lazydit_generation* planned(const lazydit_model& model, const lazydit_plan& plan) {
  lazydit_generation* generation = nullptr;
  lazydit_error error = {};
  native::check(lazydit_generation_plan(&model, &plan, &generation, &error), error);
  return generation;
}

/* What org.lazydit.Generation has the address of. The bundle has to outlive it. */
class Generation {
 public:
  Generation(const OpenedBundle& opened, const native::Wish& wish)
      : manifest_(opened.bundle.manifest()),
        plan_(opened.bundle, wish),
        generation_(planned(opened.model.get(), plan_.get()), lazydit_generation_free),
        modules_(2 * static_cast<size_t>(opened.model.get().depth)) {}

  lazydit_generation* get() const { return generation_.get(); }
  const native::CorePlan& plan() const { return plan_; }
  const native::Manifest& manifest() const { return manifest_; }
  size_t decisions() const {
    return plan_.timesteps().size() * static_cast<size_t>(lazydit_generation_samples(get())) * modules_;
  }

 private:
  const native::Manifest& manifest_;
  native::CorePlan plan_;
  std::unique_ptr<lazydit_generation, void (*)(lazydit_generation*)> generation_;
  size_t modules_;
};

size_t volume(const std::array<int64_t, 3>& shape) { return static_cast<size_t>(shape[0] * shape[1] * shape[2]); }

/* What the bundle calls its image: decode's, or the latent itself; null where it has none. */
jfloatArray image_of(JNIEnv* env, const Generation& generation) {
  const native::Manifest& manifest = generation.manifest();
  if (manifest.model.image.empty()) return nullptr;
  const float* const decoded = lazydit_generation_image(generation.get());
  return java_floats(env, decoded != nullptr ? decoded : lazydit_generation_latent(generation.get()),
                     volume(native::image_shape(manifest)));
}

jdoubleArray timings_of(JNIEnv* env, const lazydit_generation* generation) {
  lazydit_timings all = {};
  lazydit_generation_timings(generation, &all);
  const std::vector<double> kinds = {all.total_ms, all.condition_ms, all.embed_ms, all.attn_ms,   all.mlp_ms,
                                     all.block_ms, all.reuse_ms,     all.final_ms, all.decode_ms, all.scheduler_ms};
  return java_doubles(env, kinds.data(), kinds.size());
}

const char* name_of(lazydit_policy_kind kind) {
  switch (kind) {
    case LAZYDIT_ALWAYS:
      return "always";
    case LAZYDIT_LAZY:
      return "lazy";
    case LAZYDIT_EVERY_N:
      return "every-n";
    case LAZYDIT_SCHEDULE:
      break;
  }
  return "schedule";
}

/* An org.lazydit.RunOutcome. */
jobject outcome_of(JNIEnv* env, const Generation& generation) {
  LocalFrame frame(env, 16);
  const JavaClasses& classes = java_classes();
  const lazydit_generation* const core = generation.get();
  const native::GateSetSpec* const gates = generation.plan().gate_set();
  const std::vector<int64_t>& timesteps = generation.plan().timesteps();
  const size_t decisions = generation.decisions();
  const jobject made = env->NewObject(
      classes.run_outcome, classes.new_run_outcome, generation.plan().guidance(),
      java_string(env, name_of(generation.plan().get().policy.kind)),
      gates == nullptr ? nullptr : java_string(env, gates->name), java_longs(env, timesteps),
      static_cast<jint>(lazydit_generation_samples(core)),
      java_floats(env, lazydit_generation_latent(core), volume(generation.manifest().model.latent_shape)),
      image_of(env, generation), java_floats(env, lazydit_generation_scores(core), decisions),
      java_booleans(env, lazydit_generation_ran(core), decisions),
      java_booleans(env, lazydit_generation_extrapolated(core), decisions),
      java_doubles(env, lazydit_generation_module_ms(core), decisions),
      java_doubles(env, lazydit_generation_step_ms(core), timesteps.size()), timings_of(env, core));
  check_java(env);
  return frame.leave_with(made);
}

/* `size` numbers, which the caller has checked to be those of a latent; none of a null array. */
std::optional<std::vector<float>> noise_of(JNIEnv* env, jfloatArray noise) {
  if (noise == nullptr) return std::nullopt;
  std::vector<float> numbers(static_cast<size_t>(env->GetArrayLength(noise)));
  env->GetFloatArrayRegion(noise, 0, length_of(numbers.size()), numbers.data());
  check_java(env);
  return numbers;
}

jobject memory_of(JNIEnv* env, const OpenedBundle& opened, const native::Wish& wish) {
  const native::CorePlan plan(opened.bundle, wish);
  lazydit_memory memory = {};
  lazydit_error error = {};
  native::check(lazydit_generation_memory(&opened.model.get(), &plan.get(), &memory, &error), error);
  const auto bytes = [](size_t size) { return static_cast<jlong>(size); };
  const JavaClasses& classes = java_classes();
  return env->NewObject(classes.memory, classes.new_memory, bytes(memory.total), bytes(memory.cache),
                        bytes(memory.modulation), bytes(memory.activations), bytes(memory.gates), bytes(memory.trace));
}

}  // namespace
}  // namespace lazydit::android

using namespace lazydit::android;

extern "C" JNIEXPORT jobject JNICALL Java_org_lazydit_Core_memory(JNIEnv* env, jclass, jlong bundle, jobject wish) {
  return guarded(env, [&] { return memory_of(env, *from_handle<OpenedBundle>(bundle), wish_of(env, wish)); });
}

extern "C" JNIEXPORT jlong JNICALL Java_org_lazydit_Core_plan(JNIEnv* env, jclass, jlong bundle, jobject wish) {
  return guarded(env, [&] {
    auto generation = std::make_unique<Generation>(*from_handle<OpenedBundle>(bundle), wish_of(env, wish));
    return handle_of(generation.release());
  });
}

extern "C" JNIEXPORT jobject JNICALL Java_org_lazydit_Core_run(JNIEnv* env, jclass, jlong handle, jlong address,
                                                               jobject executor, jlong label, jlong seed,
                                                               jfloatArray noise, jobject listener) {
  return guarded(env, [&]() -> jobject {
    const Generation& generation = *from_handle<Generation>(handle);
    const auto numbers = noise_of(env, noise);
    JavaCallbacks callbacks(env, executor, listener);
    const lazydit_request request = {label,
                                     static_cast<uint64_t>(seed),
                                     numbers ? numbers->data() : nullptr,
                                     generation.plan().guidance(),
                                     JavaCallbacks::on_step,
                                     &callbacks};
    const auto* const native_executor = from_handle<const lazydit_executor>(address);
    lazydit_error error = {};
    const lazydit_status status = lazydit_generation_run(
        generation.get(), &request, native_executor != nullptr ? native_executor : callbacks.executor(), &error);
    callbacks.rethrow();
    if (status == LAZYDIT_CANCELLED) return nullptr;
    lazydit::native::check(status, error);
    return outcome_of(env, generation);
  });
}

extern "C" JNIEXPORT void JNICALL Java_org_lazydit_Core_cancel(JNIEnv*, jclass, jlong generation) {
  lazydit_generation_cancel(from_handle<Generation>(generation)->get());
}

extern "C" JNIEXPORT void JNICALL Java_org_lazydit_Core_freeGeneration(JNIEnv*, jclass, jlong generation) {
  const std::unique_ptr<Generation> freed(from_handle<Generation>(generation));
}
