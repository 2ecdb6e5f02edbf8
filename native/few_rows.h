// y = x Wᵀ + b for few rows.
#pragma once

#include <ATen/ATen.h>

namespace attune {

// x (…, in) times W (out, in), plus b (out) if it is defined: (…, out), without a gradient, for float32 or bfloat16 on a CPU; adds in
// float32. Undefined for tensors that it does not support. A row's result does not depend on the other rows or the number of threads.
at::Tensor multiply_few_rows(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace attune
