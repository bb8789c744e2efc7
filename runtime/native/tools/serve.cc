#include "serve.h"

#include <fcntl.h>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <istream>
#include <memory>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "benchmark.h"
#include "bundle.h"
#include "failure.h"
#include "file_descriptor.h"
#include "process_memory.h"

namespace lazydit::tools {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
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

  /* Throws Failure, and an exception of Json where the question is not one of worker.py's. */
  Json answer(const Json& question) {
    const auto what = question.at("do").get<std::string>();
    if (what == "prepare") return {{"made", nullptr}};
    if (what == "load") return load(question);
    if (what == "check") return {{"error", nullptr}};
    if (what == "memory") return memory();
    if (what == "image") return image(question);
    native::refuse("there is no question " + what + ": update lazydit on both sides");
  }

 private:
  Json load(const Json& question) {
    if (question.at("cold").get<bool>()) drop_from_page_cache(directory_);
    resident_before_ = resident_bytes();
    const auto began = steady_clock::now();
    bundle_ = std::make_unique<native::Bundle>(directory_);
    engine_ = std::make_unique<Engine>(*bundle_, options_);
    return {{"load_ms", duration<double, std::milli>(steady_clock::now() - began).count()}};
  }

  Json image(const Json& question) {
    if (!engine_) native::refuse("there is nothing loaded to draw with: ask to load first");
    const Json& wanted = question.at("case");
    native::Wish wish;
    wish.policy = wanted.at("policy").get<std::string>();
    wish.steps = wanted.at("steps").get<int32_t>();
    if (!wanted.at("gates").is_null()) wish.gates = wanted.at("gates").get<std::string>();
    // [steps][modules], true where a module runs.
    if (wanted.contains("schedule"))
      for (const Json& row : wanted.at("schedule")) {
        const auto run = row.get<std::vector<bool>>();
        wish.schedule.emplace_back(run.begin(), run.end());
      }
    Generation generation(*bundle_, wish);
    generation.run(*engine_, question.at("label").get<int64_t>(), question.at("seed").get<uint64_t>());
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
  try {
    return served->answer(Json::parse(line));
  } catch (const Json::exception&) {
    return {{"failed", "a question is not of this version: update lazydit on both sides"}};
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
