// Linear layers where libtorch's operator is slow: for few rows without a gradient, and in bfloat16 on processors that have no
// instructions for its products. The latter converts to float32, multiplies with BLAS, and rounds; the results are those of the
// instructions, up to the order of additions.
#include <torch/csrc/autograd/custom_function.h>

#include "export.h"
#include "few_rows.h"

using namespace attune;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

at::Tensor wide(const at::Tensor& t) { return t.to(at::kFloat); }
at::Tensor narrow(const at::Tensor& t) { return t.to(at::kBFloat16); }

// x Wᵀ + b for x (…, in), W (out, in), b (out).
struct Linear : torch::autograd::Function<Linear> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                              const c10::optional<at::Tensor>& bias) {
        context->save_for_backward({x, weight});
        context->saved_data["x"] = x.requires_grad();
        context->saved_data["weight"] = weight.requires_grad();
        context->saved_data["bias"] = bias && bias->requires_grad();
        return narrow(at::linear(wide(x), wide(weight), bias ? wide(*bias) : at::Tensor()));
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        auto saved = context->get_saved_variables();
        auto &x = saved[0], &weight = saved[1];
        auto above = wide(gradients[0].reshape({-1, weight.size(0)}));                // (N, out)
        at::Tensor to_x, to_weight, to_bias;
        if (context->saved_data["x"].toBool()) to_x = narrow(above.mm(wide(weight))).view(x.sizes());
        if (context->saved_data["weight"].toBool()) {
            auto rows = wide(x.reshape({-1, weight.size(1)}));                         // (N, in)
            auto is_transposed = weight.stride(0) == 1 && weight.stride(1) != 1;       // the gradient gets the memory order of the weight
            to_weight = is_transposed ? narrow(rows.t().mm(above)).t() : narrow(above.t().mm(rows));
        }
        if (context->saved_data["bias"].toBool()) to_bias = narrow(above.sum(0));
        return {to_x, to_weight, to_bias};
    }
};

bool multiplies_bfloat16() {
#if defined(__x86_64__)
    static const bool found = at::hasMKLDNN() && __builtin_cpu_supports("avx512bf16");
    return found;
#else
    return false;
#endif
}

bool needs_gradient(const at::Tensor& x, const at::Tensor& weight) {
    return at::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad());
}

// Up to how many rows the product of few rows is faster than BLAS. Instructions for bfloat16 win earlier.
int64_t few_rows(const at::Tensor& x) { return x.scalar_type() == at::kBFloat16 && multiplies_bfloat16() ? 16 : 128; }

}  // namespace

// Whether the processor has instructions for products of bfloat16 (AVX512-BF16, which processors with AMX have too), and libtorch has
// oneDNN, which uses them.
ATTUNE_EXPORT int32_t attune_multiplies_bfloat16() { return multiplies_bfloat16(); }

// Returns null where libtorch's operator is fast: for other types and devices, and on processors with the instructions. The bias may be
// null.
ATTUNE_EXPORT int attune_linear(void* x_, void* weight_, void* bias, void** result) {
    return guard([&] {
        auto &x = tensor(x_), &weight = tensor(weight_);
        *result = nullptr;
        if (!needs_gradient(x, weight) && x.numel() / std::max<int64_t>(1, x.size(-1)) <= few_rows(x)) {
            *result = handle(multiply_few_rows(x, weight, bias ? tensor(bias) : at::Tensor()));
            if (*result) return;
        }
        if (!x.device().is_cpu() || x.scalar_type() != at::kBFloat16 || weight.scalar_type() != at::kBFloat16) return;
        if (multiplies_bfloat16()) return;
        *result = handle(Linear::apply(x, weight, bias ? c10::optional<at::Tensor>(tensor(bias)) : c10::nullopt));
    });
}
