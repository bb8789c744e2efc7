#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

#include "scenario.h"

namespace {

std::atomic<std::size_t> allocated_bytes{0};
std::atomic<int> allocations_until_failure{-1};  // negative: none fails

void* Allocate(std::size_t bytes, std::size_t alignment) {
  if (allocations_until_failure >= 0 && allocations_until_failure-- == 0) return nullptr;
  // aligned_alloc wants a multiple of the alignment; what is counted is what was asked for.
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  if (rounded < bytes) return nullptr;
  void* memory = std::aligned_alloc(alignment, rounded);
  if (memory != nullptr) allocated_bytes += bytes;
  return memory;
}

}  // namespace

// A machine that cannot give the memory makes the sanitizers' allocators end the process unless told otherwise.
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }
extern "C" const char* __tsan_default_options() { return "allocator_may_return_null=1"; }

void* operator new(std::size_t bytes) {
  void* memory = Allocate(bytes, alignof(std::max_align_t));
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return Allocate(bytes, static_cast<std::size_t>(alignment));
}
// Inlined, they would look to the compiler like a free of what new gave.
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }

namespace lazydit_test {
namespace {

lazydit_memory MemoryOf(const Scenario& scenario) {
  const lazydit_model model = scenario.Model();
  const lazydit_plan plan = scenario.Plan();
  lazydit_memory memory{};
  lazydit_error error;
  EXPECT_EQ(lazydit_generation_memory(&model, &plan, &memory, &error), LAZYDIT_OK) << error.message;
  return memory;
}

std::size_t BytesAllocatedByPlan(const Scenario& scenario) {
  const lazydit_model model = scenario.Model();
  const lazydit_plan plan = scenario.Plan();
  lazydit_generation* generation = nullptr;
  const std::size_t before = allocated_bytes;
  EXPECT_EQ(lazydit_generation_plan(&model, &plan, &generation, nullptr), LAZYDIT_OK);
  const std::size_t after = allocated_bytes;
  lazydit_generation_free(generation);
  return after - before;
}

TEST(MemoryReport, IsWhatPlanAllocates) {
  for (const bool guided : {false, true}) {
    for (const bool decodes : {false, true}) {
      for (const lazydit_policy& policy : {Always(), Lazy(), EveryN(2), FixedSchedule(), Extrapolating(Lazy())}) {
        Scenario scenario;
        scenario.guided = guided;
        scenario.model.decodes = decodes;
        scenario.policy = policy;
        EXPECT_EQ(BytesAllocatedByPlan(scenario), MemoryOf(scenario).total);
      }
    }
  }
}

TEST(MemoryReport, CoversItsParts) {
  Scenario scenario;
  scenario.policy = Lazy();
  const lazydit_memory memory = MemoryOf(scenario);
  EXPECT_GE(memory.gates, scenario.gates.size() * sizeof(float));
  EXPECT_GE(memory.cache, 8 * scenario.model.hidden() * sizeof(float));
  EXPECT_GT(memory.total, memory.cache + memory.modulation + memory.activations + memory.gates + memory.trace);
}

TEST(MemoryReport, OfAPolicyThatCannotReuseHasOneCacheSlot) {
  Scenario scenario;
  const std::size_t one_slot = MemoryOf(scenario).cache;
  EXPECT_LE(one_slot, scenario.model.hidden() * sizeof(float) + 3 * LAZYDIT_ALIGNMENT);

  scenario.policy = EveryN(1);
  EXPECT_EQ(MemoryOf(scenario).cache, one_slot);
  scenario.policy = FixedSchedule();
  EXPECT_GT(MemoryOf(scenario).cache, one_slot);
  scenario.schedule.assign(scenario.schedule.size(), 1);
  EXPECT_EQ(MemoryOf(scenario).cache, one_slot);
  scenario.policy = Lazy();
  EXPECT_GE(MemoryOf(scenario).cache, 8 * scenario.model.hidden() * sizeof(float));

  Scenario single_step(1);
  single_step.policy = Lazy();
  EXPECT_EQ(MemoryOf(single_step).cache, one_slot);
}

TEST(MemoryReport, OfAPolicyThatExtrapolatesHasTwoCacheSlotsForOne) {
  Scenario scenario;
  scenario.policy = Lazy();
  const lazydit_memory held = MemoryOf(scenario);
  scenario.policy = Extrapolating(Lazy());
  EXPECT_EQ(MemoryOf(scenario).cache, 2 * held.cache - LAZYDIT_ALIGNMENT);
  scenario.policy = Extrapolating(Always());
  EXPECT_LT(MemoryOf(scenario).cache, held.cache);
}

TEST(MemoryReport, AllocatesNothing) {
  const Scenario scenario;
  const std::size_t before = allocated_bytes;
  MemoryOf(scenario);
  EXPECT_EQ(allocated_bytes, before);
}

TEST(Run, AllocatesNothing) {
  Scenario scenario;
  scenario.policy = Lazy();
  const GenerationPtr generation = PlanOrFail(scenario);
  const lazydit_executor idle = {nullptr,
                                 [](void*, int32_t, const lazydit_tensor*, size_t, const lazydit_tensor*, size_t, char*,
                                    size_t) -> int32_t { return 0; },
                                 nullptr, nullptr};
  const std::size_t before = allocated_bytes;
  EXPECT_EQ(lazydit_generation_run(generation.get(), &scenario.request, &idle, nullptr), LAZYDIT_OK);
  EXPECT_EQ(allocated_bytes, before);
}

TEST(OutOfMemory, AtAnyAllocationOfPlanLeavesNoGeneration) {
  const Scenario scenario;
  const lazydit_model model = scenario.Model();
  const lazydit_plan plan = scenario.Plan();
  int failures = 0;
  for (;; ++failures) {
    lazydit_error error;
    auto* generation = reinterpret_cast<lazydit_generation*>(&error);
    allocations_until_failure = failures;
    const lazydit_status status = lazydit_generation_plan(&model, &plan, &generation, &error);
    allocations_until_failure = -1;
    if (status == LAZYDIT_OK) {
      lazydit_generation_free(generation);
      break;
    }
    ASSERT_EQ(status, LAZYDIT_OUT_OF_MEMORY);
    EXPECT_EQ(generation, nullptr);
    EXPECT_STRNE(error.message, "");
  }
  EXPECT_EQ(failures, 2) << "one allocation is the generation, the other all its tensors";
}

// A plan that needs only its few steps and module programs to be real, whatever the sizes say.
class HugeModelTest : public testing::Test {
 protected:
  lazydit_status Plan(const lazydit_model& model) {
    const lazydit_plan plan = scenario_.Plan();
    lazydit_generation* generation = reinterpret_cast<lazydit_generation*>(&error_);
    const std::size_t before = allocated_bytes;
    const lazydit_status status = lazydit_generation_plan(&model, &plan, &generation, &error_);
    EXPECT_EQ(generation, nullptr);
    EXPECT_STRNE(error_.message, "");
    large_allocations_ = allocated_bytes - before;
    return status;
  }

  Scenario scenario_{2};
  lazydit_error error_;
  std::size_t large_allocations_ = 0;
};

TEST_F(HugeModelTest, ThatCannotBeAddressedIsRefusedWithoutOverflow) {
  for (int64_t lazydit_model::* dimension :
       {&lazydit_model::width, &lazydit_model::tokens, &lazydit_model::latent_height, &lazydit_model::latent_width}) {
    for (const int64_t size : {INT64_MAX, INT64_MAX / 2, INT64_MAX / 4 + 1, int64_t{1} << 61}) {
      lazydit_model model = scenario_.Model();
      model.*dimension = size;
      EXPECT_EQ(Plan(model), LAZYDIT_INVALID_ARGUMENT) << size;
    }
  }
}

TEST_F(HugeModelTest, WhoseProductOfSizesWrapsAroundToASmallNumberIsRefused) {
  lazydit_model model = scenario_.Model();
  model.width = int64_t{1} << 32;
  model.tokens = int64_t{1} << 32;
  EXPECT_EQ(Plan(model), LAZYDIT_INVALID_ARGUMENT);
  model = scenario_.Model();
  model.decode_program = kDecode;
  model.image_height = int64_t{1} << 31;
  model.image_width = int64_t{1} << 31;
  EXPECT_EQ(Plan(model), LAZYDIT_INVALID_ARGUMENT);
}

TEST_F(HugeModelTest, ThatNoMachineHasMemoryForIsOutOfMemory) {
  lazydit_model model = scenario_.Model();
  model.tokens = int64_t{1} << 54;
  EXPECT_EQ(Plan(model), LAZYDIT_OUT_OF_MEMORY);
  EXPECT_LT(large_allocations_, 100000U);
}

}  // namespace
}  // namespace lazydit_test
