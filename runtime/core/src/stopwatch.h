#ifndef LAZYDIT_SRC_STOPWATCH_H_
#define LAZYDIT_SRC_STOPWATCH_H_

#include <chrono>

namespace lazydit {

class Stopwatch {
 public:
  double Milliseconds() const { return std::chrono::duration<double, std::milli>(Clock::now() - start_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

}  // namespace lazydit

#endif  // LAZYDIT_SRC_STOPWATCH_H_
