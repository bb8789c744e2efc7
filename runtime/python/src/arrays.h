#ifndef LAZYDIT_PYTHON_ARRAYS_H_
#define LAZYDIT_PYTHON_ARRAYS_H_

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstddef>
#include <memory>
#include <vector>

namespace lazydit_python {

/* A numpy array of this shape that owns `values`. */
template <typename Element>
nanobind::object owning_array(std::unique_ptr<Element[]> values, const std::vector<size_t>& shape) {
  Element* const data = values.get();
  const nanobind::capsule owner(data, [](void* memory) noexcept { delete[] static_cast<Element*>(memory); });
  values.release();
  return nanobind::cast(nanobind::ndarray<nanobind::numpy, Element>(data, shape.size(), shape.data(), owner));
}

}  // namespace lazydit_python

#endif
