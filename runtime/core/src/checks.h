#ifndef LAZYDIT_SRC_CHECKS_H_
#define LAZYDIT_SRC_CHECKS_H_

#include "lazydit.h"

namespace lazydit {

// Each throws a Failure with a sentence that says what is wrong and what would be right.
void CheckModel(const lazydit_model* model);
void CheckPlan(const lazydit_model& model, const lazydit_plan* plan);
void CheckRequest(const lazydit_model& model, bool guided, const lazydit_request* request);
void CheckExecutor(const lazydit_executor* executor);
void CheckRespacing(int32_t train_steps, int32_t steps, const int64_t* out);
void CheckBetas(int32_t train_steps, double beta_start, double beta_end, const double* out);

}  // namespace lazydit

#endif  // LAZYDIT_SRC_CHECKS_H_
