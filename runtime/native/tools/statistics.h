/* The arithmetic of the latency table; benchmarks/measurement.py has the same. */
#ifndef LAZYDIT_TOOLS_STATISTICS_H_
#define LAZYDIT_TOOLS_STATISTICS_H_

#include <cstdint>
#include <map>
#include <vector>

namespace lazydit::tools {

double mean(const std::vector<double>& values);
double median(std::vector<double> values);

/* The smallest value that at least `share` of the values do not exceed. */
double percentile(std::vector<double> values, double share);

/* The standard deviation of a sample of two values or more. */
double deviation(const std::vector<double>& values);

/* How many steps of plain DDIM take as long as an image of `image_ms`, given its time at two step counts or more:
   linear between neighbouring counts, and on past the ends. */
double equal_latency_steps(double image_ms, const std::map<int32_t, double>& plain_ms);

}  // namespace lazydit::tools

#endif
