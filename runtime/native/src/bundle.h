/* Opening a bundle: everything is checked before anything of it is run or mapped. */
#ifndef LAZYDIT_NATIVE_BUNDLE_H_
#define LAZYDIT_NATIVE_BUNDLE_H_

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "manifest.h"

namespace lazydit::native {

/* A bundle whose files are what its manifest says. */
class Bundle {
 public:
  /* Checks schema, shapes, files, sizes, sha256, gates. Throws Failure. */
  explicit Bundle(const std::filesystem::path& directory);

  const std::filesystem::path& directory() const { return directory_; }
  const Manifest& manifest() const { return manifest_; }

  /* Throws Failure where there is none of that name. */
  const GateSetSpec& gate_set(const std::string& name) const;

  /* The weights of a gate set, [steps, 2 * depth, width]. */
  const std::vector<float>& gates(const GateSetSpec& set) const { return gates_.at(set.name); }

 private:
  std::filesystem::path directory_;
  Manifest manifest_;
  std::map<std::string, std::vector<float>> gates_;
};

}  // namespace lazydit::native

#endif
