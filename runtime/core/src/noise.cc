#include "noise.h"

#include <cmath>
#include <cstddef>
#include <random>

namespace lazydit {
namespace {

constexpr double kTwoPi = 6.283185307179586476925286766559;

// PyTorch draws tensors of at least this many elements in blocks of this many.
constexpr std::size_t kBlock = 16;

float UniformFloat(std::mt19937& engine) {
  constexpr std::uint32_t kMantissa = (1U << 24) - 1;
  return static_cast<float>(engine() & kMantissa) * 0x1p-24F;
}

double UniformDouble(std::mt19937& engine) {
  constexpr std::uint64_t kMantissa = (std::uint64_t{1} << 53) - 1;
  const std::uint64_t high = engine();
  const std::uint64_t low = engine();
  return static_cast<double>((high << 32 | low) & kMantissa) * 0x1p-53;
}

// Box-Muller on a block of uniform numbers, in single precision as PyTorch does it.
void TransformBlock(Span<float> block) {
  for (std::size_t i = 0; i < kBlock / 2; ++i) {
    const float radius = std::sqrt(-2.0F * std::log(1.0F - block[i]));
    const float theta = static_cast<float>(kTwoPi) * block[i + kBlock / 2];
    block[i] = radius * std::cos(theta);
    block[i + kBlock / 2] = radius * std::sin(theta);
  }
}

void FillBlocks(std::mt19937& engine, Span<float> out) {
  for (float& value : out) value = UniformFloat(engine);
  for (std::size_t start = 0; start + kBlock <= out.size(); start += kBlock) {
    TransformBlock(out.subspan(start, kBlock));
  }
  if (out.size() % kBlock == 0) return;
  // The last, incomplete block is made whole by drawing the last 16 elements anew.
  const Span<float> tail = out.subspan(out.size() - kBlock, kBlock);
  for (float& value : tail) value = UniformFloat(engine);
  TransformBlock(tail);
}

// Box-Muller one pair at a time, in double precision: the cosine comes first, the sine next.
void FillPairs(std::mt19937& engine, Span<float> out) {
  for (std::size_t i = 0; i < out.size(); i += 2) {
    const double theta = kTwoPi * UniformDouble(engine);
    const double radius = std::sqrt(-2.0 * std::log1p(-UniformDouble(engine)));
    out[i] = static_cast<float>(radius * std::cos(theta));
    if (i + 1 < out.size()) out[i + 1] = static_cast<float>(radius * std::sin(theta));
  }
}

}  // namespace

void Randn(std::uint64_t seed, Span<float> out) {
  // PyTorch's engine takes the low 32 bits of a seed only.
  std::mt19937 engine(static_cast<std::uint32_t>(seed));
  if (out.size() < kBlock) {
    FillPairs(engine, out);
  } else {
    FillBlocks(engine, out);
  }
}

}  // namespace lazydit
