#include "manifest.h"

#include <cstddef>
#include <fstream>
#include <iterator>
#include <limits>

#include "failure.h"
#include "json_place.h"

namespace lazydit::native {
namespace {

constexpr int64_t kSchemaVersion = 1;
constexpr int64_t kLargestSize = 1048576;
constexpr int64_t kDeepest = 4096;
constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();
constexpr size_t kAnyNumber = std::numeric_limits<size_t>::max();

int64_t size_of(const JsonPlace& place) { return place.integer(1, kLargestSize); }

int32_t count_of(const JsonPlace& place) { return static_cast<int32_t>(size_of(place)); }

Json parsed(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) refuse(path.string() + " cannot be read: check its permissions");
  try {
    return Json::parse(text);
  } catch (const Json::exception&) {
    refuse(path.string() + " is not readable JSON, it may be truncated: export the bundle again");
  }
}

void check_version(const Json& content, const std::string& source) {
  const bool given =
      content.is_object() && content.contains("schema_version") && content["schema_version"].is_number_integer();
  if (!given) refuse(source + " has no schema_version: give a bundle that lazydit-export wrote");
  const Json& version = content["schema_version"];
  if (version == kSchemaVersion) return;
  // As an int64 the largest numbers would be negative.
  const bool newer = version.is_number_unsigned() && version.get<uint64_t>() > uint64_t{kSchemaVersion};
  refuse("this bundle has schema " + version.dump() + ", this runtime knows " + std::to_string(kSchemaVersion) + ": " +
         (newer ? "update lazydit" : "export the bundle again"));
}

TensorSpec tensor_of(const JsonPlace& place) {
  place.check_keys({"name", "dtype", "shape"});
  TensorSpec tensor = {place["name"].name(), place["dtype"].one_of({"float32", "float16", "int64"}), {}};
  for (const JsonPlace& size : place["shape"].items(1, 4)) {
    if (size.is_text()) size.one_of({"T"});
    tensor.shape.push_back(size.is_text() ? TensorSpec::kTimesteps : size.integer(1, kLargest));
  }
  return tensor;
}

std::vector<TensorSpec> tensors_of(const JsonPlace& place) {
  std::vector<TensorSpec> tensors;
  for (const JsonPlace& tensor : place.items(0, kAnyNumber)) tensors.push_back(tensor_of(tensor));
  return tensors;
}

ProgramSpec program_of(const std::string& name, const JsonPlace& place) {
  if (!JsonPlace::is_name(name)) place.fail("its name is malformed");
  place.check_keys({"file", "method", "inputs", "outputs"}, {"delegates", "leftover_ops", "operators", "weight_bytes"});
  for (const char* count : {"delegates", "operators", "weight_bytes"})
    if (place.has(count)) place[count].integer(0, kLargest);
  if (place.has("leftover_ops"))
    for (const JsonPlace& op : place["leftover_ops"].items(0, kAnyNumber)) op.text();
  return {name, place["file"].path(), place["method"].name(), tensors_of(place["inputs"]),
          tensors_of(place["outputs"])};
}

ModelSpec model_of(const JsonPlace& place) {
  place.check_keys({"name", "family", "checkpoint_sha256", "depth", "width", "heads", "patch_size", "tokens",
                    "latent_shape", "output_channels", "num_classes", "guidance_channels", "image"},
                   {"activation_type"});
  place["family"].line();
  place["checkpoint_sha256"].sha256();
  size_of(place["heads"]);
  const auto latent = place["latent_shape"].items(3, 3);
  const JsonPlace image = place["image"];
  return {place["name"].line(),
          place["depth"].integer(1, kDeepest),
          size_of(place["width"]),
          size_of(place["patch_size"]),
          size_of(place["tokens"]),
          {size_of(latent[0]), size_of(latent[1]), size_of(latent[2])},
          size_of(place["output_channels"]),
          size_of(place["num_classes"]),
          size_of(place["guidance_channels"]),
          image.is_null() ? "" : image.one_of({"latent", "decode"}),
          place.has("activation_type") ? place["activation_type"].one_of({"float32", "float16"}) : "float32"};
}

DiffusionSpec diffusion_of(const JsonPlace& place) {
  place.check_keys({"train_steps", "beta_schedule", "beta_start", "beta_end"});
  place["beta_schedule"].one_of({"linear"});
  return {count_of(place["train_steps"]), place["beta_start"].number_between(0, 1),
          place["beta_end"].number_between(0, 1)};
}

std::map<std::string, FileEntry> files_of(const JsonPlace& place) {
  std::map<std::string, FileEntry> files;
  for (const auto& [path, entry] : place.members()) {
    if (!JsonPlace::is_path(path)) place.fail("the path '" + path + "' is malformed");
    entry.check_keys({"bytes", "sha256"});
    files[path] = {static_cast<uint64_t>(entry["bytes"].integer(0, kLargest)), entry["sha256"].sha256()};
  }
  return files;
}

ModuleNode module_of(const JsonPlace& place) {
  place.check_keys({"name", "kind", "block", "program", "reuse"});
  return {place["name"].name(), place["kind"].one_of({"attn", "mlp"}), place["block"].integer(0, kLargest),
          place["program"].name(), place["reuse"].name()};
}

double layer_norm_epsilon_of(const JsonPlace& place) {
  place.check_keys({"kind", "epsilon"});
  place["kind"].one_of({"layer_norm"});
  return place["epsilon"].number_between(0, 1);
}

GateGraph graph_of(const JsonPlace& place) {
  place.check_keys({"condition", "embed", "modules", "final", "decode"}, {"blocks", "extrapolate", "norm"});
  const JsonPlace condition = place["condition"];
  condition.check_keys({"program", "max_steps"});
  GateGraph graph = {condition["program"].name(),
                     size_of(condition["max_steps"]),
                     place["embed"].name(),
                     {},
                     {},
                     place["final"].name(),
                     {},
                     {},
                     place.has("norm") && !place["norm"].is_null() ? layer_norm_epsilon_of(place["norm"]) : 0};
  for (const JsonPlace& module : place["modules"].items(2, kAnyNumber)) graph.modules.push_back(module_of(module));
  if (place.has("blocks"))
    for (const JsonPlace& block : place["blocks"].items(0, kAnyNumber)) graph.blocks.push_back(block.name());
  if (!place["decode"].is_null()) graph.decode = place["decode"].name();
  if (place.has("extrapolate") && !place["extrapolate"].is_null()) graph.extrapolate = place["extrapolate"].name();
  return graph;
}

void check_calibration(const JsonPlace& place) {
  for (const JsonPlace& point : place.items(0, kAnyNumber)) {
    point.check_keys({"threshold", "lazy_ratio", "psnr"});
    point["threshold"].share();
    point["lazy_ratio"].share();
    if (!point["psnr"].is_null()) point["psnr"].number();
  }
}

GateSetSpec gate_set_of(const JsonPlace& place) {
  place.check_keys({"name", "steps", "timesteps", "alphas_cumprod", "file", "thresholds", "max_reuse", "target_ratio",
                    "calibration"},
                   {"extrapolate"});
  check_calibration(place["calibration"]);
  if (!place["target_ratio"].is_null()) place["target_ratio"].share();
  const JsonPlace thresholds = place["thresholds"];
  thresholds.check_keys({"attn", "mlp"});
  GateSetSpec set = {place["name"].name(),
                     count_of(place["steps"]),
                     {},
                     {},
                     place["file"].path(),
                     thresholds["attn"].share(),
                     thresholds["mlp"].share(),
                     place["max_reuse"].is_null() ? 0 : count_of(place["max_reuse"]),
                     place.has("extrapolate") && place["extrapolate"].boolean()};
  for (const JsonPlace& timestep : place["timesteps"].items(1, kAnyNumber))
    set.timesteps.push_back(timestep.integer(0, kLargestSize - 1));
  for (const JsonPlace& alpha : place["alphas_cumprod"].items(1, kAnyNumber))
    set.alphas_cumprod.push_back(alpha.number_between(0, 1));
  return set;
}

RatioPoint ratio_point_of(const JsonPlace& place) {
  place.check_keys({"gates", "thresholds", "max_reuse", "lazy_ratio"});
  const JsonPlace thresholds = place["thresholds"];
  thresholds.check_keys({"attn", "mlp"});
  return {place["gates"].name(), thresholds["attn"].share(), thresholds["mlp"].share(),
          place["max_reuse"].is_null() ? 0 : count_of(place["max_reuse"]), place["lazy_ratio"].share()};
}

LazyRatios lazy_ratios_of(const JsonPlace& place) {
  place.check_keys({"steps", "images", "points"});
  size_of(place["images"]);
  LazyRatios ratios = {count_of(place["steps"]), {}};
  for (const JsonPlace& point : place["points"].items(1, kAnyNumber)) ratios.points.push_back(ratio_point_of(point));
  return ratios;
}

std::map<std::string, int64_t> formats_of(const JsonPlace& place) {
  std::map<std::string, int64_t> formats;
  if (place.has("formats"))
    for (const auto& [name, version] : place["formats"].members()) formats[name] = version.integer(0, kLargest);
  return formats;
}

void check_the_rest(const JsonPlace& place) {
  for (const auto& [name, version] : place["tools"].members()) version.text();
  if (place.has("verification")) place["verification"].members();
  if (!place.has("weights") || place["weights"].is_null()) return;
  const JsonPlace weights = place["weights"];
  weights.check_keys({"stored_bytes", "different_bytes"});
  weights["stored_bytes"].integer(1, kLargest);
  weights["different_bytes"].integer(1, kLargest);
}

}  // namespace

Manifest Manifest::read(const std::filesystem::path& path) {
  const Json content = parsed(path);
  const std::string source = path.string();
  check_version(content, source);
  const JsonPlace place(content, source);
  place.check_keys({"schema_version", "target", "precision", "tools", "model", "diffusion", "defaults", "files",
                    "programs", "graph", "gate_sets"},
                   {"formats", "lazy_ratios", "verification", "weights"});
  check_the_rest(place);
  const JsonPlace defaults = place["defaults"];
  defaults.check_keys({"steps", "guidance"});
  Manifest manifest = {place["target"].line(),
                       place["precision"].line(),
                       formats_of(place),
                       model_of(place["model"]),
                       diffusion_of(place["diffusion"]),
                       count_of(defaults["steps"]),
                       defaults["guidance"].number(),
                       files_of(place["files"]),
                       {},
                       graph_of(place["graph"]),
                       {},
                       {}};
  for (const auto& [name, program] : place["programs"].members())
    manifest.programs.push_back(program_of(name, program));
  for (const JsonPlace& set : place["gate_sets"].items(0, kAnyNumber)) manifest.gate_sets.push_back(gate_set_of(set));
  if (place.has("lazy_ratios"))
    for (const JsonPlace& ratios : place["lazy_ratios"].items(0, kAnyNumber))
      manifest.lazy_ratios.push_back(lazy_ratios_of(ratios));
  return manifest;
}

bool Manifest::lists_files_in(const std::string& folder) const {
  const auto first = files.lower_bound(folder + "/");
  return first != files.end() && first->first.compare(0, folder.size() + 1, folder + "/") == 0;
}

const ProgramSpec* Manifest::find_program(const std::string& name) const {
  for (const ProgramSpec& program : programs)
    if (program.name == name) return &program;
  return nullptr;
}

}  // namespace lazydit::native
