/* What holds between the parts of a manifest. */
#ifndef LAZYDIT_NATIVE_MANIFEST_CHECKS_H_
#define LAZYDIT_NATIVE_MANIFEST_CHECKS_H_

#include <array>
#include <cstdint>

#include "manifest.h"

namespace lazydit::native {

/* Throws Failure unless all parts fit together: model, gate graph, the signature of every program, gate sets, files. */
void check_manifest(const Manifest& manifest);

/* Channels, height, width of the image that decode makes, or of the latent without it. Throws Failure where decode has
   no such output. */
std::array<int64_t, 3> image_shape(const Manifest& manifest);

}  // namespace lazydit::native

#endif
