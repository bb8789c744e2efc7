/* lazydit_runtime._core: the scheduler's C API in Python. What each name does stands in _core.pyi. */
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "arrays.h"
#include "description.h"
#include "errors.h"
#include "generation.h"
#include "lazydit.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace lazydit_python {
namespace {

nb::object randn(uint64_t seed, size_t size) {
  auto values = std::make_unique<float[]>(size);
  lazydit_randn(seed, values.get(), size);
  return owning_array(std::move(values), {size});
}

std::vector<int64_t> spaced_timesteps(int32_t train_steps, int32_t steps) {
  std::vector<int64_t> timesteps(static_cast<size_t>(std::clamp(steps, 0, std::max(train_steps, 0))));
  lazydit_error error = {};
  check(lazydit_spaced_timesteps(train_steps, steps, timesteps.data(), &error), error);
  return timesteps;
}

nb::object alphas_cumprod(int32_t train_steps, double beta_start, double beta_end) {
  const auto size = static_cast<size_t>(std::max(train_steps, 0));
  auto alphas = std::make_unique<double[]>(size);
  lazydit_error error = {};
  check(lazydit_alphas_cumprod(train_steps, beta_start, beta_end, alphas.get(), &error), error);
  return owning_array(std::move(alphas), {size});
}

}  // namespace
}  // namespace lazydit_python

NB_MODULE(_core, module) {
  // An exception that ends the interpreter keeps the frames of a run, and with them a generation: no leak.
  nb::set_leak_warnings(false);
  lazydit_python::bind_descriptions(module);
  lazydit_python::bind_generation(module);
  module.def("randn", lazydit_python::randn, "seed"_a, "size"_a);
  module.def("spaced_timesteps", lazydit_python::spaced_timesteps, "train_steps"_a, "steps"_a);
  module.def("alphas_cumprod", lazydit_python::alphas_cumprod, "train_steps"_a, "beta_start"_a, "beta_end"_a);
  module.def("version", lazydit_version);
}
