#include "generation.h"

#include <nanobind/stl/optional.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "arrays.h"
#include "errors.h"
#include "python_executor.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace lazydit_python {
namespace {

template <typename Element, typename Source>
nb::object copied(const Source* source, const std::vector<size_t>& shape) {
  if (source == nullptr) return nb::none();
  size_t size = 1;
  for (const size_t length : shape) size *= length;
  auto values = std::make_unique<Element[]>(size);
  std::transform(source, source + size, values.get(), [](Source value) { return static_cast<Element>(value); });
  return owning_array(std::move(values), shape);
}

std::vector<size_t> image_shape(int64_t channels, int64_t height, int64_t width) {
  return {static_cast<size_t>(channels), static_cast<size_t>(height), static_cast<size_t>(width)};
}

lazydit_generation* planned(const Model& model, const Plan& plan) {
  plan.check_sizes(model.get());
  lazydit_generation* generation = nullptr;
  lazydit_error error = {};
  check(lazydit_generation_plan(&model.get(), &plan.get(), &generation, &error), error);
  return generation;
}

nb::dict memory(const Model& model, const Plan& plan) {
  plan.check_sizes(model.get());
  lazydit_memory memory = {};
  lazydit_error error = {};
  check(lazydit_generation_memory(&model.get(), &plan.get(), &memory, &error), error);
  nb::dict sizes;
  sizes["total"] = memory.total;
  sizes["cache"] = memory.cache;
  sizes["modulation"] = memory.modulation;
  sizes["activations"] = memory.activations;
  sizes["gates"] = memory.gates;
  sizes["trace"] = memory.trace;
  return sizes;
}

}  // namespace

/* Holds the generation for one caller at a time: Python threads could otherwise meet in it. */
class Generation::Use {
 public:
  explicit Use(Generation& generation) : in_use_(generation.in_use_) {
    if (in_use_.exchange(true)) raise_use_error("this generation is running: wait for it or make another");
  }
  ~Use() { in_use_.store(false); }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

 private:
  std::atomic<bool>& in_use_;
};

Generation::Generation(const Model& model, const Plan& plan)
    : generation_(planned(model, plan), lazydit_generation_free),
      sizes_(model.get()),
      programs_(model.programs()),
      steps_(static_cast<size_t>(plan.get().steps)) {}

void Generation::run(nb::object executor, int64_t label, uint64_t seed, double guidance,
                     std::optional<NoiseArray> noise, nb::object on_step) {
  const Use use(*this);
  if (noise && (noise->shape(0) != static_cast<size_t>(sizes_.channels) ||
                noise->shape(1) != static_cast<size_t>(sizes_.latent_height) ||
                noise->shape(2) != static_cast<size_t>(sizes_.latent_width)))
    raise_use_error("the noise has not the shape of the latent: give one value per channel, row and column");
  PythonCallbacks callbacks(nb::find(this), programs_, std::move(executor), std::move(on_step));
  const lazydit_request request = {label,     seed, noise ? noise->data() : nullptr, guidance, PythonCallbacks::on_step,
                                   &callbacks};
  lazydit_error error = {};
  lazydit_status status = LAZYDIT_OK;
  {
    const nb::gil_scoped_release unlocked;
    status = lazydit_generation_run(generation_.get(), &request, callbacks.executor(), &error);
  }
  callbacks.rethrow();
  check(status, error);
}

nb::object Generation::latent() {
  const Use use(*this);
  return copied<float>(lazydit_generation_latent(generation_.get()),
                       image_shape(sizes_.channels, sizes_.latent_height, sizes_.latent_width));
}

nb::object Generation::image() {
  const Use use(*this);
  return copied<float>(lazydit_generation_image(generation_.get()),
                       image_shape(sizes_.image_channels, sizes_.image_height, sizes_.image_width));
}

std::vector<size_t> Generation::trace_shape() const {
  const auto samples = static_cast<size_t>(lazydit_generation_samples(generation_.get()));
  return {steps_, samples, 2 * static_cast<size_t>(sizes_.depth)};
}

nb::object Generation::scores() {
  const Use use(*this);
  return copied<float>(lazydit_generation_scores(generation_.get()), trace_shape());
}

nb::object Generation::ran() {
  const Use use(*this);
  return copied<bool>(lazydit_generation_ran(generation_.get()), trace_shape());
}

nb::object Generation::extrapolated() {
  const Use use(*this);
  return copied<bool>(lazydit_generation_extrapolated(generation_.get()), trace_shape());
}

nb::object Generation::module_ms() {
  const Use use(*this);
  return copied<double>(lazydit_generation_module_ms(generation_.get()), trace_shape());
}

nb::object Generation::step_ms() {
  const Use use(*this);
  return copied<double>(lazydit_generation_step_ms(generation_.get()), {steps_});
}

nb::dict Generation::timings() {
  const Use use(*this);
  lazydit_timings timings = {};
  lazydit_generation_timings(generation_.get(), &timings);
  nb::dict times;
  times["total_ms"] = timings.total_ms;
  times["condition_ms"] = timings.condition_ms;
  times["embed_ms"] = timings.embed_ms;
  times["attn_ms"] = timings.attn_ms;
  times["mlp_ms"] = timings.mlp_ms;
  times["block_ms"] = timings.block_ms;
  times["reuse_ms"] = timings.reuse_ms;
  times["final_ms"] = timings.final_ms;
  times["decode_ms"] = timings.decode_ms;
  times["scheduler_ms"] = timings.scheduler_ms;
  return times;
}

void bind_generation(nb::module_& module) {
  nb::class_<lazydit_step>(module, "Step")
      .def_ro("step", &lazydit_step::step)
      .def_ro("steps", &lazydit_step::steps)
      .def_ro("reached", &lazydit_step::reached)
      .def_ro("reused", &lazydit_step::reused)
      .def_ro("step_ms", &lazydit_step::step_ms);
  nb::class_<Generation>(module, "Generation")
      .def(nb::init<const Model&, const Plan&>(), "model"_a, "plan"_a)
      .def("run", &Generation::run, "executor"_a, nb::kw_only(), "label"_a, "seed"_a, "guidance"_a,
           "noise"_a.none() = nb::none(), "on_step"_a.none() = nb::none())
      .def("cancel", &Generation::cancel)
      .def("latent", &Generation::latent)
      .def("image", &Generation::image)
      .def("scores", &Generation::scores)
      .def("ran", &Generation::ran)
      .def("extrapolated", &Generation::extrapolated)
      .def("module_ms", &Generation::module_ms)
      .def("step_ms", &Generation::step_ms)
      .def("timings", &Generation::timings);
  module.def("memory", memory, "model"_a, "plan"_a);
}

}  // namespace lazydit_python
