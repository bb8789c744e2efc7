#ifndef LAZYDIT_SRC_WALK_H_
#define LAZYDIT_SRC_WALK_H_

#include <cstddef>

#include "buffers.h"
#include "lazydit.h"
#include "output_cache.h"
#include "policy.h"
#include "program_runner.h"

namespace lazydit {

// The modulation of one module at one step, [D] each.
struct Modulation {
  Span<float> shift;
  Span<float> scale;
  Span<float> gate;
};

// One walk through the gate graph, from noise to latent, and to the image where the model has decode.
class Walk {
 public:
  // Everything must outlive the walk.
  Walk(const lazydit_model& model, const Sizes& sizes, const Buffers& buffers, const lazydit_request& request,
       Policy* policy, ProgramRunner* runner)
      : model_(model),
        sizes_(sizes),
        buffers_(buffers),
        request_(request),
        cache_(sizes, buffers),
        policy_(policy),
        runner_(runner) {}

  void Run();

 private:
  void SetStartingNoise();
  void Condition(std::size_t sample);
  void ConditionChunk(std::size_t sample, std::size_t first, std::size_t count);
  void RunStep(std::size_t step);
  void Embed(std::size_t step);
  void RunSample(std::size_t step, std::size_t sample);
  // Returns how many modules it went through: 1, or 2 with a block's program.
  std::size_t Advance(const Position& at, const State& state, const State& next);
  bool RunsWholeBlock(const Position& at) const;
  void RunBlock(const Position& attn, const Position& mlp, const State& state, const State& next);
  double RunModule(const Position& at, const Modulation& modulation, const State& state, const State& next);
  double ReuseModule(const Position& at, const Modulation& modulation, const State& state, const State& next);
  double ExtrapolateModule(const Position& at, const OutputCache::Line& line, const Modulation& modulation,
                           const State& state, const State& next);
  void Final(std::size_t step, std::size_t sample, const State& state);
  void UpdateLatent(std::size_t step);
  void ReportStep(std::size_t step);
  void Decode();

  Modulation ModulationOf(const Position& at) const;
  void Record(const Position& at, const Decision& decision, double milliseconds);
  std::size_t TraceIndex(const Position& at) const;

  lazydit_tensor HiddenTensor(Span<std::byte> data) const;  // [1, N, D]
  lazydit_tensor VectorTensor(Span<float> data) const;      // [1, 1, D]
  lazydit_tensor NormSumTensor(Span<float> data) const;     // [1, D]
  lazydit_tensor LatentTensor() const;                      // [1, C, h, w]

  const lazydit_model& model_;
  const Sizes& sizes_;
  const Buffers& buffers_;
  const lazydit_request& request_;
  OutputCache cache_;
  Policy* policy_;
  ProgramRunner* runner_;
};

}  // namespace lazydit

#endif  // LAZYDIT_SRC_WALK_H_
