#include "lazydit_native.h"

#include <cmath>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "executor.h"
#include "failure.h"
#include "options.h"

using lazydit::native::Executor;
using lazydit::native::Failure;
using lazydit::native::Options;
using lazydit::native::ProgramPlace;

struct lazydit_native {
  lazydit_native(const std::vector<ProgramPlace>& places, const Options& options) : executor(places, options) {}
  Executor executor;
};

namespace {

constexpr size_t kLongestHash = 128;
constexpr const char* kHexadecimal = "0123456789abcdef";

lazydit_status report(lazydit_error* error, lazydit_status status, const char* sentence) {
  if (error != nullptr) {
    error->status = status;
    std::snprintf(error->message, sizeof error->message, "%s", sentence);
  }
  return status;
}

/* Runs `work`; what it throws becomes a status and a sentence. */
template <typename Work>
lazydit_status guarded(lazydit_error* error, Work work) {
  try {
    work();
    return report(error, LAZYDIT_OK, "");
  } catch (const Failure& failure) {
    return report(error, failure.status(), failure.what());
  } catch (const std::bad_alloc&) {
    return report(error, LAZYDIT_OUT_OF_MEMORY, "there is not enough memory for the programs: use a smaller model");
  } catch (const std::exception& unforeseen) {
    return report(error, LAZYDIT_EXECUTOR_FAILED, unforeseen.what());
  }
}

void require(bool holds, const char* sentence) {
  if (!holds) throw Failure(LAZYDIT_INVALID_ARGUMENT, sentence);
}

std::vector<ProgramPlace> places_of(const lazydit_native_program* programs, size_t num_programs) {
  require(programs != nullptr && num_programs > 0, "there are no programs: give those of a bundle");
  std::vector<ProgramPlace> places;
  for (size_t i = 0; i < num_programs; ++i) {
    require(programs[i].file != nullptr && programs[i].method != nullptr,
            "a program has no file or no method: give both");
    const std::string hash = programs[i].hash == nullptr ? "" : programs[i].hash;
    require(hash.size() <= kLongestHash && hash.find_first_not_of(kHexadecimal) == std::string::npos,
            "the hash of a program's file is not hexadecimal: give its sha256, or none");
    const double epsilon = programs[i].layer_norm_epsilon;
    require(std::isfinite(epsilon) && epsilon >= 0,
            "the epsilon of a program's layer norm is no number from 0: give the model's, or 0");
    places.push_back({programs[i].file, programs[i].method, hash, epsilon});
  }
  return places;
}

}  // namespace

const char* lazydit_native_engine_version(void) { return LAZYDIT_EXECUTORCH_VERSION; }

lazydit_status lazydit_native_options_check(const lazydit_native_options* options, lazydit_error* error) {
  return guarded(error, [&] {
    require(options != nullptr, "there are no options: give a struct of zeros for the defaults");
    Options::from(*options).validate();
  });
}

size_t lazydit_native_options_print(const lazydit_native_options* options, char* text, size_t size) {
  const std::string all = options == nullptr ? std::string() : Options::from(*options).to_string();
  if (text != nullptr && size > 0) std::snprintf(text, size, "%s", all.c_str());
  return all.size() + 1;
}

lazydit_status lazydit_native_create(const lazydit_native_program* programs, size_t num_programs,
                                     const lazydit_native_options* options, lazydit_native** native,
                                     lazydit_error* error) {
  return guarded(error, [&] {
    require(native != nullptr, "there is no place for the executor: give a pointer to one");
    *native = nullptr;
    require(options != nullptr, "there are no options: give a struct of zeros for the defaults");
    const Options checked = Options::from(*options);
    checked.validate();
    *native = new lazydit_native(places_of(programs, num_programs), checked);
  });
}

lazydit_status lazydit_native_program_signature(const lazydit_native* native, int32_t program,
                                                lazydit_native_signature* signature, lazydit_error* error) {
  return guarded(error, [&] {
    require(native != nullptr && signature != nullptr, "there is no executor or no place for a signature: give both");
    *signature = native->executor.signature(program);
  });
}

const lazydit_executor* lazydit_native_executor(const lazydit_native* native) { return native->executor.interface(); }

void lazydit_native_free(lazydit_native* native) { delete native; }
