/* Timing of generations side by side: every round times every case once, in shuffled order. */
#ifndef LAZYDIT_TOOLS_BENCHMARK_H_
#define LAZYDIT_TOOLS_BENCHMARK_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bundle.h"
#include "engine.h"

namespace lazydit::tools {

/* A policy at a step count, with the gate set that `lazy` uses. */
struct Case {
  std::string policy;
  int32_t steps;
  std::string gates;
};

/* The policies at the step counts: for `lazy` one case per gate set of the step count. Plain DDIM is added at as many
   and at half as many steps, which tells how many of its steps take as long as the others. */
std::vector<Case> cases_of(const native::Bundle& bundle, const std::vector<std::string>& policies,
                           const std::vector<int32_t>& step_counts);

/* The times of the generation's last run, under the names of benchmarks/protocol.py's ImageTimes. */
nlohmann::ordered_json image_times(const Generation& generation);

/* One row per case, with the fields of benchmarks/latency.py, after one image each to warm up. Throws Failure. */
nlohmann::ordered_json measure(const native::Bundle& bundle, const Engine& engine, const std::vector<Case>& cases,
                               int32_t rounds);

}  // namespace lazydit::tools

#endif
