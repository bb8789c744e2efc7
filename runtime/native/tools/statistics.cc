#include "statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <numeric>

namespace lazydit::tools {

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double percentile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const double rank = std::ceil(share * static_cast<double>(values.size()));
  return values[static_cast<size_t>(std::max(rank, 1.0)) - 1];
}

double deviation(const std::vector<double>& values) {
  const double center = mean(values);
  const double squares = std::accumulate(values.begin(), values.end(), 0.0, [center](double sum, double value) {
    return sum + (value - center) * (value - center);
  });
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

double equal_latency_steps(double image_ms, const std::map<int32_t, double>& plain_ms) {
  auto high = std::next(plain_ms.begin());
  while (std::next(high) != plain_ms.end() && image_ms > high->second) ++high;
  const auto low = std::prev(high);
  const double slope = (high->second - low->second) / (high->first - low->first);
  return low->first + (image_ms - low->second) / slope;
}

}  // namespace lazydit::tools
