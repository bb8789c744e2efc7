/* The weights of one .pte file as the engine packs them for this processor, kept from one load to the next. */
#ifndef LAZYDIT_NATIVE_WEIGHT_CACHE_H_
#define LAZYDIT_NATIVE_WEIGHT_CACHE_H_

#include <filesystem>
#include <string>

#include "file_descriptor.h"

namespace lazydit::native {

/*
 * A kept file is called HASH-ENVIRONMENT-CHECKSUM.weights: the hash of the .pte file, of engine and processor, of its
 * own content. A file whose content is not what its name says is removed, not used. It is written under another name
 * first and renamed whole, so that several processes may write and read at the same time.
 *
 * The engine packs through a shared mapping, and on a disk that is full this ends the process. It is therefore given
 * memory in place of a file, and what it left there is written out in the ordinary way: when that fails, nothing is
 * kept.
 */
class WeightCache {
 public:
  /* Looks for the weights of the .pte file that has this hash; an empty folder or hash means no cache. Throws nothing:
     without a cache everything runs, loading only takes longer. */
  WeightCache(const std::string& folder, const std::string& hash);

  /* What the engine is to open: the kept file, or memory for new weights; empty where there is no cache. Of use while
     this object lives. */
  std::string engine_path() const;

  /* Whether the weights were found. */
  bool found() const { return found_; }

  /* Writes new weights to the folder, if it can; after the engine has put them there. */
  void keep() const;

 private:
  void look_up();

  std::filesystem::path folder_;
  std::string stem_;
  FileDescriptor weights_;
  bool found_ = false;
};

}  // namespace lazydit::native

#endif
