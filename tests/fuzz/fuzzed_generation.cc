#include "fuzzed_generation.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <numeric>

#include "require.h"

namespace lazydit_test {
namespace {

// What a program takes is read to the last byte that the interface lets it read.
void ReadAll(const lazydit_tensor& tensor) {
  const auto* data = static_cast<const volatile unsigned char*>(tensor.data);
  for (std::size_t i = 0; i < tensor.size_bytes + LAZYDIT_ALIGNMENT; ++i) (void)data[i];
}

std::size_t Elements(const lazydit_tensor& tensor) {
  return static_cast<std::size_t>(
      std::accumulate(tensor.shape, tensor.shape + tensor.rank, int64_t{1}, std::multiplies<int64_t>()));
}

std::size_t BytesOf(lazydit_dtype dtype) {
  return dtype == LAZYDIT_INT64 ? sizeof(int64_t) : dtype == LAZYDIT_FLOAT16 ? 2 : sizeof(float);
}

}  // namespace

FuzzedGeneration::FuzzedGeneration(FuzzedDataProvider* bytes) : bytes_(bytes), tame_(bytes->ConsumeBool()) {
  MakeModel();
  MakePlan();
}

int64_t FuzzedGeneration::Size(int64_t most) { return bytes_->ConsumeIntegralInRange<int64_t>(1, most); }

int64_t FuzzedGeneration::AnySize(int64_t most) {
  return bytes_->ConsumeIntegralInRange(0, 30) == 0 ? bytes_->ConsumeIntegral<int64_t>() : Size(most);
}

void FuzzedGeneration::MakeModel() {
  model_.depth = Size(3);
  model_.width = Size(5);
  model_.tokens = AnySize(4);
  model_.channels = AnySize(3);
  model_.latent_height = AnySize(4);
  model_.latent_width = AnySize(4);
  model_.output_channels = bytes_->ConsumeBool() ? model_.channels : AnySize(6);
  model_.num_classes = AnySize(4);
  model_.condition_max_steps = AnySize(8);
  for (int32_t* program : {&model_.condition_program, &model_.embed_program, &model_.reuse_program,
                           &model_.extrapolate_program, &model_.final_program, &model_.decode_program})
    *program = bytes_->ConsumeIntegral<int32_t>();
  for (int64_t i = 0; i < 2 * model_.depth; ++i) module_programs_.push_back(bytes_->ConsumeIntegral<int8_t>());
  for (int64_t i = 0; i < model_.depth; ++i) block_programs_.push_back(bytes_->ConsumeIntegral<int8_t>());
  model_.module_programs = module_programs_.data();
  model_.block_programs = bytes_->ConsumeBool() ? block_programs_.data() : nullptr;
  model_.image_channels = AnySize(3);
  model_.image_height = AnySize(4);
  model_.image_width = AnySize(4);
  model_.activation_type = bytes_->ConsumeBool() ? LAZYDIT_FLOAT32 : LAZYDIT_FLOAT16;
}

void FuzzedGeneration::MakePlan() {
  plan_.steps = static_cast<int32_t>(Size(6));
  plan_.guided = bytes_->ConsumeBool() ? 1 : 0;
  plan_.guidance_channels = AnySize(3);
  MakeNoiseLevels();
  MakePolicy();
}

void FuzzedGeneration::MakeNoiseLevels() {
  const bool sound = tame_ || bytes_->ConsumeBool();
  for (int32_t step = 0; step < plan_.steps; ++step) {
    timesteps_.push_back(sound ? 100 * (plan_.steps - step) : bytes_->ConsumeIntegral<int64_t>());
    alphas_cumprod_.push_back(sound ? (step + 1.0) / (plan_.steps + 1.0) : bytes_->ConsumeFloatingPoint<double>());
  }
  plan_.timesteps = timesteps_.data();
  plan_.alphas_cumprod = alphas_cumprod_.data();
}

void FuzzedGeneration::MakePolicy() {
  lazydit_policy& policy = plan_.policy;
  const auto masks = static_cast<std::size_t>(plan_.steps * 2 * model_.depth);
  gates_.resize(masks * static_cast<std::size_t>(model_.width));
  schedule_.resize(masks);
  policy.kind = bytes_->PickValueInArray({LAZYDIT_ALWAYS, LAZYDIT_LAZY, LAZYDIT_EVERY_N, LAZYDIT_SCHEDULE});
  if (policy.kind == LAZYDIT_LAZY) bytes_->ConsumeData(gates_.data(), gates_.size() * sizeof(float));
  const uint8_t largest = bytes_->ConsumeBool() ? 1 : 2;
  if (policy.kind == LAZYDIT_SCHEDULE)
    for (uint8_t& runs : schedule_) runs = bytes_->ConsumeIntegralInRange<uint8_t>(0, largest);
  policy.gates = gates_.data();
  policy.schedule = schedule_.data();
  policy.threshold_attn = bytes_->ConsumeProbability<float>();
  policy.threshold_mlp = bytes_->ConsumeBool() ? 0.5F : bytes_->ConsumeFloatingPoint<float>();
  policy.every_n = bytes_->ConsumeIntegralInRange<int32_t>(-1, 7);
  policy.max_reuse = bytes_->ConsumeIntegralInRange<int32_t>(-1, 5);
  policy.extrapolate = bytes_->ConsumeIntegralInRange<int32_t>(0, 2);
}

FuzzedExecutor::FuzzedExecutor(FuzzedDataProvider* bytes, lazydit_generation* generation, bool tame)
    : bytes_(bytes), generation_(generation), tame_(tame), fails_at_(kNever), cancels_at_(kNever) {
  if (bytes_->ConsumeBool()) fails_at_ = bytes_->ConsumeIntegralInRange<std::size_t>(0, 100);
  if (bytes_->ConsumeBool()) cancels_at_ = bytes_->ConsumeIntegralInRange<std::size_t>(0, 100);
}

int32_t FuzzedExecutor::Run(void* context, int32_t, const lazydit_tensor* inputs, size_t num_inputs,
                            const lazydit_tensor* outputs, size_t num_outputs, char* message, size_t message_size) {
  auto* self = static_cast<FuzzedExecutor*>(context);
  const std::size_t call = self->calls_++;
  if (call == self->cancels_at_) lazydit_generation_cancel(self->generation_);
  if (call == self->fails_at_) {
    std::snprintf(message, message_size, "%s", std::string(2 * message_size, 'x').c_str());
    return -1;
  }
  for (size_t i = 0; i < num_inputs; ++i) ReadAll(inputs[i]);
  for (size_t i = 0; i < num_outputs; ++i) self->Fill(outputs[i]);
  return 0;
}

void FuzzedExecutor::Fill(const lazydit_tensor& output) {
  Require(Elements(output) * BytesOf(output.dtype) == output.size_bytes, "a tensor has the bytes of its shape");
  if (!tame_) {
    std::memset(output.data, bytes_->ConsumeIntegral<uint8_t>(), output.size_bytes);
    bytes_->ConsumeData(output.data, std::min<std::size_t>(output.size_bytes, 8));
    return;
  }
  const float value = bytes_->ConsumeFloatingPointInRange<float>(-2.0F, 2.0F);
  if (output.dtype == LAZYDIT_FLOAT32)
    std::fill_n(static_cast<float*>(output.data), Elements(output), value);
  else
    std::memset(output.data, 0, output.size_bytes);
}

}  // namespace lazydit_test
