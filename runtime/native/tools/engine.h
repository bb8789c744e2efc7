/* A bundle's programs in the native executor, and generations on them. */
#ifndef LAZYDIT_TOOLS_ENGINE_H_
#define LAZYDIT_TOOLS_ENGINE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "bundle.h"
#include "bundle_programs.h"
#include "lazydit.h"
#include "planning.h"

namespace lazydit::tools {

struct EngineOptions {
  int32_t threads = 0;       // 0 is the engine's choice
  std::string weight_cache;  // a folder, or empty
};

class Engine {
 public:
  /* Loads all programs and holds their signatures against the manifest. Throws Failure. */
  Engine(const native::Bundle& bundle, const EngineOptions& options);

  const lazydit_executor* executor() const { return programs_.executor(); }

 private:
  native::BundlePrograms programs_;
};

/* One planned generation, to be run as often as wanted. */
class Generation {
 public:
  /* Throws Failure where the bundle cannot do what is wished. */
  Generation(const native::Bundle& bundle, const native::Wish& wish);

  /* Throws Failure; LAZYDIT_CANCELLED after an interrupt. */
  void run(const Engine& engine, int64_t label, uint64_t seed);

  const native::CorePlan& plan() const { return plan_; }
  const lazydit_generation* get() const { return generation_.get(); }
  size_t decisions() const; /* steps * samples * modules */
  double lazy_ratio() const;

 private:
  native::CoreModel model_;
  native::CorePlan plan_;
  std::unique_ptr<lazydit_generation, void (*)(lazydit_generation*)> generation_;
};

}  // namespace lazydit::tools

#endif
