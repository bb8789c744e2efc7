/* SHA-256 (FIPS 180-4). */
#ifndef LAZYDIT_NATIVE_SHA256_H_
#define LAZYDIT_NATIVE_SHA256_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "sha256_blocks.h"

namespace lazydit::native {

class Sha256 {
 public:
  explicit Sha256(Sha256Compress compress = fastest_sha256_compress()) : compress_(compress) {}

  void add(const void* data, size_t size);

  /* 64 lower-case digits; nothing may be added afterwards. */
  std::string finish();

 private:
  Sha256Compress compress_;
  Sha256State state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, kSha256Block> block_ = {};
  size_t filled_ = 0;
  uint64_t total_ = 0;
};

}  // namespace lazydit::native

#endif
