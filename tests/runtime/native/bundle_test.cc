#include "bundle.h"

#include <gtest/gtest.h>

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
