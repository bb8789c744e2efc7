#include "generation.h"

#include <algorithm>
#include <limits>

#include "checks.h"
#include "failure.h"
#include "program_runner.h"
#include "saturating.h"
#include "stopwatch.h"
#include "walk.h"

namespace lazydit {
namespace {

template <class Source, class Target>
void Copy(const Source* source, Span<Target> target) {
  std::transform(source, source + target.size(), target.begin(),
                 [](Source value) { return static_cast<Target>(value); });
}

// The caller's policy, reading from the generation's own memory.
lazydit_policy OwnPolicy(lazydit_policy policy, const Buffers& buffers) {
  policy.gates = buffers.gates.data();
  policy.schedule = buffers.schedule.data();
  return policy;
}

}  // namespace

struct Generation::Checked {
  const lazydit_model& model;
  const lazydit_plan& plan;
  Sizes sizes;
  lazydit_memory memory;  // total counts the buffers only
};

Generation::Checked Generation::Check(const lazydit_model* model, const lazydit_plan* plan) {
  CheckModel(model);
  CheckPlan(*model, plan);
  const Sizes sizes(*model, *plan);
  const lazydit_memory memory = MeasureBuffers(sizes, plan->policy.kind);
  constexpr auto kAddressable = static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max());
  Require(memory.total <= kAddressable - sizeof(Generation),
          "this generation needs more memory than can be addressed: take fewer steps or a smaller model");
  return {*model, *plan, sizes, memory};
}

lazydit_memory Generation::Memory(const lazydit_model* model, const lazydit_plan* plan) {
  lazydit_memory memory = Check(model, plan).memory;
  memory.total += sizeof(Generation);
  return memory;
}

Generation::Generation(const lazydit_model* model, const lazydit_plan* plan) : Generation(Check(model, plan)) {}

Generation::Generation(const Checked& checked)
    : model_(checked.model),
      sizes_(checked.sizes),
      arena_(checked.memory.total),
      buffers_(LayOutBuffers(sizes_, checked.plan.policy.kind, arena_.bytes())),
      policy_(OwnPolicy(checked.plan.policy, buffers_), sizes_.modules, sizes_.width, sizes_.tokens, buffers_.reuses) {
  CopyPlan(checked.model, checked.plan);
  Reset();
}

void Generation::CopyPlan(const lazydit_model& model, const lazydit_plan& plan) {
  Copy(model.module_programs, buffers_.module_programs);
  model_.module_programs = buffers_.module_programs.data();
  if (model.block_programs != nullptr) {
    Copy(model.block_programs, buffers_.block_programs);
    model_.block_programs = buffers_.block_programs.data();
  }
  Copy(plan.timesteps, buffers_.timesteps);
  Copy(plan.alphas_cumprod, buffers_.alphas_cumprod);
  if (plan.policy.kind == LAZYDIT_LAZY) Copy(plan.policy.gates, buffers_.gates);
  if (plan.policy.kind == LAZYDIT_SCHEDULE) Copy(plan.policy.schedule, buffers_.schedule);
}

void Generation::Run(const lazydit_request* request, const lazydit_executor* executor) {
  Reset();
  CheckRequest(model_, sizes_.samples == 2, request);
  CheckExecutor(executor);
  const Stopwatch stopwatch;
  try {
    RunToTheEnd(*request, *executor);
  } catch (...) {
    // The run that a cancel was meant for is over, whatever ended it.
    cancelled_.store(false);
    FinishTimings(stopwatch.Milliseconds(), &timings_);
    throw;
  }
  FinishTimings(stopwatch.Milliseconds(), &timings_);
  complete_ = true;
}

void Generation::RunToTheEnd(const lazydit_request& request, const lazydit_executor& executor) {
  ProgramRunner runner(executor, cancelled_, &timings_);
  Walk(model_, sizes_, buffers_, request, &policy_, &runner).Run();
  if (cancelled_.exchange(false)) ThrowCancelled();
}

void Generation::Reset() {
  complete_ = false;
  timings_ = {};
  const Trace& trace = buffers_.trace;
  std::fill(trace.scores.begin(), trace.scores.end(), kNoScore);
  std::fill(trace.ran.begin(), trace.ran.end(), std::uint8_t{0});
  std::fill(trace.extrapolated.begin(), trace.extrapolated.end(), std::uint8_t{0});
  std::fill(trace.module_ms.begin(), trace.module_ms.end(), 0.0);
  std::fill(trace.step_ms.begin(), trace.step_ms.end(), 0.0);
}

}  // namespace lazydit
