#include <algorithm>
#include <new>

#include "../include/sha256/lazydit_sha256.h"
#include "sha256.h"

struct lazydit_sha256 {
  lazydit::native::Sha256 digest;
};

extern "C" {

lazydit_sha256* lazydit_sha256_new(void) { return new (std::nothrow) lazydit_sha256; }

void lazydit_sha256_add(lazydit_sha256* digest, const void* data, size_t size) { digest->digest.add(data, size); }

void lazydit_sha256_finish(lazydit_sha256* digest, char digits[65]) {
  const std::string text = digest->digest.finish();
  std::copy(text.c_str(), text.c_str() + text.size() + 1, digits);
}

void lazydit_sha256_free(lazydit_sha256* digest) { delete digest; }
}
