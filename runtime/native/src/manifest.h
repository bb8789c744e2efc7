/* manifest.json: the gate graph of one model and everything that is checked before anything runs. */
#ifndef LAZYDIT_NATIVE_MANIFEST_H_
#define LAZYDIT_NATIVE_MANIFEST_H_

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lazydit::native {

inline constexpr const char* kManifestName = "manifest.json";

struct TensorSpec {
  static constexpr int64_t kTimesteps = -1;  // "T": the number of timesteps of one call of condition

  std::string name;
  std::string dtype;
  std::vector<int64_t> shape;
};

struct ProgramSpec {
  std::string name;
  std::string file;  // or a package: a folder, all files of which the manifest lists
  std::string method;
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
};

struct ModelSpec {
  std::string name;
  int64_t depth;
  int64_t width;
  int64_t patch_size;
  int64_t tokens;
  std::array<int64_t, 3> latent_shape;  // channels, height, width
  int64_t output_channels;
  int64_t num_classes;
  int64_t guidance_channels;
  std::string image;            // "latent", "decode", or empty where there is none
  std::string activation_type;  // of x, norm and output
};

struct DiffusionSpec {
  int32_t train_steps;
  double beta_start;
  double beta_end;
};

struct FileEntry {
  uint64_t bytes;
  std::string sha256;
};

struct ModuleNode {
  std::string name;
  std::string kind;
  int64_t block;
  std::string program;
  std::string reuse;
};

struct GateGraph {
  std::string condition;
  int64_t condition_max_steps;
  std::string embed;
  std::vector<ModuleNode> modules;
  std::vector<std::string> blocks; /* a program per block, or none */
  std::string final;
  std::optional<std::string> decode;
  std::optional<std::string> extrapolate; /* none in bundles that cannot extrapolate */
  double layer_norm_epsilon; /* of the norm between modules; 0 where it is no layer norm without weights */
};

struct GateSetSpec {
  std::string name;
  int32_t steps;
  std::vector<int64_t> timesteps;
  std::vector<double> alphas_cumprod;
  std::string file;
  double threshold_attn;
  double threshold_mlp;
  int32_t max_reuse;  // 0: no limit
  bool extrapolate;
};

/* A gate set, thresholds and limit (0: none), and the lazy ratio that they gave. */
struct RatioPoint {
  std::string gates;
  double threshold_attn;
  double threshold_mlp;
  int32_t max_reuse;
  double lazy_ratio;
};

struct LazyRatios {
  int32_t steps;
  std::vector<RatioPoint> points;  // of ascending lazy ratio
};

struct Manifest {
  std::string target;
  std::string precision;
  std::map<std::string, int64_t> formats;  // versions of what another engine than ExecuTorch reads
  ModelSpec model;
  DiffusionSpec diffusion;
  int32_t default_steps;
  double default_guidance;
  std::map<std::string, FileEntry> files;
  std::vector<ProgramSpec> programs;
  GateGraph graph;
  std::vector<GateSetSpec> gate_sets;
  std::vector<LazyRatios> lazy_ratios;  // of every step count at which a lazy ratio may be wished for

  /* Applies schema version and structure (manifest.schema.json). Throws Failure. */
  static Manifest read(const std::filesystem::path& path);

  /* Whether a folder, a path within the bundle, holds files of it. */
  bool lists_files_in(const std::string& folder) const;

  /* NULL where there is none of that name. */
  const ProgramSpec* find_program(const std::string& name) const;
};

}  // namespace lazydit::native

#endif
