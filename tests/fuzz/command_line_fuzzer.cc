// A command line, its arguments between zero bytes: taken, or refused with a sentence.
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "command_line.h"
#include "failure.h"
#include "require.h"

namespace lazydit_test {
namespace {

std::vector<std::string> ArgumentsOf(const uint8_t* data, size_t size) {
  std::vector<std::string> arguments = {"tool"};
  for (size_t begin = 0; begin < size;) {
    arguments.emplace_back(reinterpret_cast<const char*>(data) + begin,
                           strnlen(reinterpret_cast<const char*>(data) + begin, size - begin));
    begin += arguments.back().size() + 1;
  }
  return arguments;
}

lazydit::tools::CommandLine Tool() {
  using namespace lazydit::tools;
  return {"tool",
          "Does nothing.",
          "tool --count 3",
          {{"count", "N", "from -5 to 9",
            [](const std::string& text) {
              const int64_t count = whole_number(text, "count", -5, 9);
              Require(count >= -5 && count <= 9, "a whole number lies where it is asked for");
            }},
           {"seed", "N", "any", [](const std::string& text) { seed_number(text, "seed"); }},
           {"list", "N,N", "numbers", [](const std::string& text) {
              for (const std::string& part : parts_of(text))
                Require(std::isfinite(real_number(part, "list")), "a number is finite");
            }}}};
}

}  // namespace
}  // namespace lazydit_test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto arguments = lazydit_test::ArgumentsOf(data, size);
  std::vector<const char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(argument.c_str());
  try {
    lazydit_test::Tool().parse(static_cast<int>(pointers.size()), pointers.data());
  } catch (const lazydit::native::Failure& failure) {
    // What was typed is repeated as it is.
    lazydit_test::Require(*failure.what() != '\0', "a refusal says something");
  }
  return 0;
}
