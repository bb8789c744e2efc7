/* lazydit-bench: how long a bundle's generations take on this machine, as JSON. */
#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "benchmark.h"
#include "bundle.h"
#include "command_line.h"
#include "engine.h"
#include "failure.h"
#include "interrupt.h"
#include "process_memory.h"
#include "serve.h"

namespace lazydit::tools {
namespace {

using Json = nlohmann::ordered_json;

struct BenchOptions {
  std::string bundle = "lazydit-android";
  std::vector<std::string> policies = {"always", "lazy", "every-n"};
  std::vector<int32_t> steps = {10, 20};
  int32_t rounds = 20;
  bool serve = false;
  EngineOptions engine;
};

std::vector<int32_t> counts_of(const std::string& text) {
  constexpr int64_t kMost = 1'000'000;
  std::vector<int32_t> counts;
  for (const std::string& part : parts_of(text))
    counts.push_back(static_cast<int32_t>(whole_number(part, "steps", 1, kMost)));
  return counts;
}

CommandLine command_line(BenchOptions* options) {
  using Text = const std::string&;
  constexpr int64_t kMostRounds = 100'000;
  return {
      "lazydit-bench",
      "Times generations side by side, every case once a round in shuffled order, and prints JSON: the fields of a\n"
      "row are those of benchmarks/latency.py.",
      "lazydit-bench --bundle lazydit-android --steps 10,20 --policies always,lazy --rounds 20",
      {{"bundle", "DIR", "what lazydit-export wrote; lazydit-android", [=](Text v) { options->bundle = v; }},
       {"steps", "N,N", "step counts; 10,20", [=](Text v) { options->steps = counts_of(v); }},
       {"policies", "NAME,NAME", "always, lazy (every gate set of the step count), every-n, schedule; the first three",
        [=](Text v) { options->policies = parts_of(v); }},
       {"rounds", "N", "images per case; 20",
        [=](Text v) { options->rounds = static_cast<int32_t>(whole_number(v, "rounds", 1, kMostRounds)); }},
       {"threads", "N", "of the engine; one per processor",
        [=](Text v) { options->engine.threads = static_cast<int32_t>(whole_number(v, "threads", 1, 1024)); }},
       {"weight-cache", "DIR", "folder for packed weights, which make the next load fast; none",
        [=](Text v) { options->engine.weight_cache = v; }},
       {"serve", "", "time what benchmarks/latency.py asks for on standard input instead",
        [=](Text) { options->serve = true; }}}};
}

template <typename Work>
double milliseconds(Work work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

void bench(int count, const char* const* arguments) {
  BenchOptions options;
  if (!command_line(&options).parse(count, arguments)) return;
  if (options.serve) return serve(options.bundle, options.engine, std::cin, std::cout);
  std::optional<native::Bundle> bundle;
  const double verify_ms = milliseconds([&] { bundle.emplace(options.bundle); });
  const std::vector<Case> cases = cases_of(*bundle, options.policies, options.steps);
  std::unique_ptr<Engine> engine;
  const auto load = [&] { engine = std::make_unique<Engine>(*bundle, options.engine); };
  throw_if_interrupted();
  const double cold_ms = milliseconds(load);
  engine = nullptr;
  const double warm_ms = milliseconds(load);
  throw_if_interrupted();
  const Json rows = measure(*bundle, *engine, cases, options.rounds);
  const std::optional<int64_t> peak = peak_bytes();
  utsname system = {};
  uname(&system);
  const native::Manifest& manifest = bundle->manifest();
  const Json result = {{"machine", system.machine},
                       {"cpus", std::thread::hardware_concurrency()},
                       {"system", std::string(system.sysname) + " " + system.release},
                       {"model", manifest.model.name},
                       {"target", manifest.target},
                       {"precision", manifest.precision},
                       {"executor", "executorch"},
                       {"threads", options.engine.threads == 0 ? Json() : Json(options.engine.threads)},
                       {"rounds", options.rounds},
                       {"verify_ms", verify_ms},
                       {"load_cold_ms", cold_ms},
                       {"load_warm_ms", warm_ms},
                       {"peak_memory_bytes", peak ? Json(*peak) : Json()},
                       {"rows", rows}};
  std::printf("%s\n", result.dump(1).c_str());
}

}  // namespace
}  // namespace lazydit::tools

int main(int count, char** arguments) {
  lazydit::tools::catch_interrupts();
  return lazydit::tools::run_tool([=] { lazydit::tools::bench(count, arguments); });
}
