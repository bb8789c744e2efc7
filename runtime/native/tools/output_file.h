/* Files that are written whole or not at all. */
#ifndef LAZYDIT_TOOLS_OUTPUT_FILE_H_
#define LAZYDIT_TOOLS_OUTPUT_FILE_H_

#include <cstddef>
#include <filesystem>
#include <string>

namespace lazydit::tools {

/* Throws Failure unless a file `path`, which must end in one of the suffixes (".png .f32"), can be written. Long work
   asks before it starts. */
void check_writable(const std::filesystem::path& path, const std::string& suffixes);

/* Fills a file beside `path`, then renames it. Throws Failure; `path` then is what it was before. */
void write_whole(const std::filesystem::path& path, const void* data, size_t size);

}  // namespace lazydit::tools

#endif
