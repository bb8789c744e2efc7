/* From numbers to a picture. */
#ifndef LAZYDIT_TOOLS_IMAGE_H_
#define LAZYDIT_TOOLS_IMAGE_H_

#include <array>
#include <cstdint>
#include <vector>

namespace lazydit::tools {

/* The PNG of pixels [1 or 3, height, width] in [-1, 1]; values beyond are cut. Throws Failure where one is not finite.
 */
std::vector<uint8_t> png(const float* pixels, const std::array<int64_t, 3>& shape);

}  // namespace lazydit::tools

#endif
