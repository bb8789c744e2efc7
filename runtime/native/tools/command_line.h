/* Options of a command line: long names only, each with a value or a flag. */
#ifndef LAZYDIT_TOOLS_COMMAND_LINE_H_
#define LAZYDIT_TOOLS_COMMAND_LINE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace lazydit::tools {

struct Option {
  std::string name;   // without the dashes
  std::string value;  // what stands for its value in the help; empty for a flag
  std::string help;
  std::function<void(const std::string& value)> take;
};

class CommandLine {
 public:
  CommandLine(std::string program, std::string summary, std::string example, std::vector<Option> options);

  /* Hands every value to its option. False where the help was asked for, and printed. Throws Failure. */
  bool parse(int count, const char* const* arguments) const;

 private:
  const Option& find(const std::string& argument) const;
  void print_help() const;

  std::string program_;
  std::string summary_;
  std::string example_;
  std::vector<Option> options_;
};

/* Numbers as typed; a Failure names the option. */
int64_t whole_number(const std::string& text, const std::string& option, int64_t least, int64_t most);
uint64_t seed_number(const std::string& text, const std::string& option);
double real_number(const std::string& text, const std::string& option);

/* The parts between commas. */
std::vector<std::string> parts_of(const std::string& text);

/* Runs a tool to its exit code: 0, 2 after one sentence on stderr, 130 when interrupted. */
int run_tool(const std::function<void()>& tool);

}  // namespace lazydit::tools

#endif
