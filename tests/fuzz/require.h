// What has to hold whatever the bytes are: a fuzzer stops where it does not.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace lazydit_test {

inline void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

// One line that says something.
inline void RequireSentence(const std::string& text) {
  Require(!text.empty() && text.find('\n') == std::string::npos, "a refusal is one sentence");
}

}  // namespace lazydit_test
