#include "bundle_programs.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "failure.h"

namespace lazydit::native {
namespace {

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
    check(lazydit_native_program_signature(native, static_cast<int32_t>(i), &found, &error), error);
    if (!all_fit(found.inputs, found.num_inputs, program.inputs, most_steps) ||
        !all_fit(found.outputs, found.num_outputs, program.outputs, most_steps))
      refuse("method " + program.method + " of " + program.file +
             " has not the signature that the manifest gives program " + program.name + ": export the bundle again");
  }
}

void check_holds_executorch(const Manifest& manifest) {
  const bool has_packages =
      std::any_of(manifest.programs.begin(), manifest.programs.end(),
                  [&](const ProgramSpec& program) { return manifest.files.count(program.file) == 0; });
  if (!manifest.formats.empty() || has_packages)
    refuse("this bundle is for target " + manifest.target +
           " and holds no ExecuTorch programs: run lazydit-export --target android");
  if (manifest.target != kTarget)
    refuse("this bundle is for target " + manifest.target +
           ", which this runtime does not know: update lazydit, or run lazydit-export --target " + kTarget);
}

lazydit_native* loaded(const Bundle& bundle, const lazydit_native_options& options) {
  const Manifest& manifest = bundle.manifest();
  check_holds_executorch(manifest);
  std::vector<std::string> paths;
  for (const ProgramSpec& program : manifest.programs) paths.push_back((bundle.directory() / program.file).string());
  std::vector<lazydit_native_program> programs;
  for (size_t i = 0; i < paths.size(); ++i) {
    const ProgramSpec& program = manifest.programs[i];
    const bool reuses = program.name == manifest.graph.modules[0].reuse || program.name == manifest.graph.extrapolate;
    programs.push_back({paths[i].c_str(), program.method.c_str(), manifest.files.at(program.file).sha256.c_str(),
                        reuses ? manifest.graph.layer_norm_epsilon : 0});
  }
  lazydit_native* native = nullptr;
  lazydit_error error = {};
  check(lazydit_native_create(programs.data(), programs.size(), &options, &native, &error), error);
  return native;
}

}  // namespace

BundlePrograms::BundlePrograms(const Bundle& bundle, const lazydit_native_options& options)
    : native_(loaded(bundle, options), lazydit_native_free) {
  check_signatures(bundle.manifest(), native_.get());
}

}  // namespace lazydit::native
