#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "command_line.h"
#include "failure.h"
#include "image.h"
#include "output_file.h"
#include "statistics.h"

namespace {

namespace fs = std::filesystem;
using lazydit::native::Failure;
using namespace lazydit::tools;

TEST(CommandLine, TakesValuesInBothForms) {
  std::string first, second;
  const CommandLine line("tool", "Does.", "tool --first 1",
                         {{"first", "N", "", [&](const std::string& v) { first = v; }},
                          {"second", "N", "", [&](const std::string& v) { second = v; }}});
  const char* arguments[] = {"tool", "--first", "a=b", "--second=c=d"};
  EXPECT_TRUE(line.parse(4, arguments));
  EXPECT_EQ(first, "a=b");
  EXPECT_EQ(second, "c=d");
  EXPECT_THROW(line.parse(2, arguments), Failure);
  const char* unknown[] = {"tool", "-first", "1"};
  EXPECT_THROW(line.parse(3, unknown), Failure);
}

TEST(Numbers, AreReadWholeOrNotAtAll) {
  EXPECT_EQ(whole_number("12", "n", 0, 12), 12);
  EXPECT_EQ(seed_number("18446744073709551615", "n"), UINT64_MAX);
  EXPECT_EQ(real_number("-2.5e1", "n"), -25.0);
  for (const char* text : {"", " 1", "1 ", "1x", "13", "-1", "99999999999999999999"})
    EXPECT_THROW(whole_number(text, "n", 0, 12), Failure) << text;
  for (const char* text : {"", "-1", "18446744073709551616"}) EXPECT_THROW(seed_number(text, "n"), Failure) << text;
  for (const char* text : {"", "x", "1x", "nan", "inf", "1e999"}) EXPECT_THROW(real_number(text, "n"), Failure) << text;
}

TEST(Parts, AreWhatStandsBetweenCommas) {
  EXPECT_EQ(parts_of("a,,b"), (std::vector<std::string>{"a", "", "b"}));
  EXPECT_EQ(parts_of(""), std::vector<std::string>{""});
}

TEST(Png, RefusesWhatIsNoNumber) {
  const float pixels[] = {0, NAN, 0, 0};
  EXPECT_THROW(png(pixels, {1, 2, 2}), Failure);
}

TEST(Png, SaysItsSize) {
  const std::vector<float> pixels(3 * 2 * 5, 0.5f);
  const std::vector<uint8_t> bytes = png(pixels.data(), {3, 2, 5});
  const std::vector<uint8_t> begin = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13,
                                      'I',  'H', 'D', 'R', 0,    0,    0,    5,    0, 0, 0, 2};
  ASSERT_GT(bytes.size(), begin.size());
  EXPECT_TRUE(std::equal(begin.begin(), begin.end(), bytes.begin()));
}

TEST(OutputFile, ReplacesWholeAndLeavesNothingElse) {
  std::string name = (fs::temp_directory_path() / "lazydit-XXXXXX").string();
  const fs::path folder = mkdtemp(name.data());
  write_whole(folder / "a.json", "old", 3);
  write_whole(folder / "a.json", "newer", 5);
  EXPECT_EQ(fs::file_size(folder / "a.json"), 5u);
  EXPECT_NO_THROW(check_writable(folder / "b.png", ".png .f32"));
  EXPECT_THROW(check_writable(folder / "b.png", ".json"), Failure);
  EXPECT_THROW(check_writable(folder / "none" / "b.png", ".png"), Failure);
  EXPECT_THROW(write_whole(folder / "none" / "a.json", "x", 1), Failure);
  EXPECT_THROW(write_whole("/dev/full/a.json", "x", 1), Failure);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
  fs::remove_all(folder);
}

TEST(Statistics, AreThoseOfTheLatencyTable) {
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
  EXPECT_EQ(percentile({5, 1, 3, 2, 4}, 0.5), 3);
  EXPECT_EQ(percentile({5, 1, 3, 2, 4}, 0.9), 5);
  EXPECT_EQ(percentile({7}, 0.1), 7);
  EXPECT_DOUBLE_EQ(deviation({2, 4, 4, 4, 5, 5, 7, 9}), std::sqrt(32.0 / 7.0));
  EXPECT_DOUBLE_EQ(equal_latency_steps(140, {{10, 100}, {20, 180}}), 15);
  EXPECT_DOUBLE_EQ(equal_latency_steps(76, {{10, 100}, {20, 180}, {40, 380}}), 7);
  EXPECT_DOUBLE_EQ(equal_latency_steps(430, {{10, 100}, {20, 180}, {40, 380}}), 45);
}

TEST(Tool, TurnsFailuresIntoExitCodes) {
  EXPECT_EQ(run_tool([] {}), 0);
  EXPECT_EQ(run_tool([] { lazydit::native::refuse("bad: do better"); }), 2);
  EXPECT_EQ(run_tool([] { throw Failure(LAZYDIT_CANCELLED, ""); }), 130);
  EXPECT_EQ(run_tool([] { throw std::bad_alloc(); }), 2);
}

}  // namespace
