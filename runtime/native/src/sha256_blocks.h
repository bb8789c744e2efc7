/* The part of SHA-256 that takes the time. */
#ifndef LAZYDIT_NATIVE_SHA256_BLOCKS_H_
#define LAZYDIT_NATIVE_SHA256_BLOCKS_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace lazydit::native {

inline constexpr size_t kSha256Block = 64;

using Sha256State = std::array<uint32_t, 8>;

/* Takes `count` blocks into the state. */
using Sha256Compress = void (*)(Sha256State* state, const unsigned char* blocks, size_t count);

/* For any processor. */
void sha256_compress(Sha256State* state, const unsigned char* blocks, size_t count);

/* With the instructions that this processor has for it, if it has any, which is six times as fast. */
Sha256Compress fastest_sha256_compress();

}  // namespace lazydit::native

#endif
