#include "sha256.h"

#include <algorithm>

namespace lazydit::native {

void Sha256::add(const void* data, size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  total_ += size;
  while (size > 0) {
    if (filled_ == 0 && size >= block_.size()) {
      const size_t blocks = size / block_.size();
      compress_(&state_, bytes, blocks);
      bytes += blocks * block_.size();
      size -= blocks * block_.size();
      continue;
    }
    const size_t taken = std::min(size, block_.size() - filled_);
    std::copy_n(bytes, taken, block_.begin() + static_cast<std::ptrdiff_t>(filled_));
    filled_ += taken;
    bytes += taken;
    size -= taken;
    if (filled_ < block_.size()) return;
    compress_(&state_, block_.data(), 1);
    filled_ = 0;
  }
}

std::string Sha256::finish() {
  const uint64_t bits = total_ * 8;
  constexpr unsigned char kEnd = 0x80;
  constexpr unsigned char kZero = 0;
  add(&kEnd, 1);
  while (filled_ != block_.size() - 8) add(&kZero, 1);
  std::array<unsigned char, 8> length;
  for (size_t i = 0; i < length.size(); ++i) length[i] = static_cast<unsigned char>(bits >> (56 - 8 * i));
  add(length.data(), length.size());
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const uint32_t word : state_)
    for (int shift = 28; shift >= 0; shift -= 4) text += kDigits[word >> shift & 15];
  return text;
}

}  // namespace lazydit::native
