#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>

#include "bundle.h"
#include "failure.h"
#include "planning.h"
#include "toy_bundle.h"

namespace {

std::atomic<int> allocations_until_failure{-1};  // negative: none fails

void* Allocate(std::size_t bytes) {
  if (allocations_until_failure >= 0 && allocations_until_failure-- == 0) return nullptr;
  return std::malloc(bytes);
}

}  // namespace

void* operator new(std::size_t bytes) {
  void* memory = Allocate(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return Allocate(bytes); }
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  if (allocations_until_failure >= 0 && allocations_until_failure-- == 0) return nullptr;
  return std::aligned_alloc(static_cast<std::size_t>(alignment), bytes);
}
// Inlined, they would look to the compiler like a free of what new gave.
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }

namespace lazydit_test {
namespace {

// Whether there was the memory to plan; what is refused for another reason is no answer to that.
bool Planned(const lazydit::native::Bundle& bundle, const lazydit::native::Wish& wish) {
  try {
    const lazydit::native::CoreModel model(bundle.manifest());
    const lazydit::native::CorePlan plan(bundle, wish);
    lazydit_generation* generation = nullptr;
    lazydit_error error;
    lazydit::native::check(lazydit_generation_plan(&model.get(), &plan.get(), &generation, &error), error);
    lazydit_generation_free(generation);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  } catch (const lazydit::native::Failure& failure) {
    allocations_until_failure = -1;
    EXPECT_EQ(failure.status(), LAZYDIT_OUT_OF_MEMORY) << failure.what();
    return false;
  }
}

TEST(OutOfMemory, AtAnyAllocationOfPlanningIsSaidAndLeaksNothing) {
  const ToyBundle toy;
  const lazydit::native::Bundle bundle(toy.directory());
  for (const char* policy : {"lazy", "always"}) {
    lazydit::native::Wish wish;
    wish.policy = policy;
    int failures = -1;
    for (bool planned = false; !planned; ++failures) {
      allocations_until_failure = failures + 1;
      planned = Planned(bundle, wish);
      allocations_until_failure = -1;
    }
    EXPECT_GT(failures, 5) << policy;
  }
}

}  // namespace
}  // namespace lazydit_test
