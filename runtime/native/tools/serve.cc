#include "serve.h"

#include <fcntl.h>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <istream>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <ostream>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "benchmark.h"
#include "bundle.h"
#include "failure.h"
#include "file_descriptor.h"
#include "json_place.h"
#include "process_memory.h"

namespace lazydit::tools {
namespace {

namespace fs = std::filesystem;
using native::Json;
using native::JsonPlace;
using std::chrono::duration;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

/* The next read comes from the disk, where the system lets a user ask for that. */
void drop_from_page_cache([[maybe_unused]] const fs::path& directory) {
#ifdef POSIX_FADV_DONTNEED
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(directory, ignored)) {
    const native::FileDescriptor file(open(entry.path().c_str(), O_RDONLY | O_CLOEXEC));
    if (file.is_open()) posix_fadvise(file.number(), 0, 0, POSIX_FADV_DONTNEED);
  }
#endif
}

/* The engine's threads spin for a while after work: the next engine is not to pay for that. */
void wait_until_idle() {
  constexpr milliseconds kQuiet(10);
  constexpr std::chrono::seconds kLongest(1);
  const auto end = steady_clock::now() + kLongest;
  while (steady_clock::now() < end) {
    const std::clock_t before = std::clock();
    std::this_thread::sleep_for(kQuiet);
    const double used_ms = 1e3 * static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
    if (used_ms < static_cast<double>(kQuiet.count()) / 5) return;
  }
}

class Served {
 public:
  Served(fs::path directory, EngineOptions options) : directory_(std::move(directory)), options_(std::move(options)) {}

  Json answer(const JsonPlace& question) {
    const std::string what = question["do"].one_of({"prepare", "load", "check", "image", "memory"});
    if (what == "prepare") return {{"made", nullptr}};
    if (what == "load") return load(question);
    if (what == "check") return {{"error", nullptr}};
    if (what == "memory") return memory();
    return image(question);
  }

 private:
  Json load(const JsonPlace& question) {
    if (question["cold"].boolean()) drop_from_page_cache(directory_);
    resident_before_ = resident_bytes();
    const auto began = steady_clock::now();
    bundle_ = std::make_unique<native::Bundle>(directory_);
    engine_ = std::make_unique<Engine>(*bundle_, options_);
    return {{"load_ms", duration<double, std::milli>(steady_clock::now() - began).count()}};
  }

  Json image(const JsonPlace& question) {
    if (!engine_) native::refuse("there is nothing loaded to draw with: ask to load first");
    constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
    const JsonPlace wanted = question["case"];
    native::Wish wish;
    wish.policy = wanted["policy"].text();
    wish.steps = static_cast<int32_t>(wanted["steps"].integer(1, kMost));
    if (!wanted["gates"].is_null()) wish.gates = wanted["gates"].name();
    Generation generation(*bundle_, wish);
    generation.run(*engine_, question["label"].integer(0, bundle_->manifest().model.num_classes - 1),
                   static_cast<uint64_t>(question["seed"].integer(0, std::numeric_limits<int64_t>::max())));
    wait_until_idle();
    return image_times(generation);
  }

  Json memory() const {
    const std::optional<int64_t> peak = peak_bytes();
    if (!peak || !resident_before_) return {{"peak_bytes", nullptr}};
    return {{"peak_bytes", *peak - *resident_before_}};
  }

  fs::path directory_;
  EngineOptions options_;
  std::optional<int64_t> resident_before_;
  std::unique_ptr<native::Bundle> bundle_;
  std::unique_ptr<Engine> engine_;
};

Json answer_to(const std::string& line, Served* served) {
  static const std::string kSource = "the question";
  try {
    const Json question = Json::parse(line);
    return served->answer(JsonPlace(question, kSource));
  } catch (const Json::parse_error&) {
    return {{"failed", "the question is not JSON: ask one in a line"}};
  } catch (const native::Failure& failure) {
    return {{"failed", failure.what()}};
  } catch (const std::bad_alloc&) {
    return {{"failed", "there is not enough memory: free some, or use a smaller model"}};
  }
}

}  // namespace

void serve(const fs::path& bundle, const EngineOptions& options, std::istream& questions, std::ostream& answers) {
  Served served(bundle, options);
  std::string line;
  if (std::getline(questions, line)) answers << "{}" << std::endl;
  while (std::getline(questions, line)) answers << answer_to(line, &served).dump() << std::endl;
}

}  // namespace lazydit::tools
