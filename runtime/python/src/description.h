/* What Python says about a model and a generation, kept in the form that the core takes. */
#ifndef LAZYDIT_PYTHON_DESCRIPTION_H_
#define LAZYDIT_PYTHON_DESCRIPTION_H_

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lazydit.h"

namespace lazydit_python {

using GateArray = nanobind::ndarray<const float, nanobind::ndim<3>, nanobind::c_contig, nanobind::device::cpu>;
using MaskArray = nanobind::ndarray<const bool, nanobind::ndim<2>, nanobind::c_contig, nanobind::device::cpu>;

/* A lazydit_model with the arrays that it points to. The number of a program is its place in `programs`. */
class Model {
 public:
  Model(lazydit_model sizes, std::vector<int32_t> modules, std::vector<int32_t> blocks,
        std::vector<std::string> programs);
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  const lazydit_model& get() const { return model_; }
  const std::vector<std::string>& programs() const { return programs_; }

 private:
  std::vector<int32_t> modules_;
  std::vector<int32_t> blocks_;
  std::vector<std::string> programs_;
  lazydit_model model_;
};

/* A lazydit_plan with the arrays that it points to. */
class Plan {
 public:
  Plan(std::vector<int64_t> timesteps, std::vector<double> alphas_cumprod, lazydit_plan rest,
       std::optional<GateArray> gates, std::optional<MaskArray> schedule);
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  const lazydit_plan& get() const { return plan_; }

  /* Raises LazyDiTError unless the arrays have the sizes that the core will read. */
  void check_sizes(const lazydit_model& model) const;

 private:
  std::vector<int64_t> timesteps_;
  std::vector<double> alphas_cumprod_;
  std::optional<GateArray> gates_;
  std::optional<MaskArray> schedule_;
  lazydit_plan plan_;
};

/* Adds Model, Plan and PolicyKind to the module. */
void bind_descriptions(nanobind::module_& module);

}  // namespace lazydit_python

#endif
