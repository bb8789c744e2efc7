#include "fake_model.h"

#include <cmath>

namespace lazydit_test {

std::vector<int32_t> FakeModel::ModulePrograms() const {
  std::vector<int32_t> programs;
  for (std::size_t i = 0; i < modules(); ++i) programs.push_back(kFirstModule + static_cast<int32_t>(i));
  return programs;
}

std::vector<int32_t> FakeModel::BlockPrograms() const {
  std::vector<int32_t> programs;
  for (int32_t i = 0; i < depth; ++i) programs.push_back(kFirstBlock + i);
  return programs;
}

lazydit_model FakeModel::Describe(const std::vector<int32_t>& module_programs,
                                  const std::vector<int32_t>& block_programs) const {
  lazydit_model model{};
  model.depth = depth;
  model.width = width;
  model.tokens = tokens;
  model.channels = channels;
  model.latent_height = latent_height;
  model.latent_width = latent_width;
  model.output_channels = learns_sigma ? 2 * channels : channels;
  model.num_classes = num_classes;
  model.condition_max_steps = condition_max_steps;
  model.condition_program = kCondition;
  model.embed_program = kEmbed;
  model.module_programs = module_programs.data();
  model.block_programs = whole_blocks ? block_programs.data() : nullptr;
  model.reuse_program = kReuse;
  model.extrapolate_program = extrapolates ? kExtrapolate : -1;
  model.final_program = kFinal;
  model.decode_program = decodes ? kDecode : -1;
  model.image_channels = 3;
  model.image_height = 2 * latent_height;
  model.image_width = 2 * latent_width;
  model.activation_type = activation_type;
  return model;
}

namespace {

float Wave(int64_t label, float timestep, std::size_t index, double phase) {
  return static_cast<float>(
      0.4 * std::sin(0.9 * static_cast<double>(label) + 0.011 * timestep + 1.7 * static_cast<double>(index) + phase));
}

}  // namespace

float ModulationValue(int64_t label, float timestep, std::size_t index) { return Wave(label, timestep, index, 0.0); }

float FinalModulationValue(int64_t label, float timestep, std::size_t index) {
  return Wave(label, timestep, index, 1.0);
}

double EmbedValue(double latent, std::size_t index) { return 0.5 * latent + 0.03 * static_cast<double>(index % 11); }

double NormValue(double x) { return 0.6 * x - 0.1; }

double ModuleValue(std::size_t module, double modulated) {
  return (0.8 - 0.1 * static_cast<double>(module)) * modulated + 0.05 * static_cast<double>(module + 1);
}

double FinalValue(double modulated, std::size_t index) {
  return modulated * (0.7 + 0.1 * static_cast<double>(index % 4));
}

double DecodeValue(double latent, std::size_t index) { return 2.0 * latent + static_cast<double>(index % 3); }

}  // namespace lazydit_test
