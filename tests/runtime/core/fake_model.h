#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lazydit.h"

namespace lazydit_test {

// The numbers by which tests know programs.
enum FakeProgram : int32_t {
  kReuse = 3,
  kExtrapolate = 5,
  kEmbed = 7,
  kDecode = 9,
  kFirstModule = 20,
  kFirstBlock = 40,
  kFinal = 55,
  kCondition = 100,
};

// A model small enough to be worked out by hand: every program is a formula that a test can evaluate in double
// precision. Its sizes are odd on purpose.
struct FakeModel {
  int64_t depth = 2;
  int64_t width = 5;
  int64_t tokens = 3;
  int64_t channels = 2;
  int64_t latent_height = 3;
  int64_t latent_width = 2;
  bool learns_sigma = true;
  bool decodes = false;
  bool whole_blocks = false;
  bool extrapolates = true;
  int64_t num_classes = 4;
  int64_t condition_max_steps = 64;
  lazydit_dtype activation_type = LAZYDIT_FLOAT32;  // FakeExecutor computes in this one only

  std::size_t modules() const { return static_cast<std::size_t>(2 * depth); }
  std::size_t hidden() const { return static_cast<std::size_t>(tokens * width); }
  std::size_t plane() const { return static_cast<std::size_t>(latent_height * latent_width); }
  std::size_t latent() const { return static_cast<std::size_t>(channels) * plane(); }
  std::size_t model_output() const { return latent() * (learns_sigma ? 2 : 1); }
  std::size_t image() const { return 3 * 4 * plane(); }

  lazydit_model Describe(const std::vector<int32_t>& module_programs, const std::vector<int32_t>& block_programs) const;
  std::vector<int32_t> ModulePrograms() const;
  std::vector<int32_t> BlockPrograms() const;
};

// The formulas of the programs, element by element.
float ModulationValue(int64_t label, float timestep, std::size_t index);
float FinalModulationValue(int64_t label, float timestep, std::size_t index);
double EmbedValue(double latent, std::size_t index);
double NormValue(double x);
double ModuleValue(std::size_t module, double modulated);
double FinalValue(double modulated, std::size_t index);
double DecodeValue(double latent, std::size_t index);

}  // namespace lazydit_test
