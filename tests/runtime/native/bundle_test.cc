#include "bundle.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <utility>

#include "failure.h"
#include "planning.h"
#include "toy_bundle.h"

namespace lazydit_test {
namespace {

using lazydit::native::Bundle;
using lazydit::native::CoreModel;
using lazydit::native::CorePlan;
using lazydit::native::Failure;
using lazydit::native::Wish;

/* The sentence with which a bundle is refused; empty where it opens. */
std::string refusal(const ToyBundle& toy) {
  try {
    const Bundle bundle(toy.directory());
    return "";
  } catch (const Failure& failure) {
    return failure.what();
  }
}

/* The same for a plan. */
std::string plan_refusal(const Bundle& bundle, const Wish& wish) {
  try {
    const CorePlan plan(bundle, wish);
    return "";
  } catch (const Failure& failure) {
    return failure.what();
  }
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t place = text.find(from);
  EXPECT_NE(place, std::string::npos) << from;
  return text.replace(place, from.size(), to);
}

TEST(Bundle, OpensWhenItIsSound) {
  const ToyBundle toy;
  const Bundle bundle(toy.directory());
  EXPECT_EQ(bundle.manifest().programs.size(), 5u);
  EXPECT_EQ(bundle.gates(bundle.gate_set("2-r50")).size(), 16u);
  EXPECT_THROW(bundle.gate_set("3-r50"), Failure);
}

TEST(Bundle, IsPlannedAsItsManifestSays) {
  const ToyBundle toy;
  const Bundle bundle(toy.directory());
  const CoreModel model(bundle.manifest());
  EXPECT_EQ(model.get().module_programs[1], 2);
  EXPECT_EQ(model.get().decode_program, -1);
  const CorePlan lazy(bundle, Wish());
  EXPECT_EQ(lazy.get().steps, 2);
  EXPECT_EQ(lazy.get().guided, 1);
  EXPECT_EQ(lazy.get().policy.max_reuse, 1);
  EXPECT_EQ(lazy.get().policy.threshold_mlp, 0.25f);
  Wish plain;
  plain.policy = "always";
  plain.steps = 100;
  plain.guidance = 1;
  const CorePlan always(bundle, plain);
  EXPECT_EQ(always.get().guided, 0);
  EXPECT_EQ(always.gate_set(), nullptr);
  ASSERT_EQ(always.timesteps().size(), 100u);
  EXPECT_EQ(always.timesteps().front(), 99);
  EXPECT_EQ(always.timesteps().back(), 0);
}

TEST(Bundle, NamesThePlaceThatIsWrong) {
  const std::pair<std::string, std::pair<std::string, std::string>> cases[] = {
      {"\"depth\": 1", {"\"depth\": 1.0", "model.depth (it is not an integer)"}},
      {"\"depth\": 1", {"\"depth\": 99999999999999999999999", "model.depth"}},
      {"\"depth\": 1", {"\"depth\": 18446744073709551615", "model.depth"}},
      {"\"width\": 4", {"\"width\": 4, \"wid\\nth\": 4", "model (there is no such thing as wid th)"}},
      {"\"guidance\": 2.5", {"\"guidance\": 1e999", "is not readable JSON"}},
      {"\"guidance\": 2.5", {"\"guidance\": NaN", "is not readable JSON"}},
      {"\"inputs\": [{", {"\"inputs\": {\"a\": [{", "is not readable JSON"}},
      {"[\"T\", 8]", {"[\"U\", 8]", "programs.condition.outputs[1].shape[0] (it is unknown)"}},
      {"[\"T\", 8]",
       {"[\"T\", 9]", "programs.condition.outputs[1] is float32 ['T', 9] and should be float32 ['T', 8]"}},
      {"programs.pte", {"../programs.pte", "files"}},
  };
  for (const auto& [from, change] : cases) {
    const ToyBundle toy;
    toy.write("manifest.json", replaced(toy.manifest(), from, change.first));
    const std::string sentence = refusal(toy);
    EXPECT_NE(sentence.find(change.second), std::string::npos) << sentence;
    EXPECT_EQ(sentence.find('\n'), std::string::npos);
  }
}

TEST(Bundle, OfBeforeExtrapolationHoldsWhatItReuses) {
  const ToyBundle toy;
  const Bundle bundle(toy.directory());
  EXPECT_EQ(CoreModel(bundle.manifest()).get().extrapolate_program, -1);
  EXPECT_EQ(CorePlan(bundle, Wish()).get().policy.extrapolate, 0);
  Wish wish;
  wish.extrapolate = true;
  EXPECT_NE(plan_refusal(bundle, wish).find("no program to extrapolate with: export it again"), std::string::npos);
}

/* With the program `extrapolate`, and a gate set that uses it. */
std::string extrapolating(const ToyBundle& toy) {
  const std::string hidden = R"("dtype": "float32", "shape": [1, 4, 4]})";
  std::string manifest = replaced(toy.manifest(), R"(  "final": {"file")",
                                  R"(  "extrapolate": {"file": "programs.pte", "method": "extrapolate",
   "inputs": [{"name": "x", )" + hidden +
                                      R"(, {"name": "o", )" + hidden + R"(, {"name": "p", )" + hidden + R"(,
              {"name": "w", "dtype": "float32", "shape": [1, 1, 1]}, {"name": "c", "dtype": "float32", "shape": [1, 1, 4]}],
   "outputs": [{"name": "x", )" + hidden +
                                      R"(, {"name": "n", )" + hidden + R"(,
               {"name": "s", "dtype": "float32", "shape": [1, 4]}]},
  "final": {"file")");
  manifest = replaced(manifest, R"("final": "final")", R"("extrapolate": "extrapolate", "final": "final")");
  return replaced(manifest, R"("max_reuse": 1,)", R"("max_reuse": 1, "extrapolate": true,)");
}

TEST(Bundle, SaysWhetherItsGatesExtrapolate) {
  const ToyBundle toy;
  toy.write("manifest.json", extrapolating(toy));
  const Bundle bundle(toy.directory());
  EXPECT_EQ(CoreModel(bundle.manifest()).get().extrapolate_program, 4);
  EXPECT_EQ(CorePlan(bundle, Wish()).get().policy.extrapolate, 1);
  Wish wish;
  wish.extrapolate = false;
  EXPECT_EQ(CorePlan(bundle, wish).get().policy.extrapolate, 0);
  toy.write("manifest.json", replaced(toy.manifest(), R"("max_reuse": 1,)", R"("max_reuse": 1, "extrapolate": true,)"));
  EXPECT_NE(refusal(toy).find("extrapolates and graph.extrapolate names no program"), std::string::npos);
  toy.write("manifest.json", replaced(extrapolating(toy), "[1, 1, 1]", "[1, 1, 4]"));
  EXPECT_NE(refusal(toy).find("programs.extrapolate.inputs[3] is float32 [1, 1, 4]"), std::string::npos);
}

constexpr const char* kLazyRatios = R"("lazy_ratios": [{"steps": 2, "images": 8, "points": [
  {"gates": "2-r50", "thresholds": {"attn": 0.2, "mlp": 0.1}, "max_reuse": 1, "lazy_ratio": 0.1},
  {"gates": "2-r50", "thresholds": {"attn": 0.5, "mlp": 0.25}, "max_reuse": 1, "lazy_ratio": 0.3},
  {"gates": "2-r50", "thresholds": {"attn": 0.8, "mlp": 0.4}, "max_reuse": null, "lazy_ratio": 0.4}]}],
 "gate_sets")";

std::string calibrated(const ToyBundle& toy) { return replaced(toy.manifest(), R"("gate_sets")", kLazyRatios); }

Wish wish_for(double lazy_ratio) {
  Wish wish;
  wish.lazy_ratio = lazy_ratio;
  return wish;
}

TEST(LazyRatio, TakesWhatTheCalibrationHas) {
  const ToyBundle toy;
  toy.write("manifest.json", calibrated(toy));
  const Bundle bundle(toy.directory());
  for (const double none : {0.0, 0.04}) EXPECT_EQ(CorePlan(bundle, wish_for(none)).get().policy.kind, LAZYDIT_ALWAYS);
  // Half-way between the logits of 0.2 and 0.5, -ln 4 and 0: 1 / 3; of 0.1 and 0.25, -ln 9 and -ln 3: 1 / (1 + sqrt
  // 27).
  const CorePlan between(bundle, wish_for(0.2));
  EXPECT_EQ(between.get().policy.kind, LAZYDIT_LAZY);
  EXPECT_NEAR(between.get().policy.threshold_attn, 1.0 / 3.0, 1e-6);
  EXPECT_NEAR(between.get().policy.threshold_mlp, 1.0 / (1.0 + std::sqrt(27.0)), 1e-6);
  EXPECT_EQ(between.get().policy.max_reuse, 1);
  // Where the limit changes, the nearer point.
  EXPECT_EQ(CorePlan(bundle, wish_for(0.34)).get().policy.threshold_attn, 0.5F);
  EXPECT_EQ(CorePlan(bundle, wish_for(0.36)).get().policy.threshold_attn, 0.8F);
  EXPECT_EQ(CorePlan(bundle, wish_for(0.42)).get().policy.max_reuse, 0);
  EXPECT_EQ(lazydit::native::decided(bundle, wish_for(0.36)).gates, "2-r50");
}

TEST(LazyRatio, ThatCannotBeIsRefused) {
  const ToyBundle toy;
  EXPECT_NE(plan_refusal(Bundle(toy.directory()), wish_for(0.3)).find("no calibration of lazy ratios: export it again"),
            std::string::npos);
  toy.write("manifest.json", calibrated(toy));
  const Bundle bundle(toy.directory());
  for (const double ratio : {-0.1, 0.43, std::nan("")})
    EXPECT_NE(plan_refusal(bundle, wish_for(ratio)).find("out of reach at 2 steps: choose from 0 to 0.4"),
              std::string::npos);
  Wish wish = wish_for(0.3);
  wish.steps = 3;
  EXPECT_NE(plan_refusal(bundle, wish).find("calibrated for 2 steps, not for 3"), std::string::npos);
  wish = wish_for(0.3);
  wish.max_reuse = 2;
  EXPECT_NE(plan_refusal(bundle, wish).find("leave these out"), std::string::npos);
  wish = wish_for(0.3);
  wish.policy = "every-n";
  EXPECT_NE(plan_refusal(bundle, wish).find("means nothing to policy every-n"), std::string::npos);
}

TEST(LazyRatio, OfACalibrationThatContradictsItselfIsRefused) {
  const std::pair<const char*, std::pair<const char*, const char*>> changes[] = {
      {R"("gates": "2-r50")", {R"("gates": "3-r50")", "name 3-r50, no gate set of it"}},
      {R"("attn": 0.2)", {R"("attn": 1)", "not within 0 and 1"}},
      {R"("lazy_ratio": 0.1)", {R"("lazy_ratio": 0.9)", "do not ascend"}},
      {R"("images": 8)", {R"("images": 0)", "lazy_ratios[0].images"}},
  };
  const ToyBundle toy;
  for (const auto& [from, change] : changes) {
    toy.write("manifest.json", replaced(calibrated(toy), from, change.first));
    EXPECT_NE(refusal(toy).find(change.second), std::string::npos) << refusal(toy);
  }
}

TEST(Bundle, IsRefusedWhereAFileIsNotWhatItWas) {
  const ToyBundle toy;
  toy.write("programs.pte", "abd");
  EXPECT_NE(refusal(toy).find("its sha256 differs"), std::string::npos);
  toy.write("programs.pte", "ab");
  EXPECT_NE(refusal(toy).find("2 bytes instead of 3"), std::string::npos);
  std::filesystem::remove(toy.directory() / "programs.pte");
  EXPECT_NE(refusal(toy).find("programs.pte is missing"), std::string::npos);
  std::filesystem::create_symlink("/proc/self/exe", toy.directory() / "programs.pte");
  EXPECT_NE(refusal(toy).find("leads out of the bundle"), std::string::npos);
}

TEST(Bundle, IsRefusedWithASentenceHoweverTheManifestIsDamaged) {
  const ToyBundle toy;
  std::mt19937 random(0);
  const auto below = [&](size_t limit) { return std::uniform_int_distribution<size_t>(0, limit - 1)(random); };
  const std::string pieces[] = {
      "\"", "{", "}", "[", "]", ",", ":", "null", "-1", "0", "1e308", "9223372036854775808", "\\u0000", "\"T\""};
  int opened = 0;
  for (int round = 0; round < 1000; ++round) {
    std::string manifest = toy.manifest();
    for (size_t changes = 1 + below(3); changes > 0; --changes) {
      const size_t place = below(manifest.size());
      if (below(3) == 0)
        manifest[place] = static_cast<char>(below(256));
      else if (below(2) == 0)
        manifest.erase(place, 1 + below(8));
      else
        manifest.insert(place, pieces[below(std::size(pieces))]);
    }
    if (below(20) == 0) manifest.resize(below(manifest.size()));
    toy.write("manifest.json", manifest);
    const std::string sentence = refusal(toy);
    opened += sentence.empty() ? 1 : 0;
    EXPECT_EQ(sentence.find('\n'), std::string::npos) << sentence;
  }
  EXPECT_LT(opened, 500);
}

}  // namespace
}  // namespace lazydit_test
