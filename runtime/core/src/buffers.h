#ifndef LAZYDIT_SRC_BUFFERS_H_
#define LAZYDIT_SRC_BUFFERS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "lazydit.h"
#include "span.h"

namespace lazydit {

inline constexpr std::size_t kMaxSamples = 2;

// Element counts of a checked model and plan; where one does not fit into memory, it is kTooLarge.
struct Sizes {
  Sizes(const lazydit_model& model, const lazydit_plan& plan);

  std::size_t steps;
  std::size_t samples;
  std::size_t modules;
  std::size_t width;
  std::size_t tokens;
  std::size_t hidden_bytes;    // x, norm and module outputs: [N, D] of the model's activation type
  std::size_t latent;          // [C, h, w]
  std::size_t model_output;    // [output_channels, h, w]
  std::size_t image;           // of decode; 0 without it
  std::size_t guided;          // how much of the model output guidance changes; 0 where the plan is not guided
  std::size_t block_programs;  // how many
  std::size_t cache_slots;
  bool extrapolates;  // so that a module keeps two outputs
};

// What a module reads and the next one is given; the core does not look into x and norm.
struct State {
  Span<std::byte> x;
  Span<std::byte> norm;
  Span<float> norm_sum;
};

// Tensors of equal size, each padded and aligned.
class Slots {
 public:
  Slots() = default;
  Slots(Span<std::byte> memory, std::size_t stride, std::size_t size) : memory_(memory), stride_(stride), size_(size) {}

  Span<std::byte> operator[](std::size_t slot) const { return memory_.subspan(slot * stride_, size_); }

 private:
  Span<std::byte> memory_;
  std::size_t stride_ = 0;
  std::size_t size_ = 0;
};

struct Trace {
  Span<float> scores;
  Span<std::uint8_t> ran;
  Span<std::uint8_t> extrapolated;
  Span<double> module_ms;
  Span<double> step_ms;
};

// The last two outputs of a module of one sample: at which steps it ran (-1 where it ran only once), and which of its
// two slots holds the last.
struct LastTwo {
  std::int32_t last_step;
  std::int32_t previous_step;
  std::uint32_t last_slot;
};

struct Buffers {
  Slots cache;
  Span<LastTwo> last_two;                                 // [samples, 2L]; empty where nothing is extrapolated
  Span<float> weight;                                     // of extrapolate, [1]; likewise
  std::array<Span<float>, kMaxSamples> modulation;        // [T, 2L, 3, D]
  std::array<Span<float>, kMaxSamples> final_modulation;  // [T, 2, D]
  // 0 is what embed makes; where two samples need it, the modules alternate between the two others.
  std::array<State, 3> states;
  std::size_t num_states = 0;
  Span<float> latent;
  std::array<Span<float>, kMaxSamples> model_output;
  Span<float> image;
  Span<std::int64_t> label;
  Span<float> timesteps;
  Span<double> alphas_cumprod;
  Span<std::int32_t> module_programs;
  Span<std::int32_t> block_programs;  // empty where the model has none
  Span<float> gates;
  Span<std::uint8_t> schedule;
  Span<std::int32_t> reuses;
  Trace trace;
};

// What a generation of these sizes and policy allocates; total counts the buffers only and is kTooLarge where they
// cannot be addressed.
lazydit_memory MeasureBuffers(const Sizes& sizes, lazydit_policy_kind policy);

// Lays the buffers out in `memory`, which has the total that MeasureBuffers returned.
Buffers LayOutBuffers(const Sizes& sizes, lazydit_policy_kind policy, Span<std::byte> memory);

}  // namespace lazydit

#endif  // LAZYDIT_SRC_BUFFERS_H_
