/* XXH64 with seed 0 (https://github.com/Cyan4973/xxHash, doc/xxhash_spec.md): tells damage, not malice. */
#ifndef LAZYDIT_NATIVE_CHECKSUM_H_
#define LAZYDIT_NATIVE_CHECKSUM_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace lazydit::native {

class Checksum {
 public:
  void add(const void* data, size_t size);
  uint64_t value() const;

 private:
  static constexpr size_t kStripe = 32;

  std::array<uint64_t, 4> lanes_ = {0x60ea27eeadc0b5d6u, 0xc2b2ae3d27d4eb4fu, 0, 0x61c8864e7a143579u};
  std::array<unsigned char, kStripe> rest_ = {};
  size_t rest_size_ = 0;
  uint64_t total_ = 0;
};

/* 16 lower-case digits. */
std::string hexadecimal(uint64_t value);

}  // namespace lazydit::native

#endif
