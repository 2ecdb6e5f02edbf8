// Products of bfloat16 matrices with a processor's instructions for them.
#pragma once

#include <ATen/ATen.h>

namespace attune {

// Whether the processor has instructions (AVX512-BF16, and AMX where there is it) and this build has kernels for them.
bool has_bfloat16_kernel();

// a (M, K) times b (K, N) plus a bias (N) where it is defined, all bfloat16 on the CPU: (M, N). Adds in float32, in the same order for
// any number of threads. Needs a kernel, and matrices with elements.
at::Tensor multiply_bfloat16(const at::Tensor& a, const at::Tensor& b, const at::Tensor& bias);

}  // namespace attune
