#include "buffers.h"

#include "policy.h"
#include "saturating.h"

namespace lazydit {
namespace {

constexpr std::size_t kAlignment = LAZYDIT_ALIGNMENT;

// A size that leaves room to read past the end and lets the next buffer start aligned.
constexpr std::size_t Padded(std::size_t bytes) {
  const std::size_t padded = SaturatingSum(bytes, 2 * kAlignment - 1);
  return padded == kTooLarge ? kTooLarge : padded / kAlignment * kAlignment;
}

std::size_t SizeOf(lazydit_dtype activation_type) {
  return activation_type == LAZYDIT_FLOAT16 ? sizeof(std::uint16_t) : sizeof(float);
}

// Hands out one buffer after another. Without memory it only adds their sizes up, so that what is measured and what
// is laid out cannot differ.
class Carver {
 public:
  explicit Carver(Span<std::byte> memory) : memory_(memory) {}

  template <class T>
  Span<T> Take(std::size_t count, std::size_t* category) {
    const std::size_t bytes = Padded(SaturatingProduct(count, sizeof(T)));
    const std::size_t offset = used_;
    used_ = SaturatingSum(used_, bytes);
    *category = SaturatingSum(*category, bytes);
    if (memory_.data() == nullptr) return {};
    return {reinterpret_cast<T*>(memory_.subspan(offset, bytes).data()), count};
  }

  Slots TakeSlots(std::size_t slots, std::size_t bytes, std::size_t* category) {
    const std::size_t stride = Padded(bytes);
    return {Take<std::byte>(SaturatingProduct(slots, stride), category), stride, bytes};
  }

  std::size_t used() const { return used_; }

 private:
  Span<std::byte> memory_;
  std::size_t used_ = 0;
};

void CarveActivations(const Sizes& sizes, Carver* carver, std::size_t* category, Buffers* buffers) {
  buffers->num_states = sizes.samples + 1;
  for (std::size_t i = 0; i < buffers->num_states; ++i) {
    buffers->states[i] = {carver->Take<std::byte>(sizes.hidden_bytes, category),
                          carver->Take<std::byte>(sizes.hidden_bytes, category),
                          carver->Take<float>(sizes.width, category)};
  }
  for (std::size_t sample = 0; sample < sizes.samples; ++sample) {
    buffers->model_output[sample] = carver->Take<float>(sizes.model_output, category);
  }
  buffers->latent = carver->Take<float>(sizes.latent, category);
  if (sizes.image > 0) buffers->image = carver->Take<float>(sizes.image, category);
}

void CarveModulation(const Sizes& sizes, Carver* carver, std::size_t* category, Buffers* buffers) {
  for (std::size_t sample = 0; sample < sizes.samples; ++sample) {
    buffers->modulation[sample] =
        carver->Take<float>(SaturatingProduct(sizes.steps, sizes.modules, std::size_t{3}, sizes.width), category);
    buffers->final_modulation[sample] = carver->Take<float>(SaturatingProduct(sizes.steps, 2, sizes.width), category);
  }
}

void CarveTrace(const Sizes& sizes, Carver* carver, std::size_t* category, Trace* trace) {
  const std::size_t decisions = SaturatingProduct(sizes.steps, sizes.samples, sizes.modules);
  trace->scores = carver->Take<float>(decisions, category);
  trace->ran = carver->Take<std::uint8_t>(decisions, category);
  trace->extrapolated = carver->Take<std::uint8_t>(decisions, category);
  trace->module_ms = carver->Take<double>(decisions, category);
  trace->step_ms = carver->Take<double>(sizes.steps, category);
}

Buffers Carve(const Sizes& sizes, lazydit_policy_kind policy, Carver* carver, lazydit_memory* memory) {
  Buffers buffers;
  buffers.cache = carver->TakeSlots(sizes.cache_slots, sizes.hidden_bytes, &memory->cache);
  CarveModulation(sizes, carver, &memory->modulation, &buffers);
  CarveActivations(sizes, carver, &memory->activations, &buffers);
  const std::size_t masks = SaturatingProduct(sizes.steps, sizes.modules);
  if (policy == LAZYDIT_LAZY) {
    buffers.gates = carver->Take<float>(SaturatingProduct(masks, sizes.width), &memory->gates);
  }
  if (policy == LAZYDIT_SCHEDULE) buffers.schedule = carver->Take<std::uint8_t>(masks, &memory->gates);
  CarveTrace(sizes, carver, &memory->trace, &buffers.trace);

  std::size_t rest = 0;
  buffers.label = carver->Take<std::int64_t>(1, &rest);
  buffers.timesteps = carver->Take<float>(sizes.steps, &rest);
  buffers.alphas_cumprod = carver->Take<double>(sizes.steps, &rest);
  buffers.module_programs = carver->Take<std::int32_t>(sizes.modules, &rest);
  buffers.block_programs = carver->Take<std::int32_t>(sizes.block_programs, &rest);
  buffers.reuses = carver->Take<std::int32_t>(SaturatingProduct(sizes.samples, sizes.modules), &rest);
  if (sizes.extrapolates) {
    buffers.last_two = carver->Take<LastTwo>(SaturatingProduct(sizes.samples, sizes.modules), &rest);
    buffers.weight = carver->Take<float>(1, &rest);
  }
  memory->total = carver->used();
  return buffers;
}

}  // namespace

Sizes::Sizes(const lazydit_model& model, const lazydit_plan& plan)
    : steps(static_cast<std::size_t>(plan.steps)),
      samples(plan.guided != 0 ? 2 : 1),
      modules(SaturatingProduct(SaturatingSize(model.depth), 2)),
      width(SaturatingSize(model.width)),
      tokens(SaturatingSize(model.tokens)),
      hidden_bytes(SaturatingProduct(tokens, width, SizeOf(model.activation_type))),
      image(0),
      guided(0),
      block_programs(model.block_programs == nullptr ? 0 : modules / 2),
      // Where nothing is reused they only receive what one program puts out.
      cache_slots(model.block_programs == nullptr ? 1 : 2),
      extrapolates(false) {
  const std::size_t plane = SaturatingProduct(SaturatingSize(model.latent_height), SaturatingSize(model.latent_width));
  latent = SaturatingProduct(SaturatingSize(model.channels), plane);
  model_output = SaturatingProduct(SaturatingSize(model.output_channels), plane);
  if (model.decode_program >= 0) {
    image = SaturatingProduct(SaturatingSize(model.image_channels), SaturatingSize(model.image_height),
                              SaturatingSize(model.image_width));
  }
  if (plan.guided != 0) guided = SaturatingProduct(SaturatingSize(plan.guidance_channels), plane);
  if (CanReuse(plan.policy, steps, modules)) {
    extrapolates = plan.policy.extrapolate != 0;
    cache_slots = SaturatingProduct(samples, modules, std::size_t{extrapolates ? 2U : 1U});
  }
}

lazydit_memory MeasureBuffers(const Sizes& sizes, lazydit_policy_kind policy) {
  lazydit_memory memory{};
  Carver carver({});
  Carve(sizes, policy, &carver, &memory);
  return memory;
}

Buffers LayOutBuffers(const Sizes& sizes, lazydit_policy_kind policy, Span<std::byte> memory) {
  lazydit_memory unused{};
  Carver carver(memory);
  return Carve(sizes, policy, &carver, &unused);
}

}  // namespace lazydit
