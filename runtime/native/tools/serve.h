/* One engine that answers questions, a line of JSON each: the other end of benchmarks/conductor.py, as
   benchmarks/worker.py is on the host. */
#ifndef LAZYDIT_TOOLS_SERVE_H_
#define LAZYDIT_TOOLS_SERVE_H_

#include <filesystem>
#include <iosfwd>

#include "engine.h"

namespace lazydit::tools {

/* Answers every line until there are no more. The first is about the engine, which the options have said already. What
   fails is answered with {"failed": sentence}. */
void serve(const std::filesystem::path& bundle, const EngineOptions& options, std::istream& questions,
           std::ostream& answers);

}  // namespace lazydit::tools

#endif
