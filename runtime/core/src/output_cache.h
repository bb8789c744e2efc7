#ifndef LAZYDIT_SRC_OUTPUT_CACHE_H_
#define LAZYDIT_SRC_OUTPUT_CACHE_H_

#include <cstddef>
#include <optional>

#include "buffers.h"
#include "policy.h"
#include "span.h"

namespace lazydit {

// The outputs of modules that are kept for reuse: the last of every module and sample or, to extrapolate, the last two.
class OutputCache {
 public:
  // The outputs live in `buffers`.
  OutputCache(const Sizes& sizes, const Buffers& buffers);

  // Takes the place of the oldest output that is kept: where the module that runs now has to put its own. Must be
  // called once a run, in sampling order; step 0 starts anew.
  Span<std::byte> Replace(const Position& at) const;

  Span<std::byte> Last(const Position& at) const;

  // The output before the last, and how far beyond the last the present step lies on the line through both: the
  // distance from the last in lengths of that between the two.
  struct Line {
    Span<std::byte> previous;
    float weight;
  };

  // Nothing where the last output is to be taken as it is.
  std::optional<Line> LineTo(const Position& at) const;

 private:
  std::size_t Index(const Position& at) const { return at.sample * modules_ + at.module; }
  Span<std::byte> Slot(std::size_t index, std::size_t which) const { return slots_[2 * index + which]; }

  std::size_t modules_;
  std::size_t num_slots_;
  Slots slots_;
  Span<LastTwo> last_two_;  // empty where one output is kept
};

}  // namespace lazydit

#endif  // LAZYDIT_SRC_OUTPUT_CACHE_H_
