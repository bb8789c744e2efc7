#include "errors.h"

#include <nanobind/nanobind.h>

#include <cstring>

namespace nb = nanobind;

namespace lazydit_python {
namespace {

[[noreturn]] void raise(const char* module, const char* type, const char* message) {
  const nb::object exception = nb::module_::import_(module).attr(type);
  // The core cuts messages to a fixed size, perhaps within a character.
  const nb::object text =
      nb::steal(PyUnicode_DecodeUTF8(message, static_cast<Py_ssize_t>(std::strlen(message)), "replace"));
  PyErr_SetObject(exception.ptr(), text.ptr());
  throw nb::python_error();
}

}  // namespace

void raise_use_error(const char* sentence) { raise("lazydit.errors", "LazyDiTError", sentence); }

void check(lazydit_status status, const lazydit_error& error) {
  if (status == LAZYDIT_OK) return;
  if (status == LAZYDIT_CANCELLED) raise("lazydit_runtime.errors", "Cancelled", error.message);
  raise_use_error(error.message);
}

}  // namespace lazydit_python
