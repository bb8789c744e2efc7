#ifndef LAZYDIT_SRC_PROGRAM_RUNNER_H_
#define LAZYDIT_SRC_PROGRAM_RUNNER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>

#include "lazydit.h"

namespace lazydit {

enum class ProgramKind { kCondition, kEmbed, kAttn, kMlp, kBlock, kReuse, kExtrapolate, kFinal, kDecode };

// One program and where in the gate graph it stands; step and module are missing outside of steps and modules.
struct ProgramCall {
  ProgramKind kind;
  std::int32_t program;
  std::optional<std::size_t> step;
  std::optional<std::size_t> module;
};

// Runs programs on an executor, keeps the time they take and stops before the next one when cancelled.
class ProgramRunner {
 public:
  // Everything must outlive the runner.
  ProgramRunner(const lazydit_executor& executor, const std::atomic<bool>& cancelled, lazydit_timings* timings)
      : executor_(executor), cancelled_(cancelled), timings_(timings) {}

  // Returns the milliseconds it took; throws a Failure where the program failed or the run was cancelled.
  double Run(const ProgramCall& call, std::initializer_list<lazydit_tensor> inputs,
             std::initializer_list<lazydit_tensor> outputs);

  // Lets the executor free the memory of a program that runs no more.
  void DoneWith(std::int32_t program);

 private:
  const lazydit_executor& executor_;
  const std::atomic<bool>& cancelled_;
  lazydit_timings* timings_;
};

// The failure of a run that was told to stop.
[[noreturn]] void ThrowCancelled();

// Sets the total and what of it was the scheduler's own.
void FinishTimings(double total_ms, lazydit_timings* timings);

}  // namespace lazydit

#endif  // LAZYDIT_SRC_PROGRAM_RUNNER_H_
