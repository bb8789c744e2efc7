/* The callbacks of one run: from the core, on a thread without the GIL, into Python and back. */
#ifndef LAZYDIT_PYTHON_PYTHON_EXECUTOR_H_
#define LAZYDIT_PYTHON_PYTHON_EXECUTOR_H_

#include <nanobind/nanobind.h>

#include <exception>
#include <string>
#include <vector>

#include "lazydit.h"

namespace lazydit_python {

/*
 * Lends a Python executor and a Python step callback to the core for one run. An exception of either ends the run; it
 * is kept, and rethrow() lets it travel on unchanged. Made, asked and destroyed with the GIL held.
 */
class PythonCallbacks {
 public:
  /* `owner` is the Python object that keeps the tensors' memory alive. `executor` is an object with a method
     run(program, inputs, outputs), or a capsule that holds a lazydit_executor. `on_step` may be None. */
  PythonCallbacks(nanobind::handle owner, const std::vector<std::string>& programs, nanobind::object executor,
                  nanobind::object on_step);

  const lazydit_executor* executor() const { return native_ != nullptr ? native_ : &python_; }
  static int32_t on_step(void* self, const lazydit_step* step);

  /* Throws what a callback threw, if one did. */
  void rethrow() const;

 private:
  static int32_t run(void* self, int32_t program, const lazydit_tensor* inputs, size_t num_inputs,
                     const lazydit_tensor* outputs, size_t num_outputs, char* message, size_t message_size);
  nanobind::list views(const lazydit_tensor* tensors, size_t count) const;

  nanobind::handle owner_;
  const std::vector<std::string>& programs_;
  nanobind::object executor_;
  nanobind::object run_;
  nanobind::object on_step_;
  const lazydit_executor* native_ = nullptr;
  lazydit_executor python_;
  std::exception_ptr failure_;
};

}  // namespace lazydit_python

#endif
