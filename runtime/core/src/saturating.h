#ifndef LAZYDIT_SRC_SATURATING_H_
#define LAZYDIT_SRC_SATURATING_H_

#include <cstddef>
#include <cstdint>
#include <limits>

namespace lazydit {

// Arithmetic on positive sizes that stays at kTooLarge once it got there: a chain of it needs one check, at its end.
inline constexpr std::size_t kTooLarge = std::numeric_limits<std::size_t>::max();

constexpr std::size_t SaturatingSum(std::size_t a, std::size_t b) { return a > kTooLarge - b ? kTooLarge : a + b; }

constexpr std::size_t SaturatingProduct(std::size_t a) { return a; }

template <class... Rest>
constexpr std::size_t SaturatingProduct(std::size_t a, std::size_t b, Rest... rest) {
  const bool too_large = a != 0 && b > kTooLarge / a;
  return SaturatingProduct(too_large ? kTooLarge : a * b, rest...);
}

constexpr std::size_t SaturatingSize(std::int64_t value) {
  return static_cast<std::uint64_t>(value) > kTooLarge ? kTooLarge : static_cast<std::size_t>(value);
}

}  // namespace lazydit

#endif  // LAZYDIT_SRC_SATURATING_H_
