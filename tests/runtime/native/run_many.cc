// lazydit-run many times in one process. Every line of stdin is a command line, its arguments between tabs. A line of
// stdout that is a number alone is its exit code; what the tool says of an error stands on stderr by then.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "command_line.h"
#include "engine.h"
#include "run_command.h"

namespace {

std::vector<std::string> ArgumentsOf(const std::string& line) {
  std::vector<std::string> arguments = {"lazydit-run"};
  for (size_t begin = 0; begin <= line.size();) {
    const size_t end = std::min(line.find('\t', begin), line.size());
    arguments.push_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
  return arguments;
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const std::vector<std::string> arguments = ArgumentsOf(line);
    std::vector<const char*> pointers;
    for (const std::string& argument : arguments) pointers.push_back(argument.c_str());
    const int code = lazydit::tools::run_tool(
        [&] { lazydit::tools::run_command(static_cast<int>(pointers.size()), pointers.data()); });
    // The report of a run comes before, on the same stream.
    std::printf("%d\n", code);
    std::fflush(stdout);
  }
  return 0;
}
