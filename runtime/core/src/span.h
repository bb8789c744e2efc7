#ifndef LAZYDIT_SRC_SPAN_H_
#define LAZYDIT_SRC_SPAN_H_

#include <cassert>
#include <cstddef>
#include <type_traits>

namespace lazydit {

// A view of `size` elements that somebody else owns.
template <class T>
class Span {
 public:
  constexpr Span() = default;
  constexpr Span(T* data, std::size_t size) : data_(data), size_(size) {}

  // Span<T> is a Span<const T> too.
  template <class U, class = std::enable_if_t<std::is_convertible_v<U (*)[], T (*)[]>>>
  constexpr Span(Span<U> other) : data_(other.data()), size_(other.size()) {}

  constexpr T* data() const { return data_; }
  constexpr std::size_t size() const { return size_; }
  constexpr std::size_t size_bytes() const { return size_ * sizeof(T); }
  constexpr T* begin() const { return data_; }
  constexpr T* end() const { return data_ + size_; }

  constexpr T& operator[](std::size_t index) const {
    assert(index < size_);
    return data_[index];
  }

  constexpr Span subspan(std::size_t offset, std::size_t count) const {
    assert(offset <= size_ && count <= size_ - offset);
    return Span(data_ + offset, count);
  }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace lazydit

#endif  // LAZYDIT_SRC_SPAN_H_
