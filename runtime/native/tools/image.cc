#include "image.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>

#include "failure.h"

namespace lazydit::tools {
namespace {

uint8_t level(float value) {
  if (!std::isfinite(value)) native::refuse("the image grew beyond all numbers: choose a guidance closer to 1");
  // Halves go to the even neighbour, as in numpy.
  return static_cast<uint8_t>(std::nearbyint((std::clamp(value, -1.0F, 1.0F) + 1.0F) * 127.5F));
}

void append(void* context, void* data, int size) {
  auto& bytes = *static_cast<std::vector<uint8_t>*>(context);
  const auto* const begin = static_cast<const uint8_t*>(data);
  bytes.insert(bytes.end(), begin, begin + size);
}

}  // namespace

std::vector<uint8_t> png(const float* pixels, const std::array<int64_t, 3>& shape) {
  const auto channels = static_cast<size_t>(shape[0]);
  const auto plane = static_cast<size_t>(shape[1] * shape[2]);
  std::vector<uint8_t> levels(channels * plane);
  for (size_t channel = 0; channel < channels; ++channel)
    for (size_t i = 0; i < plane; ++i) levels[i * channels + channel] = level(pixels[channel * plane + i]);
  std::vector<uint8_t> bytes;
  const auto width = static_cast<int>(shape[2]);
  const auto row = width * static_cast<int>(channels);
  if (stbi_write_png_to_func(append, &bytes, width, static_cast<int>(shape[1]), static_cast<int>(channels),
                             levels.data(), row) == 0)
    throw native::Failure(LAZYDIT_OUT_OF_MEMORY, "there is not enough memory for the picture: free some");
  return bytes;
}

}  // namespace lazydit::tools
