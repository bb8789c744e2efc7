// A gate file that its manifest vouches for: opened and planned, or refused with a sentence.
#include <cstdint>
#include <string>

#include "bundle.h"
#include "failure.h"
#include "planning.h"
#include "require.h"
#include "sha256.h"
#include "toy_bundle.h"

namespace lazydit_test {
namespace {

constexpr const char* kGates = "gates/2-r50.f32";

std::string ManifestFor(const std::string& manifest, const std::string& content) {
  lazydit::native::Sha256 digest;
  digest.add(content.data(), content.size());
  const std::string begin = "\"" + std::string(kGates) + "\": {";
  const size_t place = manifest.find(begin) + begin.size();
  const std::string entry =
      "\"bytes\": " + std::to_string(content.size()) + ", \"sha256\": \"" + digest.finish() + "\"";
  return manifest.substr(0, place) + entry + manifest.substr(manifest.find('}', place));
}

}  // namespace
}  // namespace lazydit_test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using lazydit_test::RequireSentence;
  static const lazydit_test::ToyBundle toy;
  const std::string content(reinterpret_cast<const char*>(data), size);
  toy.write(lazydit_test::kGates, content);
  toy.write("manifest.json", lazydit_test::ManifestFor(toy.manifest(), content));
  try {
    const lazydit::native::Bundle bundle(toy.directory());
    const lazydit::native::CoreModel model(bundle.manifest());
    const lazydit::native::CorePlan plan(bundle, {});
    lazydit_generation* generation = nullptr;
    lazydit_error error;
    lazydit_test::Require(lazydit_generation_plan(&model.get(), &plan.get(), &generation, &error) == LAZYDIT_OK,
                          "finite gates can be planned");
    lazydit_generation_free(generation);
  } catch (const lazydit::native::Failure& failure) {
    RequireSentence(failure.what());
  }
  return 0;
}
