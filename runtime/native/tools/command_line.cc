#include "command_line.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <utility>

#include "failure.h"

namespace lazydit::tools {

using native::Failure;
using native::refuse;

CommandLine::CommandLine(std::string program, std::string summary, std::string example, std::vector<Option> options)
    : program_(std::move(program)),
      summary_(std::move(summary)),
      example_(std::move(example)),
      options_(std::move(options)) {}

bool CommandLine::parse(int count, const char* const* arguments) const {
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    if (argument == "--help") {
      print_help();
      return false;
    }
    const size_t equals = argument.find('=');
    const Option& option = find(argument.substr(0, equals));
    if (option.value.empty()) {
      if (equals != std::string::npos) refuse(argument + " takes no value: give --" + option.name);
      option.take("");
    } else if (equals != std::string::npos) {
      option.take(argument.substr(equals + 1));
    } else {
      if (i + 1 == count) refuse(argument + " has no value: give " + argument + " " + option.value);
      option.take(arguments[++i]);
    }
  }
  return true;
}

const Option& CommandLine::find(const std::string& argument) const {
  for (const Option& option : options_)
    if (argument == "--" + option.name) return option;
  refuse("there is no option " + argument + ": run " + program_ + " --help");
}

void CommandLine::print_help() const {
  std::printf("%s\n\nExample: %s\n\n", summary_.c_str(), example_.c_str());
  size_t widest = 0;
  for (const Option& option : options_) widest = std::max(widest, option.name.size() + option.value.size());
  for (const Option& option : options_) {
    const std::string left = option.name + " " + option.value;
    std::printf("  --%-*s  %s\n", static_cast<int>(widest) + 1, left.c_str(), option.help.c_str());
  }
}

namespace {

template <typename Number>
bool read(const std::string& text, Number* number) {
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, *number);
  return result.ec == std::errc() && result.ptr == end;
}

}  // namespace

int64_t whole_number(const std::string& text, const std::string& option, int64_t least, int64_t most) {
  int64_t number = 0;
  if (!read(text, &number) || number < least || number > most)
    refuse("--" + option + " " + text + " is not a whole number from " + std::to_string(least) + " to " +
           std::to_string(most) + ": give one");
  return number;
}

uint64_t seed_number(const std::string& text, const std::string& option) {
  uint64_t number = 0;
  if (!read(text, &number)) refuse("--" + option + " " + text + " is no seed: choose from 0 to 2^64 - 1");
  return number;
}

double real_number(const std::string& text, const std::string& option) {
  char* end = nullptr;  // Android's library has no from_chars for doubles yet
  const double number = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(number))
    refuse("--" + option + " " + text + " is not a number: try --" + option + " 0.5");
  return number;
}

std::vector<std::string> parts_of(const std::string& text) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

int run_tool(const std::function<void()>& tool) {
  constexpr int kUseError = 2;
  constexpr int kInterrupted = 130;
  try {
    tool();
    return 0;
  } catch (const Failure& failure) {
    if (failure.status() == LAZYDIT_CANCELLED) {
      std::fputs("interrupted\n", stderr);
      return kInterrupted;
    }
    std::fprintf(stderr, "error: %s\n", failure.what());
  } catch (const std::bad_alloc&) {
    std::fputs("error: there is not enough memory: free some, or use a smaller model\n", stderr);
  }
  return kUseError;
}

}  // namespace lazydit::tools
