#include "policy.h"

#include <algorithm>

namespace lazydit {

bool CanReuse(const lazydit_policy& policy, std::size_t steps, std::size_t modules) {
  if (steps == 1) return false;
  switch (policy.kind) {
    case LAZYDIT_ALWAYS:
      return false;
    case LAZYDIT_LAZY:
      return true;
    case LAZYDIT_EVERY_N:
      return policy.every_n > 1;
    case LAZYDIT_SCHEDULE:
      // Step 0 runs every module whatever its mask says.
      return std::count(policy.schedule + modules, policy.schedule + steps * modules, std::uint8_t{0}) > 0;
  }
  return true;
}

Policy::Policy(const lazydit_policy& rules, std::size_t modules, std::size_t width, std::size_t tokens,
               Span<std::int32_t> reuses)
    : rules_(rules), modules_(modules), width_(width), tokens_(tokens), reuses_(reuses) {}

bool Policy::RunsUnasked(const Position& at) const {
  if (at.step == 0) return true;
  // Where the limit forces a module to run, its gate is asked all the same: the trace shows every score.
  if (rules_.kind == LAZYDIT_LAZY) return false;
  return WornOut(at) || AskRules(at, {}).run;
}

Decision Policy::Decide(const Position& at, const GateInput& input) {
  Decision decision = at.step == 0 ? Decision{true, kNoScore} : AskRules(at, input);
  decision.run = decision.run || WornOut(at);
  std::int32_t& reuses = reuses_[at.sample * modules_ + at.module];
  reuses = decision.run ? 0 : reuses + 1;
  return decision;
}

bool Policy::WornOut(const Position& at) const {
  return rules_.max_reuse > 0 && reuses_[at.sample * modules_ + at.module] >= rules_.max_reuse;
}

Decision Policy::AskRules(const Position& at, const GateInput& input) const {
  switch (rules_.kind) {
    case LAZYDIT_ALWAYS:
      break;
    case LAZYDIT_LAZY:
      return AskGate(at, input);
    case LAZYDIT_EVERY_N:
      return {at.step % static_cast<std::size_t>(rules_.every_n) == 0, kNoScore};
    case LAZYDIT_SCHEDULE:
      return {rules_.schedule[at.step * modules_ + at.module] != 0, kNoScore};
  }
  return {true, kNoScore};
}

Decision Policy::AskGate(const Position& at, const GateInput& input) const {
  const Span<const float> gate(rules_.gates + (at.step * modules_ + at.module) * width_, width_);
  const float score = Score(gate, input, tokens_);
  const float threshold = at.module % 2 == 0 ? rules_.threshold_attn : rules_.threshold_mlp;
  // Not `score >= threshold`: a NaN score says nothing about the cached output, so the module runs.
  return {!(score < threshold), score};
}

}  // namespace lazydit
