#include "checksum.h"

#include <algorithm>
#include <cstring>

namespace lazydit::native {
namespace {

constexpr uint64_t kPrime1 = 0x9e3779b185ebca87u;
constexpr uint64_t kPrime2 = 0xc2b2ae3d27d4eb4fu;
constexpr uint64_t kPrime3 = 0x165667b19e3779f9u;
constexpr uint64_t kPrime4 = 0x85ebca77c2b2ae63u;
constexpr uint64_t kPrime5 = 0x27d4eb2f165667c5u;

uint64_t rotated(uint64_t value, int bits) { return (value << bits) | (value >> (64 - bits)); }

uint64_t round_of(uint64_t lane, uint64_t input) { return rotated(lane + input * kPrime2, 31) * kPrime1; }

/* A word as it lies: all processors that ExecuTorch runs on are little-endian. */
template <typename Word>
Word word(const unsigned char* data) {
  Word value;
  std::memcpy(&value, data, sizeof value);
  return value;
}

void add_stripe(std::array<uint64_t, 4>& lanes, const unsigned char* data) {
  for (size_t lane = 0; lane < lanes.size(); ++lane)
    lanes[lane] = round_of(lanes[lane], word<uint64_t>(data + 8 * lane));
}

uint64_t merged(const std::array<uint64_t, 4>& lanes) {
  uint64_t hash = rotated(lanes[0], 1) + rotated(lanes[1], 7) + rotated(lanes[2], 12) + rotated(lanes[3], 18);
  for (const uint64_t lane : lanes) hash = (hash ^ round_of(0, lane)) * kPrime1 + kPrime4;
  return hash;
}

uint64_t mixed(uint64_t hash) {
  hash = (hash ^ (hash >> 33)) * kPrime2;
  hash = (hash ^ (hash >> 29)) * kPrime3;
  return hash ^ (hash >> 32);
}

}  // namespace

void Checksum::add(const void* data, size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  total_ += size;
  if (rest_size_ > 0) {
    const size_t taken = std::min(size, kStripe - rest_size_);
    std::copy_n(bytes, taken, rest_.begin() + static_cast<std::ptrdiff_t>(rest_size_));
    rest_size_ += taken;
    bytes += taken;
    size -= taken;
    if (rest_size_ < kStripe) return;
    add_stripe(lanes_, rest_.data());
    rest_size_ = 0;
  }
  for (; size >= kStripe; bytes += kStripe, size -= kStripe) add_stripe(lanes_, bytes);
  std::copy_n(bytes, size, rest_.begin());
  rest_size_ = size;
}

uint64_t Checksum::value() const {
  uint64_t hash = total_ >= kStripe ? merged(lanes_) : kPrime5;
  hash += total_;
  const unsigned char* rest = rest_.data();
  const unsigned char* const end = rest + rest_size_;
  for (; end - rest >= 8; rest += 8) hash = rotated(hash ^ round_of(0, word<uint64_t>(rest)), 27) * kPrime1 + kPrime4;
  if (end - rest >= 4) {
    hash = rotated(hash ^ word<uint32_t>(rest) * kPrime1, 23) * kPrime2 + kPrime3;
    rest += 4;
  }
  for (; rest < end; ++rest) hash = rotated(hash ^ *rest * kPrime5, 11) * kPrime1;
  return mixed(hash);
}

std::string hexadecimal(uint64_t value) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text(16, '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, value >>= 4) *digit = kDigits[value & 15];
  return text;
}

}  // namespace lazydit::native
