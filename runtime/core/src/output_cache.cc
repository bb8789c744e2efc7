#include "output_cache.h"

#include <cstdint>

namespace lazydit {
namespace {

constexpr std::int32_t kNever = -1;

}  // namespace

OutputCache::OutputCache(const Sizes& sizes, const Buffers& buffers)
    : modules_(sizes.modules), num_slots_(sizes.cache_slots), slots_(buffers.cache), last_two_(buffers.last_two) {}

Span<std::byte> OutputCache::Replace(const Position& at) const {
  if (last_two_.size() == 0) return Last(at);
  LastTwo& kept = last_two_[Index(at)];
  const auto step = static_cast<std::int32_t>(at.step);
  kept = at.step == 0 ? LastTwo{step, kNever, 0} : LastTwo{step, kept.last_step, 1 - kept.last_slot};
  return Last(at);
}

Span<std::byte> OutputCache::Last(const Position& at) const {
  const std::size_t index = Index(at);
  // With one slot a module, or, where nothing is reused, with as many as one program fills.
  if (last_two_.size() == 0) return slots_[index % num_slots_];
  return Slot(index, last_two_[index].last_slot);
}

std::optional<OutputCache::Line> OutputCache::LineTo(const Position& at) const {
  if (last_two_.size() == 0) return std::nullopt;
  const std::size_t index = Index(at);
  const LastTwo& kept = last_two_[index];
  if (kept.previous_step == kNever) return std::nullopt;
  const auto since = static_cast<float>(static_cast<std::int32_t>(at.step) - kept.last_step);
  const auto apart = static_cast<float>(kept.last_step - kept.previous_step);
  return Line{Slot(index, 1 - kept.last_slot), since / apart};
}

}  // namespace lazydit
