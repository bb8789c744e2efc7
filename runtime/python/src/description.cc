#include "description.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <limits>
#include <utility>

#include "errors.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace lazydit_python {
namespace {

void init_model(Model* self, std::vector<std::string> programs, int32_t condition, int32_t embed,
                std::vector<int32_t> modules, int32_t reuse, int32_t final_program, std::optional<int32_t> decode,
                int64_t depth, int64_t width, int64_t tokens, std::vector<int64_t> latent_shape,
                int64_t output_channels, int64_t num_classes, int64_t condition_max_steps,
                std::vector<int64_t> image_shape, lazydit_dtype activation_type, std::vector<int32_t> blocks,
                std::optional<int32_t> extrapolate) {
  if (latent_shape.size() != 3 || image_shape.size() != 3)
    raise_use_error("the shapes of latent and image need three sizes: [channels, height, width]");
  lazydit_model sizes = {};
  sizes.depth = depth;
  sizes.width = width;
  sizes.tokens = tokens;
  sizes.channels = latent_shape[0];
  sizes.latent_height = latent_shape[1];
  sizes.latent_width = latent_shape[2];
  sizes.output_channels = output_channels;
  sizes.num_classes = num_classes;
  sizes.condition_max_steps = condition_max_steps;
  sizes.condition_program = condition;
  sizes.embed_program = embed;
  sizes.reuse_program = reuse;
  sizes.extrapolate_program = extrapolate.value_or(-1);
  sizes.final_program = final_program;
  sizes.decode_program = decode.value_or(-1);
  sizes.image_channels = image_shape[0];
  sizes.image_height = image_shape[1];
  sizes.image_width = image_shape[2];
  sizes.activation_type = activation_type;
  new (self) Model(sizes, std::move(modules), std::move(blocks), std::move(programs));
}

void init_plan(Plan* self, std::vector<int64_t> timesteps, std::vector<double> alphas_cumprod, bool guided,
               int64_t guidance_channels, lazydit_policy_kind kind, std::optional<GateArray> gates,
               std::pair<float, float> thresholds, int32_t every_n, std::optional<MaskArray> schedule,
               int32_t max_reuse, bool extrapolate) {
  lazydit_plan plan = {};
  plan.guided = guided ? 1 : 0;
  plan.guidance_channels = guidance_channels;
  plan.policy.kind = kind;
  plan.policy.threshold_attn = thresholds.first;
  plan.policy.threshold_mlp = thresholds.second;
  plan.policy.every_n = every_n;
  plan.policy.max_reuse = max_reuse;
  plan.policy.extrapolate = extrapolate ? 1 : 0;
  new (self) Plan(std::move(timesteps), std::move(alphas_cumprod), plan, std::move(gates), std::move(schedule));
}

}  // namespace

Model::Model(lazydit_model sizes, std::vector<int32_t> modules, std::vector<int32_t> blocks,
             std::vector<std::string> programs)
    : modules_(std::move(modules)), blocks_(std::move(blocks)), programs_(std::move(programs)), model_(sizes) {
  const auto known = static_cast<int64_t>(programs_.size());
  const auto unknown = [known](int32_t program) { return program < 0 || program >= known; };
  bool wrong = unknown(model_.condition_program) || unknown(model_.embed_program) || unknown(model_.reuse_program) ||
               unknown(model_.final_program) || model_.decode_program >= known || model_.extrapolate_program >= known;
  for (const int32_t program : modules_) wrong = wrong || unknown(program);
  for (const int32_t program : blocks_) wrong = wrong || unknown(program);
  if (wrong) raise_use_error("a program number is not a place in the list of programs: correct the gate graph");
  if (model_.depth < 1 || modules_.size() / 2 != static_cast<uint64_t>(model_.depth) || modules_.size() % 2 != 0)
    raise_use_error("a model has two modules per block: correct the depth or the list of modules");
  if (!blocks_.empty() && 2 * blocks_.size() != modules_.size())
    raise_use_error("a model has one program per block, or none: correct the list of blocks");
  model_.module_programs = modules_.data();
  model_.block_programs = blocks_.empty() ? nullptr : blocks_.data();
}

Plan::Plan(std::vector<int64_t> timesteps, std::vector<double> alphas_cumprod, lazydit_plan rest,
           std::optional<GateArray> gates, std::optional<MaskArray> schedule)
    : timesteps_(std::move(timesteps)),
      alphas_cumprod_(std::move(alphas_cumprod)),
      gates_(std::move(gates)),
      schedule_(std::move(schedule)),
      plan_(rest) {
  if (timesteps_.size() != alphas_cumprod_.size())
    raise_use_error("every timestep needs its alpha: give two lists of the same length");
  if (timesteps_.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max()))
    raise_use_error("there are more timesteps than the scheduler can count: give fewer");
  plan_.steps = static_cast<int32_t>(timesteps_.size());
  plan_.timesteps = timesteps_.data();
  plan_.alphas_cumprod = alphas_cumprod_.data();
  plan_.policy.gates = gates_ ? gates_->data() : nullptr;
  plan_.policy.schedule = schedule_ ? reinterpret_cast<const uint8_t*>(schedule_->data()) : nullptr;
}

void Plan::check_sizes(const lazydit_model& model) const {
  const size_t steps = timesteps_.size();
  const size_t modules = 2 * static_cast<size_t>(model.depth);
  if (gates_ && (gates_->shape(0) != steps || gates_->shape(1) != modules ||
                 gates_->shape(2) != static_cast<size_t>(model.width)))
    raise_use_error("the gates are not [steps, 2 * depth, width] of this model: use a gate set made for it");
  if (schedule_ && (schedule_->shape(0) != steps || schedule_->shape(1) != modules))
    raise_use_error("the schedule is not [steps, 2 * depth] of this model: give one row per step");
}

void bind_descriptions(nb::module_& module) {
  nb::enum_<lazydit_dtype>(module, "ActivationType")
      .value("FLOAT32", LAZYDIT_FLOAT32)
      .value("FLOAT16", LAZYDIT_FLOAT16);
  nb::enum_<lazydit_policy_kind>(module, "PolicyKind")
      .value("ALWAYS", LAZYDIT_ALWAYS)
      .value("LAZY", LAZYDIT_LAZY)
      .value("EVERY_N", LAZYDIT_EVERY_N)
      .value("SCHEDULE", LAZYDIT_SCHEDULE);
  nb::class_<Model>(module, "Model")
      .def("__init__", init_model, nb::kw_only(), "programs"_a, "condition"_a, "embed"_a, "modules"_a, "reuse"_a,
           "final"_a, "decode"_a.none(), "depth"_a, "width"_a, "tokens"_a, "latent_shape"_a, "output_channels"_a,
           "num_classes"_a, "condition_max_steps"_a, "image_shape"_a, "activation_type"_a = LAZYDIT_FLOAT32,
           "blocks"_a = std::vector<int32_t>(), "extrapolate"_a.none() = nb::none());
  nb::class_<Plan>(module, "Plan")
      .def("__init__", init_plan, nb::kw_only(), "timesteps"_a, "alphas_cumprod"_a, "guided"_a, "guidance_channels"_a,
           "kind"_a, "gates"_a.none() = nb::none(), "thresholds"_a = std::pair<float, float>(0.5f, 0.5f),
           "every_n"_a = 1, "schedule"_a.none() = nb::none(), "max_reuse"_a = 0, "extrapolate"_a = false);
}

}  // namespace lazydit_python
