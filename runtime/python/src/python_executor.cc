#include "python_executor.h"

#include <nanobind/ndarray.h>

#include <cstdio>
#include <utility>

namespace nb = nanobind;

namespace lazydit_python {
namespace {

constexpr const char* kCapsuleName = "lazydit_executor";

nb::dlpack::dtype dtype_of(const lazydit_tensor& tensor) {
  switch (tensor.dtype) {
    case LAZYDIT_INT64:
      return nb::dtype<int64_t>();
    case LAZYDIT_FLOAT16:
      return {static_cast<uint8_t>(nb::dlpack::dtype_code::Float), 16, 1};
    case LAZYDIT_FLOAT32:
      break;
  }
  return nb::dtype<float>();
}

/* A numpy array over the core's memory; keeping it keeps `owner`, and with it the memory. */
nb::object view(const lazydit_tensor& tensor, nb::handle owner) {
  size_t shape[LAZYDIT_MAX_RANK];
  for (int32_t i = 0; i < tensor.rank; ++i) shape[i] = static_cast<size_t>(tensor.shape[i]);
  const nb::ndarray<nb::numpy> array(tensor.data, static_cast<size_t>(tensor.rank), shape, owner, nullptr,
                                     dtype_of(tensor));
  return nb::cast(array, nb::rv_policy::reference);
}

}  // namespace

PythonCallbacks::PythonCallbacks(nb::handle owner, const std::vector<std::string>& programs, nb::object executor,
                                 nb::object on_step)
    : owner_(owner), programs_(programs), executor_(std::move(executor)), on_step_(std::move(on_step)) {
  python_ = {this, run, nullptr, nullptr};
  if (PyCapsule_CheckExact(executor_.ptr()) == 0) {
    run_ = executor_.attr("run");
    return;
  }
  native_ = static_cast<const lazydit_executor*>(PyCapsule_GetPointer(executor_.ptr(), kCapsuleName));
  if (native_ == nullptr) throw nb::python_error();
}

void PythonCallbacks::rethrow() const {
  if (failure_) std::rethrow_exception(failure_);
}

nb::list PythonCallbacks::views(const lazydit_tensor* tensors, size_t count) const {
  nb::list arrays;
  for (size_t i = 0; i < count; ++i) arrays.append(view(tensors[i], owner_));
  return arrays;
}

int32_t PythonCallbacks::run(void* self, int32_t program, const lazydit_tensor* inputs, size_t num_inputs,
                             const lazydit_tensor* outputs, size_t num_outputs, char* message, size_t message_size) {
  auto* const callbacks = static_cast<PythonCallbacks*>(self);
  const nb::gil_scoped_acquire gil;
  const std::string& name = callbacks->programs_[static_cast<size_t>(program)];
  try {
    callbacks->run_(name.c_str(), callbacks->views(inputs, num_inputs), callbacks->views(outputs, num_outputs));
    return 0;
  } catch (...) {
    callbacks->failure_ = std::current_exception();
    std::snprintf(message, message_size, "the executor raised an exception in program %s", name.c_str());
    return 1;
  }
}

int32_t PythonCallbacks::on_step(void* self, const lazydit_step* step) {
  auto* const callbacks = static_cast<PythonCallbacks*>(self);
  const nb::gil_scoped_acquire gil;
  try {
    // With a native executor nothing else would notice ctrl-C.
    if (PyErr_CheckSignals() != 0) throw nb::python_error();
    if (callbacks->on_step_.is_none()) return 0;
    return nb::cast<bool>(nb::bool_(callbacks->on_step_(*step))) ? 1 : 0;
  } catch (...) {
    callbacks->failure_ = std::current_exception();
    return 1;
  }
}

}  // namespace lazydit_python
