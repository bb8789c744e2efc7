#include "manifest_checks.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "failure.h"

namespace lazydit::native {
namespace {

using Shape = std::vector<int64_t>;

constexpr int64_t kTimesteps = TensorSpec::kTimesteps;

struct Tensor {
  std::string dtype;
  Shape shape;
};

struct Signature {
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;
};

Tensor float32(const Shape& shape) { return {"float32", shape}; }

void require(bool holds, const std::string& problem) {
  if (!holds) refuse("the bundle's manifest is wrong, " + problem + ": export the bundle again");
}

std::string described(const std::string& dtype, const Shape& shape) {
  std::string text = dtype + " [";
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (axis > 0) text += ", ";
    text += shape[axis] == kTimesteps ? "'T'" : std::to_string(shape[axis]);
  }
  return text + "]";
}

void check_tensors(const std::string& where, const std::vector<TensorSpec>& tensors,
                   const std::vector<Tensor>& wanted) {
  require(tensors.size() == wanted.size(),
          where + " lists " + std::to_string(tensors.size()) + " tensors, not " + std::to_string(wanted.size()));
  for (size_t i = 0; i < wanted.size(); ++i)
    require(tensors[i].dtype == wanted[i].dtype && tensors[i].shape == wanted[i].shape,
            where + "[" + std::to_string(i) + "] is " + described(tensors[i].dtype, tensors[i].shape) +
                " and should be " + described(wanted[i].dtype, wanted[i].shape));
}

void check_program(const Manifest& manifest, const std::string& name, const Signature& signature) {
  const ProgramSpec* const program = manifest.find_program(name);
  require(program != nullptr, "program " + name + " is in the gate graph only");
  require(manifest.files.count(program->file) > 0 || manifest.lists_files_in(program->file),
          program->file + " of program " + name + " is not listed in files");
  check_tensors("programs." + name + ".inputs", program->inputs, signature.inputs);
  check_tensors("programs." + name + ".outputs", program->outputs, signature.outputs);
}

void check_programs(const Manifest& manifest) {
  const ModelSpec& model = manifest.model;
  const GateGraph& graph = manifest.graph;
  const auto [channels, height, width] = model.latent_shape;
  const Tensor hidden = {model.activation_type, {1, model.tokens, model.width}};
  const Tensor vector = float32({1, 1, model.width});
  const Tensor latent = float32({1, channels, height, width});
  const Tensor modulation = float32({kTimesteps, model.depth, 6 * model.width});
  const Tensor norm_sum = float32({1, model.width});
  check_program(manifest, graph.condition,
                {{{"int64", {1}}, float32({kTimesteps})}, {modulation, float32({kTimesteps, 2 * model.width})}});
  check_program(manifest, graph.embed, {{latent}, {hidden, hidden, norm_sum}});
  for (const ModuleNode& module : graph.modules) {
    check_program(manifest, module.program,
                  {{hidden, hidden, vector, vector, vector}, {hidden, hidden, norm_sum, hidden}});
    check_program(manifest, module.reuse, {{hidden, hidden, vector}, {hidden, hidden, norm_sum}});
  }
  for (const std::string& block : graph.blocks)
    check_program(
        manifest, block,
        {{hidden, hidden, vector, vector, vector, vector, vector, vector}, {hidden, hidden, norm_sum, hidden, hidden}});
  if (graph.extrapolate)
    check_program(manifest, *graph.extrapolate,
                  {{hidden, hidden, hidden, float32({1, 1, 1}), vector}, {hidden, hidden, norm_sum}});
  check_program(manifest, graph.final,
                {{hidden, vector, vector}, {float32({1, model.output_channels, height, width})}});
  if (!graph.decode) return;
  const auto image = image_shape(manifest);
  check_program(manifest, *graph.decode, {{latent}, {float32({1, image[0], image[1], image[2]})}});
}

void check_model(const Manifest& manifest) {
  const ModelSpec& model = manifest.model;
  const auto [channels, height, width] = model.latent_shape;
  const int64_t patches = (height / model.patch_size) * (width / model.patch_size);
  require(model.tokens == patches && height % model.patch_size == 0 && width % model.patch_size == 0,
          "model.tokens is " + std::to_string(model.tokens) + ", which latent_shape and patch_size do not give");
  require(model.output_channels == channels || model.output_channels == 2 * channels,
          "model.output_channels is " + std::to_string(model.output_channels) + " for " + std::to_string(channels) +
              " channels");
  require(model.guidance_channels <= channels, "model.guidance_channels is " + std::to_string(model.guidance_channels) +
                                                   " of " + std::to_string(channels) + " channels");
  require((model.image == "decode") == manifest.graph.decode.has_value(), "model.image and graph.decode disagree");
  const int64_t image_channels = image_shape(manifest)[0];
  require(model.image.empty() || image_channels == 1 || image_channels == 3,
          "the image has neither one channel nor three");
  require(manifest.default_steps <= manifest.diffusion.train_steps,
          "defaults.steps is " + std::to_string(manifest.default_steps) + " of " +
              std::to_string(manifest.diffusion.train_steps));
  require(manifest.diffusion.beta_start <= manifest.diffusion.beta_end,
          "diffusion.beta_start is above diffusion.beta_end");
}

void check_modules(const Manifest& manifest) {
  const auto& modules = manifest.graph.modules;
  require(modules.size() == 2 * static_cast<size_t>(manifest.model.depth),
          "graph.modules lists " + std::to_string(modules.size()) + " modules for depth " +
              std::to_string(manifest.model.depth));
  const auto& blocks = manifest.graph.blocks;
  require(blocks.empty() || 2 * blocks.size() == modules.size(), "graph.blocks lists " + std::to_string(blocks.size()) +
                                                                     " programs for depth " +
                                                                     std::to_string(manifest.model.depth));
  for (size_t i = 0; i < modules.size(); ++i) {
    require(modules[i].block == static_cast<int64_t>(i / 2) && modules[i].kind == (i % 2 == 0 ? "attn" : "mlp"),
            "graph.modules[" + std::to_string(i) + "] is " + modules[i].kind + " of block " +
                std::to_string(modules[i].block) + ", out of order");
    require(modules[i].reuse == modules[0].reuse, "graph.modules name several reuse programs");
  }
}

template <typename Value, typename Ordered>
bool all_neighbours(const std::vector<Value>& values, Ordered ordered) {
  for (size_t i = 1; i < values.size(); ++i)
    if (!ordered(values[i - 1], values[i])) return false;
  return true;
}

void check_gate_set(const Manifest& manifest, const GateSetSpec& set) {
  const std::string where = "gate set " + set.name;
  const auto steps = static_cast<size_t>(set.steps);
  require(set.timesteps.size() == steps && set.alphas_cumprod.size() == steps,
          where + " is for " + std::to_string(steps) + " steps but lists " + std::to_string(set.timesteps.size()) +
              " timesteps and " + std::to_string(set.alphas_cumprod.size()) + " alphas");
  require(set.timesteps[0] < manifest.diffusion.train_steps &&
              all_neighbours(
                  set.timesteps, [](int64_t a, int64_t b) { return a > b; }),
          "the timesteps of " + where + " do not descend within the training timesteps");
  require(all_neighbours(set.alphas_cumprod, [](double a, double b) { return a < b; }),
          "the alphas of " + where + " do not ascend");
  require(!set.extrapolate || manifest.graph.extrapolate,
          where + " extrapolates and graph.extrapolate names no program");
  const auto entry = manifest.files.find(set.file);
  require(entry != manifest.files.end(), set.file + " of " + where + " is not listed in files");
  const size_t modules = manifest.graph.modules.size();
  const uint64_t expected = steps * modules * static_cast<uint64_t>(manifest.model.width) * sizeof(float);
  require(entry->second.bytes == expected, set.file + " has " + std::to_string(entry->second.bytes) + " bytes and " +
                                               where + " needs " + std::to_string(expected) + " (" +
                                               std::to_string(steps) + " steps, " + std::to_string(modules) +
                                               " modules, width " + std::to_string(manifest.model.width) + ")");
}

void check_gate_sets(const Manifest& manifest) {
  for (const GateSetSpec& set : manifest.gate_sets) {
    int same = 0;
    for (const GateSetSpec& other : manifest.gate_sets) same += other.name == set.name ? 1 : 0;
    require(same == 1, "two gate sets are called " + set.name);
    check_gate_set(manifest, set);
  }
}

void check_lazy_ratios(const Manifest& manifest) {
  for (const LazyRatios& ratios : manifest.lazy_ratios) {
    const std::string where = "lazy_ratios of " + std::to_string(ratios.steps) + " steps";
    const auto same = std::count_if(manifest.lazy_ratios.begin(), manifest.lazy_ratios.end(),
                                    [&](const LazyRatios& other) { return other.steps == ratios.steps; });
    require(same == 1, "lazy_ratios lists " + std::to_string(ratios.steps) + " steps more than once");
    for (const RatioPoint& point : ratios.points) {
      const bool known = std::any_of(manifest.gate_sets.begin(), manifest.gate_sets.end(), [&](const GateSetSpec& set) {
        return set.name == point.gates && set.steps == ratios.steps;
      });
      require(known, where + " name " + point.gates + ", no gate set of it");
      for (const double threshold : {point.threshold_attn, point.threshold_mlp})
        require(threshold > 0 && threshold < 1, where + " hold a threshold that is not within 0 and 1");
    }
    require(all_neighbours(ratios.points,
                           [](const RatioPoint& a, const RatioPoint& b) { return a.lazy_ratio <= b.lazy_ratio; }),
            where + " do not ascend");
  }
}

}  // namespace

std::array<int64_t, 3> image_shape(const Manifest& manifest) {
  if (!manifest.graph.decode) return manifest.model.latent_shape;
  const ProgramSpec* const decode = manifest.find_program(*manifest.graph.decode);
  const bool fits = decode != nullptr && !decode->outputs.empty() && decode->outputs[0].shape.size() == 4;
  const Shape shape = fits ? decode->outputs[0].shape : Shape(4, kTimesteps);
  if (shape[0] < 1 || shape[1] < 1 || shape[2] < 1 || shape[3] < 1)
    refuse("program " + *manifest.graph.decode +
           " has no output [1, channels, height, width]: export the bundle again");
  return {shape[1], shape[2], shape[3]};
}

void check_manifest(const Manifest& manifest) {
  check_model(manifest);
  check_modules(manifest);
  check_programs(manifest);
  check_gate_sets(manifest);
  check_lazy_ratios(manifest);
}

}  // namespace lazydit::native
