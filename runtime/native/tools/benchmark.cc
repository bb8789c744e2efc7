#include "benchmark.h"

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <utility>

#include "statistics.h"

namespace lazydit::tools {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kPlain = "always";
constexpr double kPercentile = 0.9;

struct Kind {
  const char* name;
  double lazydit_timings::* time;
};

constexpr Kind kKinds[] = {
    {"condition", &lazydit_timings::condition_ms}, {"embed", &lazydit_timings::embed_ms},
    {"attn", &lazydit_timings::attn_ms},           {"mlp", &lazydit_timings::mlp_ms},
    {"block", &lazydit_timings::block_ms},         {"reuse", &lazydit_timings::reuse_ms},
    {"final", &lazydit_timings::final_ms},         {"decode", &lazydit_timings::decode_ms},
    {"scheduler", &lazydit_timings::scheduler_ms},
};

/* A case, planned, with what the rounds measured. */
class Timed {
 public:
  Timed(const native::Bundle& bundle, const Case& timed)
      : case_(timed), generation_(std::make_unique<Generation>(bundle, wish_of(timed))) {}

  const Case& what() const { return case_; }

  void warm_up(const Engine& engine) { generation_->run(engine, 0, 0); }

  void add(const Engine& engine, int64_t label, uint64_t seed) {
    generation_->run(engine, label, seed);
    lazydit_timings timings = {};
    lazydit_generation_timings(generation_->get(), &timings);
    image_ms_.push_back(timings.total_ms);
    const double* const steps = lazydit_generation_step_ms(generation_->get());
    first_step_ms_.push_back(steps[0]);
    // The first step runs everything, whatever the policy.
    steady_ms_.insert(steady_ms_.end(), steps + 1, steps + case_.steps);
    lazy_ratio_.push_back(generation_->lazy_ratio());
    for (const Kind& kind : kKinds) kind_ms_[kind.name].push_back(timings.*kind.time);
  }

  double image_ms() const { return median(image_ms_); }

  Json row(const std::map<int32_t, double>& plain_ms) const {
    Json row = {{"policy", case_.gates.empty() ? case_.policy : case_.policy + " " + case_.gates},
                {"steps", case_.steps},
                {"lazy_ratio", mean(lazy_ratio_)},
                {"first_step_ms", median(first_step_ms_)},
                {"step_ms", steady_ms_.empty() ? Json() : Json(median(steady_ms_))},
                {"step_ms_p90", steady_ms_.empty() ? Json() : Json(percentile(steady_ms_, kPercentile))},
                {"step_ms_deviation", steady_ms_.size() < 2 ? Json() : Json(deviation(steady_ms_))},
                {"image_ms", image_ms()},
                {"image_ms_p90", percentile(image_ms_, kPercentile)},
                {"ddim_steps", plain_ms.size() < 2 ? Json() : Json(equal_latency_steps(image_ms(), plain_ms))}};
    for (const Kind& kind : kKinds) row[std::string(kind.name) + "_ms"] = median(kind_ms_.at(kind.name));
    return row;
  }

 private:
  static native::Wish wish_of(const Case& timed) {
    native::Wish wish;
    wish.policy = timed.policy;
    wish.steps = timed.steps;
    if (!timed.gates.empty()) wish.gates = timed.gates;
    return wish;
  }

  Case case_;
  std::unique_ptr<Generation> generation_;
  std::vector<double> image_ms_;
  std::vector<double> first_step_ms_;
  std::vector<double> steady_ms_;
  std::vector<double> lazy_ratio_;
  std::map<std::string, std::vector<double>> kind_ms_;
};

void add_once(const Case& wanted, std::vector<Case>* cases) {
  const bool known = std::any_of(cases->begin(), cases->end(), [&](const Case& other) {
    return other.policy == wanted.policy && other.steps == wanted.steps && other.gates == wanted.gates;
  });
  if (!known) cases->push_back(wanted);
}

/* How many modules ran, by kind, over all steps and samples. Modules in running order: attn, mlp, attn, ... */
Json runs_of(const Generation& generation) {
  const uint8_t* const ran = lazydit_generation_ran(generation.get());
  int64_t attn = 0;
  int64_t mlp = 0;
  for (size_t i = 0; i < generation.decisions(); ++i) (i % 2 == 0 ? attn : mlp) += ran[i];
  return {{"attn", attn}, {"mlp", mlp}};
}

}  // namespace

std::vector<Case> cases_of(const native::Bundle& bundle, const std::vector<std::string>& policies,
                           const std::vector<int32_t>& step_counts) {
  std::vector<Case> cases;
  for (const int32_t steps : step_counts) {
    for (const std::string& policy : policies) {
      if (policy != "lazy") {
        add_once({policy, steps, ""}, &cases);
        continue;
      }
      for (const native::GateSetSpec& set : bundle.manifest().gate_sets)
        if (set.steps == steps) add_once({policy, steps, set.name}, &cases);
    }
    add_once({kPlain, steps, ""}, &cases);
    add_once({kPlain, std::max(1, steps / 2), ""}, &cases);
  }
  return cases;
}

Json image_times(const Generation& generation) {
  lazydit_timings timings = {};
  lazydit_generation_timings(generation.get(), &timings);
  const double* const steps = lazydit_generation_step_ms(generation.get());
  Json kinds = Json::object();
  for (const Kind& kind : kKinds) kinds[kind.name] = timings.*kind.time;
  return {{"image_ms", timings.total_ms},
          {"step_ms", std::vector<double>(steps, steps + generation.plan().get().steps)},
          {"lazy_ratio", generation.lazy_ratio()},
          {"kind_ms", std::move(kinds)},
          {"runs", runs_of(generation)}};
}

Json measure(const native::Bundle& bundle, const Engine& engine, const std::vector<Case>& cases, int32_t rounds) {
  std::vector<Timed> all;
  for (const Case& timed : cases) all.emplace_back(bundle, timed);
  for (Timed& timed : all) timed.warm_up(engine);
  std::vector<Timed*> order;
  for (Timed& timed : all) order.push_back(&timed);
  std::mt19937 generator;
  for (int32_t round = 0; round < rounds; ++round) {
    std::shuffle(order.begin(), order.end(), generator);
    for (Timed* const timed : order)
      timed->add(engine, round % bundle.manifest().model.num_classes, static_cast<uint64_t>(round));
  }
  std::map<int32_t, double> plain_ms;
  for (const Timed& timed : all)
    if (timed.what().policy == kPlain) plain_ms[timed.what().steps] = timed.image_ms();
  Json rows = Json::array();
  for (const Timed& timed : all) rows.push_back(timed.row(plain_ms));
  return rows;
}

}  // namespace lazydit::tools
