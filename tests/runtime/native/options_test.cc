#include <gtest/gtest.h>

#include <string>

#include "lazydit_native.h"

namespace {

lazydit_error error_of(const lazydit_native_options& options) {
  lazydit_error error = {};
  EXPECT_EQ(lazydit_native_options_check(&options, &error), error.status);
  return error;
}

TEST(Options, ZerosAreValid) { EXPECT_EQ(error_of({}).status, LAZYDIT_OK); }

TEST(Options, AnErrorNamesTheOptionToChange) {
  lazydit_native_options options = {};
  options.threads = -1;
  EXPECT_EQ(error_of(options).status, LAZYDIT_INVALID_ARGUMENT);
  EXPECT_STREQ(error_of(options).message, "threads is -1: choose 1 to 1024, or 0 for the engine's choice");
}

TEST(Options, PrintThemselves) {
  const lazydit_native_options options = {2, "packed"};
  char text[64];
  EXPECT_EQ(lazydit_native_options_print(&options, text, sizeof text), sizeof "threads=2 weight_cache=packed");
  EXPECT_STREQ(text, "threads=2 weight_cache=packed");
}

TEST(Options, PrintCutsWhatHasNoRoomAndSaysHowMuchItNeeds) {
  const lazydit_native_options options = {2, nullptr};
  char text[10];
  EXPECT_EQ(lazydit_native_options_print(&options, text, sizeof text), sizeof "threads=2 weight_cache=none");
  EXPECT_STREQ(text, "threads=2");
  EXPECT_EQ(lazydit_native_options_print(&options, nullptr, 0), sizeof "threads=2 weight_cache=none");
}

TEST(Create, RefusesWhatCannotBeAnExecutor) {
  const lazydit_native_options options = {};
  const lazydit_native_program missing = {"no-such-file.pte", "embed", nullptr, 0};
  const lazydit_native_program unnamed = {"no-such-file.pte", nullptr, nullptr, 0};
  const lazydit_native_program misnamed = {"no-such-file.pte", "embed", "../../etc", 0};
  const lazydit_native_program strange = {"no-such-file.pte", "reuse", nullptr, -1};
  int anything = 0;
  auto* native = reinterpret_cast<lazydit_native*>(&anything);
  lazydit_error error = {};
  EXPECT_EQ(lazydit_native_create(nullptr, 0, &options, &native, &error), LAZYDIT_INVALID_ARGUMENT);
  EXPECT_EQ(native, nullptr);
  EXPECT_EQ(lazydit_native_create(&unnamed, 1, &options, &native, &error), LAZYDIT_INVALID_ARGUMENT);
  EXPECT_EQ(lazydit_native_create(&misnamed, 1, &options, &native, &error), LAZYDIT_INVALID_ARGUMENT);
  EXPECT_EQ(lazydit_native_create(&strange, 1, &options, &native, &error), LAZYDIT_INVALID_ARGUMENT);
  EXPECT_EQ(lazydit_native_create(&missing, 1, nullptr, &native, &error), LAZYDIT_INVALID_ARGUMENT);
  EXPECT_EQ(lazydit_native_create(&missing, 1, &options, nullptr, &error), LAZYDIT_INVALID_ARGUMENT);
  EXPECT_EQ(lazydit_native_create(&missing, 1, &options, &native, &error), LAZYDIT_EXECUTOR_FAILED);
  EXPECT_NE(std::string(error.message).find("ExecuTorch cannot read no-such-file.pte"), std::string::npos);
  EXPECT_EQ(native, nullptr);
  lazydit_native_free(native);
}

}  // namespace
