#include "engine.h"

#include <executorch/runtime/platform/platform.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "failure.h"
#include "interrupt.h"

namespace lazydit::tools {
namespace {

using native::Bundle;
using native::GateGraph;
using native::Manifest;
using native::ProgramSpec;
using native::refuse;
using native::TensorSpec;

/* The one that ExecuTorch's programs are made for. */
const std::string kTarget = "android";

bool same_type(lazydit_dtype found, const std::string& wanted) {
  return wanted == (found == LAZYDIT_INT64 ? "int64" : found == LAZYDIT_FLOAT16 ? "float16" : "float32");
}

/* Whether a tensor is the manifest's; a "T" needs room for the most timesteps of one call. */
bool fits(const lazydit_tensor& found, const TensorSpec& spec, int64_t most_steps) {
  if (!same_type(found.dtype, spec.dtype) || static_cast<size_t>(found.rank) != spec.shape.size()) return false;
  for (size_t axis = 0; axis < spec.shape.size(); ++axis) {
    const bool steps = spec.shape[axis] == TensorSpec::kTimesteps;
    if (steps ? found.shape[axis] < most_steps : found.shape[axis] != spec.shape[axis]) return false;
  }
  return true;
}

bool all_fit(const lazydit_tensor* found, size_t count, const std::vector<TensorSpec>& specs, int64_t most_steps) {
  if (count != specs.size()) return false;
  for (size_t i = 0; i < count; ++i)
    if (!fits(found[i], specs[i], most_steps)) return false;
  return true;
}

void check_signatures(const Manifest& manifest, const lazydit_native* native) {
  const int64_t most_steps = manifest.graph.condition_max_steps;
  for (size_t i = 0; i < manifest.programs.size(); ++i) {
    const ProgramSpec& program = manifest.programs[i];
    lazydit_native_signature found = {};
    lazydit_error error = {};
    native::check(lazydit_native_program_signature(native, static_cast<int32_t>(i), &found, &error), error);
    if (!all_fit(found.inputs, found.num_inputs, program.inputs, most_steps) ||
        !all_fit(found.outputs, found.num_outputs, program.outputs, most_steps))
      refuse("method " + program.method + " of " + program.file +
             " has not the signature that the manifest gives program " + program.name + ": export the bundle again");
  }
}

bool reuses(const GateGraph& graph, const std::string& program) { return program == graph.modules[0].reuse; }

lazydit_native* loaded(const Bundle& bundle, const EngineOptions& options) {
  const Manifest& manifest = bundle.manifest();
  const bool has_packages =
      std::any_of(manifest.programs.begin(), manifest.programs.end(),
                  [&](const ProgramSpec& program) { return manifest.files.count(program.file) == 0; });
  if (manifest.has_formats || has_packages)
    refuse("this bundle is for target " + manifest.target +
           " and holds no ExecuTorch programs: run lazydit-export --target android");
  if (manifest.target != kTarget)
    refuse("this bundle is for target " + manifest.target +
           ", which this runtime does not know: update lazydit, or run lazydit-export --target " + kTarget);
  std::vector<std::string> paths;
  for (const ProgramSpec& program : manifest.programs) paths.push_back((bundle.directory() / program.file).string());
  std::vector<lazydit_native_program> programs;
  for (size_t i = 0; i < paths.size(); ++i) {
    const ProgramSpec& program = manifest.programs[i];
    programs.push_back({paths[i].c_str(), program.method.c_str(), manifest.files.at(program.file).sha256.c_str(),
                        reuses(manifest.graph, program.name) ? manifest.graph.layer_norm_epsilon : 0});
  }
  const lazydit_native_options native_options = {options.threads,
                                                 options.weight_cache.empty() ? nullptr : options.weight_cache.c_str()};
  lazydit_native* native = nullptr;
  lazydit_error error = {};
  native::check(lazydit_native_create(programs.data(), programs.size(), &native_options, &native, &error), error);
  return native;
}

lazydit_generation* planned(const lazydit_model& model, const lazydit_plan& plan) {
  lazydit_generation* generation = nullptr;
  lazydit_error error = {};
  native::check(lazydit_generation_plan(&model, &plan, &generation, &error), error);
  return generation;
}

}  // namespace

Engine::Engine(const Bundle& bundle, const EngineOptions& options)
    : native_(loaded(bundle, options), lazydit_native_free) {
  check_signatures(bundle.manifest(), native_.get());
}

Generation::Generation(const Bundle& bundle, const native::Wish& wish)
    : model_(bundle.manifest()),
      plan_(bundle, wish),
      generation_(planned(model_.get(), plan_.get()), lazydit_generation_free) {}

void Generation::run(const Engine& engine, int64_t label, uint64_t seed) {
  const CancelOnInterrupt interruptible(generation_.get());
  lazydit_request request = {};
  request.label = label;
  request.seed = seed;
  request.guidance = plan_.guidance();
  lazydit_error error = {};
  native::check(lazydit_generation_run(generation_.get(), &request, engine.executor(), &error), error);
}

size_t Generation::decisions() const {
  return static_cast<size_t>(plan_.get().steps) * static_cast<size_t>(lazydit_generation_samples(get())) * 2 *
         static_cast<size_t>(model_.get().depth);
}

double Generation::lazy_ratio() const {
  const uint8_t* const ran = lazydit_generation_ran(get());
  const auto run = static_cast<double>(std::count(ran, ran + decisions(), uint8_t{1}));
  return 1.0 - run / static_cast<double>(decisions());
}

void silence_engine() {
  using executorch::runtime::PalImpl;
  executorch::runtime::register_pal(PalImpl::create(
      [](et_timestamp_t, et_pal_log_level_t, const char*, const char*, size_t, const char*, size_t) {}, __FILE__));
}

}  // namespace lazydit::tools
