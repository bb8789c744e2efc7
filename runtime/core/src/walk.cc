#include "walk.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "diffusion.h"
#include "noise.h"
#include "stopwatch.h"
#include "tensor.h"

namespace lazydit {

void Walk::Run() {
  SetStartingNoise();
  for (std::size_t sample = 0; sample < sizes_.samples; ++sample) Condition(sample);
  runner_->DoneWith(model_.condition_program);
  for (std::size_t step = 0; step < sizes_.steps; ++step) {
    RunStep(step);
    ReportStep(step);
  }
  if (model_.decode_program >= 0) Decode();
}

void Walk::SetStartingNoise() {
  if (request_.noise != nullptr) {
    std::copy_n(request_.noise, sizes_.latent, buffers_.latent.data());
  } else {
    Randn(request_.seed, buffers_.latent);
  }
}

void Walk::Condition(std::size_t sample) {
  buffers_.label[0] = sample == 0 ? request_.label : model_.num_classes;
  const auto max_steps = static_cast<std::uint64_t>(model_.condition_max_steps);
  for (std::size_t first = 0; first < sizes_.steps;) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(max_steps, sizes_.steps - first));
    ConditionChunk(sample, first, count);
    first += count;
  }
}

void Walk::ConditionChunk(std::size_t sample, std::size_t first, std::size_t count) {
  const std::size_t row = sizes_.modules * 3 * sizes_.width;
  const std::size_t final_row = 2 * sizes_.width;
  runner_->Run(
      {ProgramKind::kCondition, model_.condition_program, {}, {}},
      {MakeTensor(buffers_.label, 1), MakeTensor(buffers_.timesteps.subspan(first, count), count)},
      {MakeTensor(buffers_.modulation[sample].subspan(first * row, count * row), count, model_.depth, 6 * sizes_.width),
       MakeTensor(buffers_.final_modulation[sample].subspan(first * final_row, count * final_row), count, final_row)});
}

void Walk::RunStep(std::size_t step) {
  const Stopwatch stopwatch;
  Embed(step);
  for (std::size_t sample = 0; sample < sizes_.samples; ++sample) RunSample(step, sample);
  UpdateLatent(step);
  buffers_.trace.step_ms[step] = stopwatch.Milliseconds();
}

void Walk::Embed(std::size_t step) {
  const State& state = buffers_.states[0];
  runner_->Run({ProgramKind::kEmbed, model_.embed_program, step, {}}, {LatentTensor()},
               {HiddenTensor(state.x), HiddenTensor(state.norm), NormSumTensor(state.norm_sum)});
}

void Walk::RunSample(std::size_t step, std::size_t sample) {
  const State* state = &buffers_.states[0];
  const State* next = &buffers_.states[buffers_.num_states - 1];
  const State* other = &buffers_.states[buffers_.num_states - 2];
  for (std::size_t module = 0; module < sizes_.modules;) {
    module += Advance({step, sample, module}, *state, *next);
    state = next;
    std::swap(next, other);
  }
  Final(step, sample, *state);
}

std::size_t Walk::Advance(const Position& at, const State& state, const State& next) {
  if (RunsWholeBlock(at)) {
    RunBlock(at, {at.step, at.sample, at.module + 1}, state, next);
    return 2;
  }
  const Modulation modulation = ModulationOf(at);
  const Decision decision = policy_->Decide(at, {state.norm_sum, modulation.shift, modulation.scale});
  Record(at, decision,
         decision.run ? RunModule(at, modulation, state, next) : ReuseModule(at, modulation, state, next));
  return 1;
}

bool Walk::RunsWholeBlock(const Position& at) const {
  return model_.block_programs != nullptr && at.module % 2 == 0 && policy_->RunsUnasked(at) &&
         policy_->RunsUnasked({at.step, at.sample, at.module + 1});
}

void Walk::RunBlock(const Position& attn, const Position& mlp, const State& state, const State& next) {
  const Modulation first = ModulationOf(attn);
  const Modulation second = ModulationOf(mlp);
  const double milliseconds = runner_->Run(
      {ProgramKind::kBlock, model_.block_programs[attn.module / 2], attn.step, attn.module},
      {HiddenTensor(state.x), HiddenTensor(state.norm), VectorTensor(first.shift), VectorTensor(first.scale),
       VectorTensor(first.gate), VectorTensor(second.shift), VectorTensor(second.scale), VectorTensor(second.gate)},
      {HiddenTensor(next.x), HiddenTensor(next.norm), NormSumTensor(next.norm_sum), HiddenTensor(cache_.Replace(attn)),
       HiddenTensor(cache_.Replace(mlp))});
  for (const Position& at : {attn, mlp}) Record(at, policy_->Decide(at, {}), milliseconds / 2);
}

void Walk::Record(const Position& at, const Decision& decision, double milliseconds) {
  const std::size_t index = TraceIndex(at);
  buffers_.trace.scores[index] = decision.score;
  buffers_.trace.ran[index] = decision.run ? 1 : 0;
  buffers_.trace.module_ms[index] = milliseconds;
}

double Walk::RunModule(const Position& at, const Modulation& modulation, const State& state, const State& next) {
  const ProgramKind kind = at.module % 2 == 0 ? ProgramKind::kAttn : ProgramKind::kMlp;
  return runner_->Run(
      {kind, buffers_.module_programs[at.module], at.step, at.module},
      {HiddenTensor(state.x), HiddenTensor(state.norm), VectorTensor(modulation.shift), VectorTensor(modulation.scale),
       VectorTensor(modulation.gate)},
      {HiddenTensor(next.x), HiddenTensor(next.norm), NormSumTensor(next.norm_sum), HiddenTensor(cache_.Replace(at))});
}

double Walk::ReuseModule(const Position& at, const Modulation& modulation, const State& state, const State& next) {
  if (const auto line = cache_.LineTo(at)) return ExtrapolateModule(at, *line, modulation, state, next);
  return runner_->Run({ProgramKind::kReuse, model_.reuse_program, at.step, at.module},
                      {HiddenTensor(state.x), HiddenTensor(cache_.Last(at)), VectorTensor(modulation.gate)},
                      {HiddenTensor(next.x), HiddenTensor(next.norm), NormSumTensor(next.norm_sum)});
}

double Walk::ExtrapolateModule(const Position& at, const OutputCache::Line& line, const Modulation& modulation,
                               const State& state, const State& next) {
  buffers_.weight[0] = line.weight;
  buffers_.trace.extrapolated[TraceIndex(at)] = 1;
  return runner_->Run({ProgramKind::kExtrapolate, model_.extrapolate_program, at.step, at.module},
                      {HiddenTensor(state.x), HiddenTensor(cache_.Last(at)), HiddenTensor(line.previous),
                       MakeTensor(buffers_.weight, 1, 1, 1), VectorTensor(modulation.gate)},
                      {HiddenTensor(next.x), HiddenTensor(next.norm), NormSumTensor(next.norm_sum)});
}

void Walk::Final(std::size_t step, std::size_t sample, const State& state) {
  const Span<float> modulation = buffers_.final_modulation[sample].subspan(step * 2 * sizes_.width, 2 * sizes_.width);
  runner_->Run({ProgramKind::kFinal, model_.final_program, step, {}},
               {HiddenTensor(state.norm), VectorTensor(modulation.subspan(0, sizes_.width)),
                VectorTensor(modulation.subspan(sizes_.width, sizes_.width))},
               {MakeTensor(buffers_.model_output[sample], 1, model_.output_channels, model_.latent_height,
                           model_.latent_width)});
}

void Walk::UpdateLatent(std::size_t step) {
  const Span<float> eps = buffers_.model_output[0].subspan(0, sizes_.latent);
  if (sizes_.samples == 2) Guide(eps, buffers_.model_output[1].subspan(0, sizes_.guided), request_.guidance);
  const Span<double> alphas = buffers_.alphas_cumprod;
  const double next_alpha = step + 1 < sizes_.steps ? alphas[step + 1] : 1.0;
  DdimStep(buffers_.latent, eps, alphas[step], next_alpha);
}

void Walk::ReportStep(std::size_t step) {
  if (request_.on_step == nullptr) return;
  const std::size_t reached = sizes_.samples * sizes_.modules;
  const Span<std::uint8_t> ran = buffers_.trace.ran.subspan(step * reached, reached);
  const lazydit_step report = {
      static_cast<std::int32_t>(step), static_cast<std::int32_t>(sizes_.steps), static_cast<std::int32_t>(reached),
      static_cast<std::int32_t>(std::count(ran.begin(), ran.end(), std::uint8_t{0})), buffers_.trace.step_ms[step]};
  if (request_.on_step(request_.user, &report) != 0) ThrowCancelled();
}

void Walk::Decode() {
  runner_->Run({ProgramKind::kDecode, model_.decode_program, {}, {}}, {LatentTensor()},
               {MakeTensor(buffers_.image, 1, model_.image_channels, model_.image_height, model_.image_width)});
}

Modulation Walk::ModulationOf(const Position& at) const {
  const std::size_t width = sizes_.width;
  const Span<float> modulation =
      buffers_.modulation[at.sample].subspan((at.step * sizes_.modules + at.module) * 3 * width, 3 * width);
  return {modulation.subspan(0, width), modulation.subspan(width, width), modulation.subspan(2 * width, width)};
}

std::size_t Walk::TraceIndex(const Position& at) const {
  return (at.step * sizes_.samples + at.sample) * sizes_.modules + at.module;
}

lazydit_tensor Walk::HiddenTensor(Span<std::byte> data) const {
  return MakeOpaqueTensor(data, model_.activation_type, 1, sizes_.tokens, sizes_.width);
}

lazydit_tensor Walk::VectorTensor(Span<float> data) const { return MakeTensor(data, 1, 1, sizes_.width); }

lazydit_tensor Walk::NormSumTensor(Span<float> data) const { return MakeTensor(data, 1, sizes_.width); }

lazydit_tensor Walk::LatentTensor() const {
  return MakeTensor(buffers_.latent, 1, model_.channels, model_.latent_height, model_.latent_width);
}

}  // namespace lazydit
