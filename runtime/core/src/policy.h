#ifndef LAZYDIT_SRC_POLICY_H_
#define LAZYDIT_SRC_POLICY_H_

#include <cstddef>
#include <cstdint>
#include <limits>

#include "gates.h"
#include "lazydit.h"
#include "span.h"

namespace lazydit {

inline constexpr float kNoScore = std::numeric_limits<float>::quiet_NaN();

struct Decision {
  bool run;
  float score;  // kNoScore where no gate was asked
};

// One module of one sample at one step.
struct Position {
  std::size_t step;
  std::size_t sample;
  std::size_t module;
};

// False where no module can ever be reused, so that no output needs to be kept.
bool CanReuse(const lazydit_policy& policy, std::size_t steps, std::size_t modules);

// Decides which modules run, and keeps count of reuses in a row.
class Policy {
 public:
  // The pointers of `rules` must stay valid; `reuses` holds a counter for every module of every sample.
  Policy(const lazydit_policy& rules, std::size_t modules, std::size_t width, std::size_t tokens,
         Span<std::int32_t> reuses);

  // Whether the module runs whatever a gate says, so that none is asked.
  bool RunsUnasked(const Position& at) const;

  // Must be called in sampling order; step 0 starts anew.
  Decision Decide(const Position& at, const GateInput& input);

 private:
  bool WornOut(const Position& at) const;
  Decision AskRules(const Position& at, const GateInput& input) const;
  Decision AskGate(const Position& at, const GateInput& input) const;

  lazydit_policy rules_;
  std::size_t modules_;
  std::size_t width_;
  std::size_t tokens_;
  Span<std::int32_t> reuses_;
};

}  // namespace lazydit

#endif  // LAZYDIT_SRC_POLICY_H_
