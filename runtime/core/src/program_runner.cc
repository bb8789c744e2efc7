#include "program_runner.h"

#include <cstdio>

#include "failure.h"
#include "stopwatch.h"

namespace lazydit {
namespace {

struct KindInfo {
  const char* name;
  double lazydit_timings::* timing;
};

KindInfo InfoOf(ProgramKind kind) {
  switch (kind) {
    case ProgramKind::kCondition:
      return {"condition", &lazydit_timings::condition_ms};
    case ProgramKind::kEmbed:
      return {"embed", &lazydit_timings::embed_ms};
    case ProgramKind::kAttn:
      return {"run", &lazydit_timings::attn_ms};
    case ProgramKind::kMlp:
      return {"run", &lazydit_timings::mlp_ms};
    case ProgramKind::kBlock:
      return {"run", &lazydit_timings::block_ms};
    case ProgramKind::kReuse:
      return {"reuse", &lazydit_timings::reuse_ms};
    case ProgramKind::kExtrapolate:
      return {"extrapolate", &lazydit_timings::reuse_ms};
    case ProgramKind::kFinal:
      return {"final", &lazydit_timings::final_ms};
    case ProgramKind::kDecode:
      break;
  }
  return {"decode", &lazydit_timings::decode_ms};
}

[[noreturn]] void ThrowExecutorFailed(const ProgramCall& call, const char* reason) {
  char module[32] = "";
  if (call.module) {
    const char* part = call.kind == ProgramKind::kBlock ? "" : *call.module % 2 == 0 ? " attn" : " mlp";
    std::snprintf(module, sizeof(module), " block %zu%s", *call.module / 2, part);
  }
  char step[32] = "";
  if (call.step) std::snprintf(step, sizeof(step), ", step %zu", *call.step);
  throw Failure(LAZYDIT_EXECUTOR_FAILED, "program %d (%s%s%s) failed: %s", static_cast<int>(call.program),
                InfoOf(call.kind).name, module, step, reason[0] != '\0' ? reason : "the executor gave no reason");
}

}  // namespace

double ProgramRunner::Run(const ProgramCall& call, std::initializer_list<lazydit_tensor> inputs,
                          std::initializer_list<lazydit_tensor> outputs) {
  if (cancelled_.load()) ThrowCancelled();
  char message[sizeof(lazydit_error::message)] = "";
  const Stopwatch stopwatch;
  const std::int32_t result = executor_.run(executor_.context, call.program, inputs.begin(), inputs.size(),
                                            outputs.begin(), outputs.size(), message, sizeof(message));
  const double milliseconds = stopwatch.Milliseconds();
  timings_->*InfoOf(call.kind).timing += milliseconds;
  message[sizeof(message) - 1] = '\0';
  if (result != 0) ThrowExecutorFailed(call, message);
  return milliseconds;
}

void ProgramRunner::DoneWith(std::int32_t program) {
  if (executor_.done_with != nullptr) executor_.done_with(executor_.context, program);
}

void ThrowCancelled() { throw Failure(LAZYDIT_CANCELLED, "the generation was cancelled: run it again for an image"); }

void FinishTimings(double total_ms, lazydit_timings* timings) {
  timings->total_ms = total_ms;
  timings->scheduler_ms = total_ms - timings->condition_ms - timings->embed_ms - timings->attn_ms - timings->mlp_ms -
                          timings->block_ms - timings->reuse_ms - timings->final_ms - timings->decode_ms;
}

}  // namespace lazydit
