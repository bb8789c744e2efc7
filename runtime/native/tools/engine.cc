#include "engine.h"

#include <algorithm>
#include <cstddef>

#include "failure.h"
#include "interrupt.h"

namespace lazydit::tools {
namespace {

using native::Bundle;

lazydit_generation* planned(const lazydit_model& model, const lazydit_plan& plan) {
  lazydit_generation* generation = nullptr;
  lazydit_error error = {};
  native::check(lazydit_generation_plan(&model, &plan, &generation, &error), error);
  return generation;
}

}  // namespace

Engine::Engine(const Bundle& bundle, const EngineOptions& options)
    : programs_(bundle, {options.threads, options.weight_cache.empty() ? nullptr : options.weight_cache.c_str()}) {}

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

}  // namespace lazydit::tools
