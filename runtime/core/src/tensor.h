#ifndef LAZYDIT_SRC_TENSOR_H_
#define LAZYDIT_SRC_TENSOR_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "lazydit.h"
#include "span.h"

namespace lazydit {

// Describes `data` to an executor; the product of the dimensions is its size.
template <class T, class... Dimensions>
lazydit_tensor MakeTensor(Span<T> data, Dimensions... dimensions) {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, std::int64_t>);
  static_assert(sizeof...(Dimensions) <= LAZYDIT_MAX_RANK);
  constexpr lazydit_dtype kDtype = std::is_same_v<T, float> ? LAZYDIT_FLOAT32 : LAZYDIT_INT64;
  return {data.data(), data.size_bytes(), kDtype, sizeof...(Dimensions), {static_cast<std::int64_t>(dimensions)...}};
}

// The same for elements of a type that the core never looks at.
template <class... Dimensions>
lazydit_tensor MakeOpaqueTensor(Span<std::byte> data, lazydit_dtype dtype, Dimensions... dimensions) {
  static_assert(sizeof...(Dimensions) <= LAZYDIT_MAX_RANK);
  return {data.data(), data.size_bytes(), dtype, sizeof...(Dimensions), {static_cast<std::int64_t>(dimensions)...}};
}

}  // namespace lazydit

#endif  // LAZYDIT_SRC_TENSOR_H_
