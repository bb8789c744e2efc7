#include <gtest/gtest.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include "scenario.h"

namespace lazydit_test {
namespace {

class ExecutorTest : public testing::Test {
 protected:
  ExecutorTest() : executor_(scenario_.model), generation_(PlanOrFail(Prepared())) {}

  const Scenario& Prepared() {
    scenario_.policy = EveryN(2);
    return scenario_;
  }

  lazydit_status Run() { return RunScenario(scenario_, generation_.get(), &executor_, &error_); }

  void FailAt(std::size_t index) {
    executor_.before = [index](std::size_t call) { return call == index ? 1 : 0; };
  }

  Scenario scenario_{4};
  FakeExecutor executor_;
  GenerationPtr generation_;
  lazydit_error error_;
};

TEST_F(ExecutorTest, ThatFailsEndsTheRunWhereverItFails) {
  ASSERT_EQ(Run(), LAZYDIT_OK);
  const std::vector<float> whole = LatentOf(scenario_, generation_.get());
  const std::size_t num_programs = executor_.num_calls;
  executor_.reason = "the disk is on fire";
  for (std::size_t index = 0; index < num_programs; ++index) {
    FailAt(index);
    ASSERT_EQ(Run(), LAZYDIT_EXECUTOR_FAILED);
    EXPECT_EQ(executor_.num_calls, index + 1);
    EXPECT_NE(std::strstr(error_.message, "the disk is on fire"), nullptr) << error_.message;
    EXPECT_EQ(lazydit_generation_latent(generation_.get()), nullptr);
    executor_.before = nullptr;
    ASSERT_EQ(Run(), LAZYDIT_OK);
    EXPECT_EQ(LatentOf(scenario_, generation_.get()), whole);
  }
}

TEST_F(ExecutorTest, ThatFailsIsReportedWithProgramModuleAndStep) {
  executor_.reason = "no";
  const std::pair<std::size_t, const char*> expected[] = {
      {0, "program 100 (condition) failed: no"},
      {2, "program 7 (embed, step 0) failed: no"},
      {6, "program 23 (run block 1 mlp, step 0) failed: no"},
      {7, "program 55 (final, step 0) failed: no"},
      {14, "program 3 (reuse block 0 attn, step 1) failed: no"},
  };
  for (const auto& [index, message] : expected) {
    FailAt(index);
    ASSERT_EQ(Run(), LAZYDIT_EXECUTOR_FAILED);
    EXPECT_STREQ(error_.message, message);
  }
}

TEST_F(ExecutorTest, ThatGivesNoReasonIsReportedAsSuch) {
  FailAt(0);
  ASSERT_EQ(Run(), LAZYDIT_EXECUTOR_FAILED);
  EXPECT_STREQ(error_.message, "program 100 (condition) failed: the executor gave no reason");
}

TEST_F(ExecutorTest, ThatGivesALongReasonIsCutShort) {
  executor_.reason.assign(1000, 'x');
  FailAt(0);
  ASSERT_EQ(Run(), LAZYDIT_EXECUTOR_FAILED);
  EXPECT_EQ(std::strlen(error_.message), sizeof(error_.message) - 1);
}

TEST_F(ExecutorTest, ThatGivesALongReasonIsCutBetweenCharacters) {
  FailAt(0);
  for (const std::size_t ascii : {0U, 1U, 2U, 3U}) {
    executor_.reason.assign(ascii, 'x');
    for (int i = 0; i < 100; ++i) executor_.reason += "\xF0\x9F\x98\x80";
    ASSERT_EQ(Run(), LAZYDIT_EXECUTOR_FAILED);
    const std::string reason = std::strstr(error_.message, "failed: ") + std::strlen("failed: ");
    EXPECT_EQ((reason.size() - ascii) % 4, 0U) << error_.message;
    EXPECT_GT(std::strlen(error_.message), sizeof(error_.message) - 5);
  }
}

TEST_F(ExecutorTest, ThatDoesNotTerminateItsReasonDoesNoHarm) {
  const lazydit_executor rude = {nullptr,
                                 [](void*, int32_t, const lazydit_tensor*, size_t, const lazydit_tensor*, size_t,
                                    char* message, size_t message_size) -> int32_t {
                                   std::memset(message, 'y', message_size);
                                   return -1;
                                 },
                                 nullptr, nullptr};
  EXPECT_EQ(lazydit_generation_run(generation_.get(), &scenario_.request, &rude, &error_), LAZYDIT_EXECUTOR_FAILED);
  EXPECT_EQ(std::strlen(error_.message), sizeof(error_.message) - 1);
}

TEST_F(ExecutorTest, MayLetGoOfConditionAfterItsLastCall) {
  ASSERT_EQ(Run(), LAZYDIT_OK);
  const int32_t condition = executor_.calls.front().program;
  std::size_t condition_calls = 0;
  for (const RecordedCall& call : executor_.calls) condition_calls += call.program == condition ? 1 : 0;
  ASSERT_EQ(executor_.done.size(), 1U);
  EXPECT_EQ(executor_.done.front(), std::make_pair(condition, condition_calls));
}

TEST_F(ExecutorTest, ThatThrowsIsStoppedAtTheInterface) {
  executor_.before = [](std::size_t) -> int32_t { throw std::runtime_error("not allowed"); };
  EXPECT_EQ(Run(), LAZYDIT_EXECUTOR_FAILED);
  EXPECT_EQ(lazydit_generation_latent(generation_.get()), nullptr);
  executor_.before = nullptr;
  EXPECT_EQ(Run(), LAZYDIT_OK);
}

}  // namespace
}  // namespace lazydit_test
