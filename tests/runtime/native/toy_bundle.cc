#include "toy_bundle.h"

#include <stdlib.h>

#include <fstream>
#include <stdexcept>

namespace lazydit_test {
namespace {

/* "abc" and 64 zeros, as sha256sum has them. */
constexpr const char* kManifest = R"({
 "schema_version": 1, "target": "toy", "precision": "fp32", "tools": {"lazydit": "0.1.0"},
 "model": {"name": "toy", "family": "dit",
  "checkpoint_sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  "depth": 1, "width": 4, "heads": 1, "patch_size": 2, "tokens": 4, "latent_shape": [3, 4, 4], "output_channels": 3,
  "num_classes": 2, "guidance_channels": 2, "image": "latent"},
 "diffusion": {"train_steps": 100, "beta_schedule": "linear", "beta_start": 0.001, "beta_end": 0.2},
 "defaults": {"steps": 2, "guidance": 2.5},
 "files": {
  "programs.pte": {"bytes": 3, "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
  "gates/2-r50.f32": {"bytes": 64, "sha256": "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"}},
 "programs": {
  "condition": {"file": "programs.pte", "method": "condition",
   "inputs": [{"name": "label", "dtype": "int64", "shape": [1]}, {"name": "t", "dtype": "float32", "shape": ["T"]}],
   "outputs": [{"name": "m", "dtype": "float32", "shape": ["T", 1, 24]},
               {"name": "f", "dtype": "float32", "shape": ["T", 8]}]},
  "embed": {"file": "programs.pte", "method": "embed",
   "inputs": [{"name": "latent", "dtype": "float32", "shape": [1, 3, 4, 4]}],
   "outputs": [{"name": "x", "dtype": "float32", "shape": [1, 4, 4]}, {"name": "n", "dtype": "float32", "shape": [1, 4, 4]},
               {"name": "s", "dtype": "float32", "shape": [1, 4]}]},
  "attn": {"file": "programs.pte", "method": "attn",
   "inputs": [{"name": "x", "dtype": "float32", "shape": [1, 4, 4]}, {"name": "n", "dtype": "float32", "shape": [1, 4, 4]},
              {"name": "a", "dtype": "float32", "shape": [1, 1, 4]}, {"name": "b", "dtype": "float32", "shape": [1, 1, 4]},
              {"name": "c", "dtype": "float32", "shape": [1, 1, 4]}],
   "outputs": [{"name": "x", "dtype": "float32", "shape": [1, 4, 4]}, {"name": "n", "dtype": "float32", "shape": [1, 4, 4]},
               {"name": "s", "dtype": "float32", "shape": [1, 4]}, {"name": "o", "dtype": "float32", "shape": [1, 4, 4]}]},
  "reuse": {"file": "programs.pte", "method": "reuse", "delegates": 1, "leftover_ops": ["sum"],
   "inputs": [{"name": "x", "dtype": "float32", "shape": [1, 4, 4]}, {"name": "o", "dtype": "float32", "shape": [1, 4, 4]},
              {"name": "c", "dtype": "float32", "shape": [1, 1, 4]}],
   "outputs": [{"name": "x", "dtype": "float32", "shape": [1, 4, 4]}, {"name": "n", "dtype": "float32", "shape": [1, 4, 4]},
               {"name": "s", "dtype": "float32", "shape": [1, 4]}]},
  "final": {"file": "programs.pte", "method": "final",
   "inputs": [{"name": "n", "dtype": "float32", "shape": [1, 4, 4]}, {"name": "a", "dtype": "float32", "shape": [1, 1, 4]},
              {"name": "b", "dtype": "float32", "shape": [1, 1, 4]}],
   "outputs": [{"name": "e", "dtype": "float32", "shape": [1, 3, 4, 4]}]}},
 "graph": {"condition": {"program": "condition", "max_steps": 4}, "embed": "embed",
  "modules": [{"name": "block_00_attn", "kind": "attn", "block": 0, "program": "attn", "reuse": "reuse"},
              {"name": "block_00_mlp", "kind": "mlp", "block": 0, "program": "attn", "reuse": "reuse"}],
  "final": "final", "decode": null},
 "gate_sets": [{"name": "2-r50", "steps": 2, "timesteps": [99, 0], "alphas_cumprod": [0.1, 0.9], "file": "gates/2-r50.f32",
  "thresholds": {"attn": 0.5, "mlp": 0.25}, "max_reuse": 1, "target_ratio": 0.5,
  "calibration": [{"threshold": 0.5, "lazy_ratio": 0.25, "psnr": null}]}],
 "verification": {"psnr": 80.5}
})";

std::filesystem::path new_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "lazydit-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  return name;
}

}  // namespace

ToyBundle::ToyBundle() : directory_(new_folder()), manifest_(kManifest) {
  std::filesystem::create_directory(directory_ / "gates");
  write("manifest.json", manifest_);
  write("programs.pte", "abc");
  write("gates/2-r50.f32", std::string(64, '\0'));
}

ToyBundle::~ToyBundle() { std::filesystem::remove_all(directory_); }

void ToyBundle::write(const std::string& file, const std::string& content) const {
  std::ofstream(directory_ / file, std::ios::binary) << content;
}

}  // namespace lazydit_test
