#include "fake_executor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

namespace lazydit_test {
namespace {

using Tensors = std::vector<lazydit_tensor>;
using Shape = std::vector<int64_t>;

float* Floats(const lazydit_tensor& tensor) { return static_cast<float*>(tensor.data); }

void ExpectTensor(const lazydit_tensor& tensor, lazydit_dtype dtype, const Shape& shape) {
  EXPECT_EQ(tensor.dtype, dtype);
  ASSERT_EQ(tensor.rank, static_cast<int32_t>(shape.size()));
  std::size_t bytes = dtype == LAZYDIT_INT64 ? 8 : 4;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    EXPECT_EQ(tensor.shape[i], shape[i]);
    bytes *= static_cast<std::size_t>(shape[i]);
  }
  EXPECT_EQ(tensor.size_bytes, bytes);
}

void ExpectFloats(const Tensors& tensors, const std::vector<Shape>& shapes) {
  ASSERT_EQ(tensors.size(), shapes.size());
  for (std::size_t i = 0; i < shapes.size(); ++i) ExpectTensor(tensors[i], LAZYDIT_FLOAT32, shapes[i]);
}

void ExpectApart(const Tensors& inputs, const Tensors& outputs) {
  for (const lazydit_tensor& output : outputs) {
    const auto* begin = static_cast<const char*>(output.data);
    for (const lazydit_tensor& input : inputs) {
      const auto* other = static_cast<const char*>(input.data);
      EXPECT_TRUE(other + input.size_bytes <= begin || begin + output.size_bytes <= other);
    }
  }
}

// Under the address sanitizer this finds tensors whose end is not padded.
void ReadPastTheEnd(const Tensors& tensors) {
  for (const lazydit_tensor& tensor : tensors) {
    const auto* end = static_cast<const volatile unsigned char*>(tensor.data) + tensor.size_bytes;
    for (std::size_t i = 0; i < LAZYDIT_ALIGNMENT; ++i) (void)end[i];
  }
}

}  // namespace

lazydit_executor FakeExecutor::Interface() {
  return {this, &FakeExecutor::RunCallback, nullptr, &FakeExecutor::DoneCallback};
}

void FakeExecutor::DoneCallback(void* context, int32_t program) {
  auto* self = static_cast<FakeExecutor*>(context);
  self->done.emplace_back(program, self->num_calls);
}

int32_t FakeExecutor::RunCallback(void* context, int32_t program, const lazydit_tensor* inputs, size_t num_inputs,
                                  const lazydit_tensor* outputs, size_t num_outputs, char* message,
                                  size_t message_size) {
  auto* self = static_cast<FakeExecutor*>(context);
  const std::size_t index = self->num_calls++;
  if (self->before && self->before(index) != 0) {
    std::snprintf(message, message_size, "%s", self->reason.c_str());
    return 1;
  }
  const Tensors in(inputs, inputs + num_inputs);
  const Tensors out(outputs, outputs + num_outputs);
  ExpectApart(in, out);
  ReadPastTheEnd(in);
  ReadPastTheEnd(out);
  if (program == kExtrapolate) self->weights.push_back(Floats(in[3])[0]);
  self->Compute(program, in, out);
  if (self->record) self->calls.push_back({program, in, out});
  return 0;
}

void FakeExecutor::Compute(int32_t program, const Tensors& in, const Tensors& out) const {
  switch (program) {
    case kCondition:
      return Condition(in, out);
    case kEmbed:
      return Embed(in, out);
    case kReuse:
      return Reuse(in, out);
    case kExtrapolate:
      return Extrapolate(in, out);
    case kFinal:
      return Final(in, out);
    case kDecode:
      return Decode(in, out);
    default:
      if (program >= kFirstBlock) return Block(static_cast<std::size_t>(program - kFirstBlock), in, out);
      ASSERT_GE(program, static_cast<int32_t>(kFirstModule));
      ASSERT_LT(program, kFirstModule + static_cast<int32_t>(model_.modules()));
      Module(static_cast<std::size_t>(program - kFirstModule), in, out);
  }
}

void FakeExecutor::Condition(const Tensors& in, const Tensors& out) const {
  ASSERT_EQ(in.size(), 2U);
  ExpectTensor(in[0], LAZYDIT_INT64, {1});
  const int64_t steps = in[1].shape[0];
  ExpectTensor(in[1], LAZYDIT_FLOAT32, {steps});
  EXPECT_LE(steps, model_.condition_max_steps);
  ExpectFloats(out, {{steps, model_.depth, 6 * model_.width}, {steps, 2 * model_.width}});
  const int64_t label = *static_cast<const int64_t*>(in[0].data);
  const std::size_t row = model_.modules() * 3 * static_cast<std::size_t>(model_.width);
  const std::size_t final_row = 2 * static_cast<std::size_t>(model_.width);
  for (std::size_t step = 0; step < static_cast<std::size_t>(steps); ++step) {
    const float timestep = Floats(in[1])[step];
    for (std::size_t i = 0; i < row; ++i) Floats(out[0])[step * row + i] = ModulationValue(label, timestep, i);
    for (std::size_t i = 0; i < final_row; ++i) {
      Floats(out[1])[step * final_row + i] = FinalModulationValue(label, timestep, i);
    }
  }
}

void FakeExecutor::FillNorm(const Tensors& out) const {
  const auto width = static_cast<std::size_t>(model_.width);
  std::fill_n(Floats(out[2]), width, 0.0F);
  for (std::size_t i = 0; i < model_.hidden(); ++i) {
    Floats(out[1])[i] = static_cast<float>(NormValue(Floats(out[0])[i]));
    Floats(out[2])[i % width] += Floats(out[1])[i];
  }
}

void FakeExecutor::Embed(const Tensors& in, const Tensors& out) const {
  ExpectFloats(in, {{1, model_.channels, model_.latent_height, model_.latent_width}});
  ExpectFloats(out, {{1, model_.tokens, model_.width}, {1, model_.tokens, model_.width}, {1, model_.width}});
  for (std::size_t i = 0; i < model_.hidden(); ++i) {
    Floats(out[0])[i] = static_cast<float>(EmbedValue(Floats(in[0])[i % model_.latent()], i));
  }
  FillNorm(out);
}

void FakeExecutor::Module(std::size_t module, const Tensors& in, const Tensors& out) const {
  const Shape hidden = {1, model_.tokens, model_.width};
  const Shape vector = {1, 1, model_.width};
  ExpectFloats(in, {hidden, hidden, vector, vector, vector});
  ExpectFloats(out, {hidden, hidden, {1, model_.width}, hidden});
  const auto width = static_cast<std::size_t>(model_.width);
  for (std::size_t i = 0; i < model_.hidden(); ++i) {
    const double modulated = Floats(in[1])[i] * (1.0 + Floats(in[3])[i % width]) + Floats(in[2])[i % width];
    Floats(out[3])[i] = static_cast<float>(ModuleValue(module, modulated));
    Floats(out[0])[i] = Floats(in[0])[i] + Floats(in[4])[i % width] * Floats(out[3])[i];
  }
  FillNorm(out);
}

void FakeExecutor::Block(std::size_t block, const Tensors& in, const Tensors& out) const {
  ASSERT_LT(block, static_cast<std::size_t>(model_.depth));
  ASSERT_EQ(in.size(), 8U);
  ASSERT_EQ(out.size(), 5U);
  std::vector<float> x(model_.hidden()), norm(model_.hidden()), norm_sum(static_cast<std::size_t>(model_.width));
  const auto stand_in = [](lazydit_tensor tensor, std::vector<float>* memory) {
    tensor.data = memory->data();
    return tensor;
  };
  const Tensors between = {stand_in(out[0], &x), stand_in(out[1], &norm), stand_in(out[2], &norm_sum)};
  Module(2 * block, {in[0], in[1], in[2], in[3], in[4]}, {between[0], between[1], between[2], out[3]});
  Module(2 * block + 1, {between[0], between[1], in[5], in[6], in[7]}, {out[0], out[1], out[2], out[4]});
}

void FakeExecutor::Reuse(const Tensors& in, const Tensors& out) const {
  const Shape hidden = {1, model_.tokens, model_.width};
  ExpectFloats(in, {hidden, hidden, {1, 1, model_.width}});
  ExpectFloats(out, {hidden, hidden, {1, model_.width}});
  const auto width = static_cast<std::size_t>(model_.width);
  for (std::size_t i = 0; i < model_.hidden(); ++i) {
    Floats(out[0])[i] = Floats(in[0])[i] + Floats(in[2])[i % width] * Floats(in[1])[i];
  }
  FillNorm(out);
}

void FakeExecutor::Extrapolate(const Tensors& in, const Tensors& out) const {
  const Shape hidden = {1, model_.tokens, model_.width};
  ExpectFloats(in, {hidden, hidden, hidden, {1, 1, 1}, {1, 1, model_.width}});
  ExpectFloats(out, {hidden, hidden, {1, model_.width}});
  const auto width = static_cast<std::size_t>(model_.width);
  for (std::size_t i = 0; i < model_.hidden(); ++i) {
    const float output = Floats(in[1])[i] + Floats(in[3])[0] * (Floats(in[1])[i] - Floats(in[2])[i]);
    Floats(out[0])[i] = Floats(in[0])[i] + Floats(in[4])[i % width] * output;
  }
  FillNorm(out);
}

void FakeExecutor::Final(const Tensors& in, const Tensors& out) const {
  const Shape vector = {1, 1, model_.width};
  ExpectFloats(in, {{1, model_.tokens, model_.width}, vector, vector});
  const int64_t output_channels = model_.channels * (model_.learns_sigma ? 2 : 1);
  ExpectFloats(out, {{1, output_channels, model_.latent_height, model_.latent_width}});
  const auto width = static_cast<std::size_t>(model_.width);
  for (std::size_t i = 0; i < model_.model_output(); ++i) {
    const std::size_t source = i % model_.hidden();
    const double modulated =
        Floats(in[0])[source] * (1.0 + Floats(in[2])[source % width]) + Floats(in[1])[source % width];
    Floats(out[0])[i] = static_cast<float>(FinalValue(modulated, i));
  }
}

void FakeExecutor::Decode(const Tensors& in, const Tensors& out) const {
  ExpectFloats(in, {{1, model_.channels, model_.latent_height, model_.latent_width}});
  ExpectFloats(out, {{1, 3, 2 * model_.latent_height, 2 * model_.latent_width}});
  for (std::size_t i = 0; i < model_.image(); ++i) {
    Floats(out[0])[i] = static_cast<float>(DecodeValue(Floats(in[0])[i % model_.latent()], i));
  }
}

}  // namespace lazydit_test
