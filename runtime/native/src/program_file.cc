#include "program_file.h"

#include <utility>

#include "engine_error.h"

namespace lazydit::native {
namespace {

using executorch::extension::MmapDataLoader;
using executorch::runtime::Program;

MmapDataLoader mapped(const std::string& path) {
  auto loader = MmapDataLoader::from(path.c_str(), MmapDataLoader::MlockConfig::NoMlock);
  check(loader.error(), "ExecuTorch cannot read " + path, "check that the file is there and may be read");
  return std::move(loader.get());
}

Program parsed(MmapDataLoader& loader, const std::string& path) {
  auto program = Program::load(&loader, Program::Verification::InternalConsistency);
  check(program.error(), "ExecuTorch cannot open " + path, kExportAgain);
  return std::move(program.get());
}

}  // namespace

ProgramFile::ProgramFile(const std::string& path)
    : path_(path), loader_(mapped(path)), program_(parsed(loader_, path)) {}

executorch::runtime::MethodMeta ProgramFile::meta(const std::string& method) const {
  const auto meta = program_.method_meta(method.c_str());
  check(meta.error(), "there is no method " + method + " in " + path_, kExportAgain);
  return meta.get();
}

}  // namespace lazydit::native
