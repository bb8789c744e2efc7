/* The options of an executor, with the sentence that says what is wrong with them. */
#ifndef LAZYDIT_NATIVE_OPTIONS_H_
#define LAZYDIT_NATIVE_OPTIONS_H_

#include <cstdint>
#include <string>

#include "lazydit_native.h"

namespace lazydit::native {

struct Options {
  int32_t threads = 0;
  std::string weight_cache;  // a folder, or empty

  static Options from(const lazydit_native_options& options);

  /* Throws Failure with a sentence that names the option to change. */
  void validate() const;
  std::string to_string() const;
};

}  // namespace lazydit::native

#endif
