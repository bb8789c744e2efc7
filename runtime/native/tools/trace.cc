#include "trace.h"

#include <cstddef>
#include <nlohmann/json.hpp>

namespace lazydit::tools {
namespace {

using Json = nlohmann::ordered_json;

struct Shape {
  size_t steps;
  size_t samples;
  size_t modules;
};

/* Nested lists [steps][samples][modules]; null where a number is none. */
template <typename Value, typename Convert>
Json nested(const Value* values, const Shape& shape, Convert convert) {
  Json steps = Json::array();
  for (size_t step = 0; step < shape.steps; ++step) {
    Json samples = Json::array();
    for (size_t sample = 0; sample < shape.samples; ++sample) {
      Json modules = Json::array();
      for (size_t module = 0; module < shape.modules; ++module) modules.push_back(convert(*values++));
      samples.push_back(std::move(modules));
    }
    steps.push_back(std::move(samples));
  }
  return steps;
}

Json timings_of(const Generation& generation) {
  lazydit_timings timings = {};
  lazydit_generation_timings(generation.get(), &timings);
  const double* const steps = lazydit_generation_step_ms(generation.get());
  return {{"total_ms", timings.total_ms},
          {"condition_ms", timings.condition_ms},
          {"embed_ms", timings.embed_ms},
          {"attn_ms", timings.attn_ms},
          {"mlp_ms", timings.mlp_ms},
          {"block_ms", timings.block_ms},
          {"reuse_ms", timings.reuse_ms},
          {"final_ms", timings.final_ms},
          {"decode_ms", timings.decode_ms},
          {"scheduler_ms", timings.scheduler_ms},
          {"step_ms", std::vector<double>(steps, steps + generation.plan().timesteps().size())}};
}

Json decisions_of(const native::Bundle& bundle, const Generation& generation) {
  Json names = Json::array();
  for (const native::ModuleNode& module : bundle.manifest().graph.modules) names.push_back(module.name);
  const lazydit_generation* const core = generation.get();
  const Shape shape = {generation.plan().timesteps().size(), static_cast<size_t>(lazydit_generation_samples(core)),
                       names.size()};
  const auto number = [](double value) { return Json(value); };
  const auto flag = [](uint8_t value) { return Json(value != 0); };
  return {{"timesteps", generation.plan().timesteps()},
          {"modules", std::move(names)},
          {"scores", nested(lazydit_generation_scores(core), shape, number)},
          {"ran", nested(lazydit_generation_ran(core), shape, flag)},
          {"extrapolated", nested(lazydit_generation_extrapolated(core), shape, flag)},
          {"module_ms", nested(lazydit_generation_module_ms(core), shape, number)}};
}

}  // namespace

std::string trace_json(const native::Bundle& bundle, const std::string& policy, int64_t label, uint64_t seed,
                       const Generation& generation) {
  const native::GateSetSpec* const gates = generation.plan().gate_set();
  const lazydit_policy& rules = generation.plan().get().policy;
  Json image = {{"label", label},
                {"seed", seed},
                {"steps", generation.plan().get().steps},
                {"guidance", generation.plan().guidance()},
                {"policy", policy},
                {"gates", gates == nullptr ? Json() : Json(gates->name)},
                {"thresholds", gates == nullptr ? Json() : Json(generation.plan().thresholds())},
                {"max_reuse", rules.max_reuse == 0 ? Json() : Json(rules.max_reuse)},
                {"lazy_ratio", generation.lazy_ratio()},
                {"timings", timings_of(generation)},
                {"trace", decisions_of(bundle, generation)}};
  Json images = Json::array();
  images.push_back(std::move(image));
  return Json{{"images", std::move(images)}}.dump() + "\n";
}

}  // namespace lazydit::tools
