#ifndef LAZYDIT_PYTHON_GENERATION_H_
#define LAZYDIT_PYTHON_GENERATION_H_

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "description.h"
#include "lazydit.h"

namespace lazydit_python {

using NoiseArray = nanobind::ndarray<const float, nanobind::ndim<3>, nanobind::c_contig, nanobind::device::cpu>;

/* A planned lazydit_generation. Everything but cancel raises LazyDiTError while a run is under way. */
class Generation {
 public:
  Generation(const Model& model, const Plan& plan);

  /* Releases the GIL while the core works; raises what the executor or on_step raised, Cancelled or LazyDiTError. */
  void run(nanobind::object executor, int64_t label, uint64_t seed, double guidance, std::optional<NoiseArray> noise,
           nanobind::object on_step);
  void cancel() { lazydit_generation_cancel(generation_.get()); }

  /* Copies of what the last run left, as numpy arrays; None where it left nothing. */
  nanobind::object latent();
  nanobind::object image();
  nanobind::object scores();
  nanobind::object ran();
  nanobind::object extrapolated();
  nanobind::object module_ms();
  nanobind::object step_ms();
  nanobind::dict timings();

 private:
  class Use;
  std::vector<size_t> trace_shape() const;

  std::unique_ptr<lazydit_generation, void (*)(lazydit_generation*)> generation_;
  lazydit_model sizes_;
  std::vector<std::string> programs_;
  size_t steps_;
  std::atomic<bool> in_use_{false};
};

/* Adds Generation, Step and memory to the module. */
void bind_generation(nanobind::module_& module);

}  // namespace lazydit_python

#endif
