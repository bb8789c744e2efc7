/* The file of a generation's decisions. */
#ifndef LAZYDIT_TOOLS_TRACE_H_
#define LAZYDIT_TOOLS_TRACE_H_

#include <cstdint>
#include <string>

#include "bundle.h"
#include "engine.h"

namespace lazydit::tools {

/* {"images": [...]} with one image, as the Python runtime writes it. */
std::string trace_json(const native::Bundle& bundle, const std::string& policy, int64_t label, uint64_t seed,
                       const Generation& generation);

}  // namespace lazydit::tools

#endif
