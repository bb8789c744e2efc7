#include "failure.h"

#include <cstdarg>
#include <cstddef>
#include <cstdio>

namespace lazydit {
namespace {

std::size_t Utf8Length(unsigned char first_byte) {
  if (first_byte >= 0xF0) return 4;
  if (first_byte >= 0xE0) return 3;
  return first_byte >= 0xC0 ? 2 : 1;
}

// Bindings decode messages as UTF-8 and some refuse half a character.
void DropPartOfCharacter(char* message, std::size_t length) {
  std::size_t last = length - 1;
  while (last > 0 && (static_cast<unsigned char>(message[last]) & 0xC0) == 0x80) --last;
  if (length - last < Utf8Length(static_cast<unsigned char>(message[last]))) message[last] = '\0';
}

void FormatMessage(lazydit_error* error, const char* format, std::va_list arguments) {
  constexpr std::size_t kSize = sizeof(error->message);
  const int length = std::vsnprintf(error->message, kSize, format, arguments);
  if (length >= static_cast<int>(kSize)) DropPartOfCharacter(error->message, kSize - 1);
}

}  // namespace

Failure::Failure(lazydit_status status, const char* format, ...) {
  error_.status = status;
  std::va_list arguments;
  va_start(arguments, format);
  FormatMessage(&error_, format, arguments);
  va_end(arguments);
}

void Require(bool condition, const char* format, ...) {
  if (condition) return;
  Failure failure;
  failure.error_.status = LAZYDIT_INVALID_ARGUMENT;
  std::va_list arguments;
  va_start(arguments, format);
  FormatMessage(&failure.error_, format, arguments);
  va_end(arguments);
  throw failure;
}

}  // namespace lazydit
