#include "bundle.h"

#include <cmath>
#include <cstdint>
#include <fstream>
#include <system_error>
#include <utility>

#include "failure.h"
#include "manifest_checks.h"
#include "parallel.h"
#include "sha256.h"

namespace lazydit::native {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPiece = 1 << 20;

[[noreturn]] void unreadable(const std::string& name, const fs::path& directory, const std::string& reason) {
  refuse(name + " in " + directory.string() + " cannot be read (" + reason + "): check its permissions");
}

Manifest checked_manifest(const fs::path& directory) {
  std::error_code error;
  const bool found = fs::is_regular_file(directory / kManifestName, error);
  if (error == std::errc::permission_denied)
    refuse(directory.string() + " cannot be read (" + error.message() + "): check its permissions");
  if (!found)
    refuse("there is no bundle at " + directory.string() + " (no " + kManifestName +
           "): run lazydit-export --target android first, or give the folder that it wrote");
  Manifest manifest = Manifest::read(directory / kManifestName);
  check_manifest(manifest);
  return manifest;
}

/* A link may lead back into the bundle today and elsewhere tomorrow. */
bool leads_elsewhere(const fs::path& directory, const fs::path& path) {
  const fs::path inside = fs::weakly_canonical(path).lexically_relative(fs::canonical(directory));
  return fs::is_symlink(path) || inside.empty() || *inside.begin() == "..";
}

std::string sha256_of(const fs::path& path, const std::string& name, const fs::path& directory) {
  std::ifstream file(path, std::ios::binary);
  if (!file) unreadable(name, directory, "it cannot be opened");
  Sha256 digest;
  std::vector<char> piece(kPiece);
  while (file.read(piece.data(), static_cast<std::streamsize>(piece.size())) || file.gcount() > 0)
    digest.add(piece.data(), static_cast<size_t>(file.gcount()));
  if (!file.eof()) unreadable(name, directory, "reading stopped");
  return digest.finish();
}

void check_file(const fs::path& directory, const std::string& name, const FileEntry& entry) {
  const fs::path path = directory / name;
  const std::string where = name + " in " + directory.string();
  if (leads_elsewhere(directory, path))
    refuse(where + " is a link or leads out of the bundle: export the bundle again");
  if (!fs::is_regular_file(path))
    refuse(name + " is missing from " + directory.string() + ", it may have been renamed: export the bundle again");
  const uintmax_t size = fs::file_size(path);
  if (size != entry.bytes)
    refuse(where + " has " + std::to_string(size) + " bytes instead of " + std::to_string(entry.bytes) +
           ", it may be truncated: copy or export the bundle again");
  if (sha256_of(path, name, directory) != entry.sha256)
    refuse(where + " is not the file that was exported (its sha256 differs): copy or export the bundle again");
}

/* Refuses a program's folder that holds more than the manifest lists: engines read it whole. */
void check_package(const fs::path& directory, const std::string& folder, const Manifest& manifest) {
  if (!manifest.lists_files_in(folder)) return;
  for (const auto& entry : fs::recursive_directory_iterator(directory / folder)) {
    const std::string name = entry.path().lexically_relative(directory).generic_string();
    if (manifest.files.count(name) == 0 && (entry.is_symlink() || !entry.is_directory()))
      refuse(name + " in " + directory.string() +
             " is not listed in the manifest: remove it, or copy or export the bundle again");
  }
}

/* As the numbers lie: all processors that ExecuTorch runs on are little-endian. */
std::vector<float> read_gates(const fs::path& directory, const std::string& name, uint64_t bytes) {
  std::vector<float> gates(bytes / sizeof(float));
  std::ifstream file(directory / name, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(gates.data()), static_cast<std::streamsize>(bytes)))
    unreadable(name, directory, "it ends early");
  for (const float weight : gates)
    if (!std::isfinite(weight))
      refuse(name + " in " + directory.string() + " holds values that are not finite: learn the gates again");
  return gates;
}

}  // namespace

Bundle::Bundle(const fs::path& directory) : directory_(directory), manifest_(checked_manifest(directory)) {
  const std::vector<std::pair<std::string, FileEntry>> files(manifest_.files.begin(), manifest_.files.end());
  for_each_in_parallel(files.size(), [&](size_t i) {
    const auto& [name, entry] = files[i];
    try {
      check_file(directory_, name, entry);
    } catch (const fs::filesystem_error& error) {
      unreadable(name, directory_, error.code().message());
    }
  });
  for (const ProgramSpec& program : manifest_.programs) {
    try {
      check_package(directory_, program.file, manifest_);
    } catch (const fs::filesystem_error& error) {
      unreadable(program.file, directory_, error.code().message());
    }
  }
  for (const GateSetSpec& set : manifest_.gate_sets)
    gates_[set.name] = read_gates(directory_, set.file, manifest_.files.at(set.file).bytes);
}

const GateSetSpec& Bundle::gate_set(const std::string& name) const {
  std::string known;
  for (const GateSetSpec& set : manifest_.gate_sets) {
    if (set.name == name) return set;
    known += (known.empty() ? "" : ", ") + set.name;
  }
  refuse("this bundle has no gate set " + name + ": choose from " + (known.empty() ? "none" : known));
}

}  // namespace lazydit::native
