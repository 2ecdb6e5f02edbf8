// y = x Wᵀ + b for few rows.
#pragma once

#include <ATen/ATen.h>

namespace attune {

// For float32 or bfloat16 on a CPU, and a matrix in memory as (out, in) or (in, out).
bool supports_few_rows(const at::Tensor& x, const at::Tensor& weight);

// x (…, in) times W (out, in), plus b (out) in float32 if it is defined: (…, out). Adds in float32. A row's result does not depend on the
// other rows or the number of threads.
at::Tensor multiply_few_rows(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace attune
