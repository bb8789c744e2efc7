#include "weight_cache.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace fs = std::filesystem;
using lazydit::native::WeightCache;

const std::string kHash(64, 'a');

class WeightCacheTest : public testing::Test {
 protected:
  WeightCacheTest() {
    std::string name = (fs::temp_directory_path() / "lazydit-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~WeightCacheTest() override { fs::remove_all(folder_); }

  static void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

  static std::string read(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  /* What an engine does: opens the path, packs, keeps. */
  void pack(const std::string& text, const std::string& hash = kHash) const {
    const WeightCache cache(folder_ / "weights", hash);
    EXPECT_FALSE(cache.found());
    write(cache.engine_path(), text);
    cache.keep();
  }

  std::vector<fs::path> files() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder_ / "weights")) files.push_back(entry.path());
    return files;
  }

  fs::path folder_;
};

TEST_F(WeightCacheTest, FindsWhatWasKept) {
  pack("packed");
  const WeightCache again(folder_ / "weights", kHash);
  EXPECT_TRUE(again.found());
  EXPECT_EQ(read(again.engine_path()), "packed");
}

TEST_F(WeightCacheTest, FindsNothingForAnotherFile) {
  pack("packed");
  EXPECT_FALSE(WeightCache(folder_ / "weights", std::string(64, 'b')).found());
}

TEST_F(WeightCacheTest, ThrowsAwayWhatIsDamaged) {
  pack("packed");
  fs::permissions(files()[0], fs::perms::owner_all);
  write(files()[0], "pocked");
  EXPECT_FALSE(WeightCache(folder_ / "weights", kHash).found());
  EXPECT_TRUE(files().empty());
}

TEST_F(WeightCacheTest, WritersAtTheSameTimeLeaveOneSoundFile) {
  std::vector<std::thread> writers;
  for (int i = 0; i < 8; ++i)
    writers.emplace_back([this] {
      const WeightCache cache(folder_ / "weights", kHash);
      if (cache.found()) return;
      write(cache.engine_path(), std::string(100000, 'w'));
      cache.keep();
    });
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(files().size(), 1u);
  EXPECT_TRUE(WeightCache(folder_ / "weights", kHash).found());
}

TEST_F(WeightCacheTest, IsNoneWithoutAFolderOrAHash) {
  EXPECT_EQ(WeightCache("", kHash).engine_path(), "");
  EXPECT_EQ(WeightCache(folder_, "").engine_path(), "");
}

}  // namespace
