#include "run_command.h"

#include <cstdio>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "bundle.h"
#include "command_line.h"
#include "engine.h"
#include "failure.h"
#include "image.h"
#include "interrupt.h"
#include "manifest_checks.h"
#include "output_file.h"
#include "schedule_file.h"
#include "trace.h"

namespace lazydit::tools {
namespace {

struct RunOptions {
  std::string bundle = "lazydit-android";
  int64_t label = 0;
  uint64_t seed = 0;
  native::Wish wish;
  std::optional<int32_t> every;
  std::string schedule;
  std::optional<bool> extrapolate;
  EngineOptions engine;
  std::string out = "lazydit.png";
  std::string trace;
};

std::pair<double, double> thresholds_of(const std::string& text) {
  const auto parts = parts_of(text);
  if (parts.size() > 2) native::refuse("--threshold " + text + " is not one number or two: try --threshold 0.5");
  const double first = real_number(parts.front(), "threshold");
  return {first, real_number(parts.back(), "threshold")};
}

CommandLine command_line(RunOptions* options) {
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  native::Wish* const wish = &options->wish;
  using Text = const std::string&;
  return {
      "lazydit-run",
      "Generates one image with a bundle.",
      "lazydit-run --bundle lazydit-android --label 3 --steps 10 --policy lazy --out three.png",
      {{"bundle", "DIR", "what lazydit-export wrote; lazydit-android", [=](Text v) { options->bundle = v; }},
       {"label", "N", "the class; 0", [=](Text v) { options->label = whole_number(v, "label", 0, kMost); }},
       {"seed", "N", "of the starting noise; 0", [=](Text v) { options->seed = seed_number(v, "seed"); }},
       {"steps", "N", "the bundle's default if left out",
        [=](Text v) { wish->steps = static_cast<int32_t>(whole_number(v, "steps", 1, kMost)); }},
       {"policy", "NAME", "always, lazy, every-n or schedule; lazy", [=](Text v) { wish->policy = v; }},
       {"gates", "NAME", "lazy: the gate set, for example 10-r30", [=](Text v) { wish->gates = v; }},
       {"threshold", "N", "lazy: run a module iff its score reaches it; 0.5, or 0.5,0.4 (attn,mlp)",
        [=](Text v) { wish->thresholds = thresholds_of(v); }},
       {"every", "N", "every-n: run every module at steps 0, N, 2N, ...; 2",
        [=](Text v) { options->every = static_cast<int32_t>(whole_number(v, "every", 1, kMost)); }},
       {"schedule", "FILE",
        "schedule: a .json of who runs at which step, or a trace; attention and feedforward by turns if left out",
        [=](Text v) { options->schedule = v; }},
       {"max-reuse", "N", "most steps in a row that a module is reused, 0 for no limit; lazy: the gate set's own",
        [=](Text v) { wish->max_reuse = static_cast<int32_t>(whole_number(v, "max-reuse", 0, kMost)); }},
       {"extrapolate", "", "go on along the line through a module's last two outputs; lazy: as the gate set was made",
        [=](Text) { options->extrapolate = true; }},
       {"hold", "", "hold the last output as it is", [=](Text) { options->extrapolate = false; }},
       {"lazy-ratio", "N", "lazy: the share of modules to reuse, for example 0.4; 0 is always",
        [=](Text v) { wish->lazy_ratio = real_number(v, "lazy-ratio"); }},
       {"guidance", "N", "scale of guidance; 1 is none", [=](Text v) { wish->guidance = real_number(v, "guidance"); }},
       {"threads", "N", "of the engine; one per processor",
        [=](Text v) { options->engine.threads = static_cast<int32_t>(whole_number(v, "threads", 1, 1024)); }},
       {"weight-cache", "DIR", "folder for packed weights, which make the next load fast; none",
        [=](Text v) { options->engine.weight_cache = v; }},
       {"out", "FILE", "the .png to write, or .f32: the latent [C, h, w] as raw float32; lazydit.png",
        [=](Text v) { options->out = v; }},
       {"trace", "FILE", "write every decision to this .json file", [=](Text v) { options->trace = v; }}}};
}

/* Options that the policy would leave unused are refused: something else was meant. */
void check_belongs(const std::string& option, bool given, const std::string& policies, bool belongs) {
  if (given && !belongs)
    native::refuse("--" + option + " means nothing without --policy " + policies +
                   ": leave it out or choose that policy");
}

/* Completes the wish with what stands for its policy alone. */
void take_policy_options(RunOptions* options) {
  native::Wish* const wish = &options->wish;
  check_belongs("every", options->every.has_value(), "every-n", wish->policy == "every-n");
  check_belongs("schedule", !options->schedule.empty(), "schedule", wish->policy == "schedule");
  check_belongs("max-reuse", wish->max_reuse.has_value(), "lazy, every-n or schedule", wish->policy != "always");
  check_belongs(options->extrapolate == false ? "hold" : "extrapolate", options->extrapolate.has_value(),
                "lazy, every-n or schedule", wish->policy != "always");
  if (options->every) wish->every_n = *options->every;
  if (!options->schedule.empty()) {
    Schedule schedule = read_schedule(options->schedule);
    wish->schedule = std::move(schedule.run);
    wish->extrapolate = schedule.extrapolate;
  }
  if (options->extrapolate) wish->extrapolate = options->extrapolate;
}

bool is_raw(const std::string& path) { return path.size() > 4 && path.compare(path.size() - 4, 4, ".f32") == 0; }

void check_label(const native::Bundle& bundle, int64_t label) {
  const int64_t classes = bundle.manifest().model.num_classes;
  if (label >= classes)
    native::refuse("label " + std::to_string(label) + " is out of range: choose from 0 to " +
                   std::to_string(classes - 1));
}

void write_image(const native::Bundle& bundle, const Generation& generation, const std::string& path) {
  const native::ModelSpec& model = bundle.manifest().model;
  const float* const latent = lazydit_generation_latent(generation.get());
  if (is_raw(path)) {
    const auto [channels, height, width] = model.latent_shape;
    return write_whole(path, latent, static_cast<size_t>(channels * height * width) * sizeof(float));
  }
  const bool decoded = model.image == "decode";
  const auto bytes =
      png(decoded ? lazydit_generation_image(generation.get()) : latent, native::image_shape(bundle.manifest()));
  write_whole(path, bytes.data(), bytes.size());
}

void report(const RunOptions& options, const Generation& generation) {
  lazydit_timings timings = {};
  lazydit_generation_timings(generation.get(), &timings);
  const native::GateSetSpec* const gates = generation.plan().gate_set();
  std::printf("wrote %s: policy %s%s%s, %d steps in %.1f ms, %.1f %% reused\n", options.out.c_str(),
              options.wish.policy.c_str(), gates == nullptr ? "" : " ", gates == nullptr ? "" : gates->name.c_str(),
              static_cast<int>(generation.plan().get().steps), timings.total_ms, 100 * generation.lazy_ratio());
}

}  // namespace

void run_command(int count, const char* const* arguments) {
  RunOptions options;
  if (!command_line(&options).parse(count, arguments)) return;
  take_policy_options(&options);
  check_writable(options.out, ".png .f32");
  if (!options.trace.empty()) check_writable(options.trace, ".json");
  const native::Bundle bundle(options.bundle);
  check_label(bundle, options.label);
  if (bundle.manifest().model.image.empty() && !is_raw(options.out))
    native::refuse(
        "this bundle has no decode program, so there is no image to write: write the latent, with --out x.f32");
  // What cannot be wished for is said before the programs are loaded; memory is taken only for sizes that they have.
  options.wish = native::decided(bundle, options.wish);
  native::CorePlan(bundle, options.wish);
  throw_if_interrupted();
  const Engine engine(bundle, options.engine);
  Generation generation(bundle, options.wish);
  generation.run(engine, options.label, options.seed);
  if (!options.trace.empty()) {
    const std::string trace = trace_json(bundle, options.wish.policy, options.label, options.seed, generation);
    write_whole(options.trace, trace.data(), trace.size());
  }
  write_image(bundle, generation, options.out);
  report(options, generation);
}

}  // namespace lazydit::tools
