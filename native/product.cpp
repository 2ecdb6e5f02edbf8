// Linear layers where libtorch's operator is slow: for few rows, and in bfloat16. On processors without instructions for its products
// these are converted to float32, multiplied with BLAS, and rounded; the results are those of the instructions, up to the order of
// additions.
#include <fstream>
#include <sstream>
#include <string>

#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/version.h>

#include "bfloat16_product.h"
#include "export.h"
#include "few_rows.h"

using namespace attune;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

at::Tensor wide(const at::Tensor& t) { return t.to(at::kFloat); }

// Whether the flags in the text of /proc/cpuinfo include bfloat16: `flags` on x86-64, `Features` on ARM.
bool lists_bfloat16(std::istream& cpuinfo) {
    for (std::string line; std::getline(cpuinfo, line);) {
        std::istringstream words(line);
        std::string word;
        words >> word;
        if (word != "flags" && word != "Features") continue;
        while (words >> word)
            if (word == "avx512_bf16" || word == "bf16") return true;
    }
    return false;
}

// libtorch has products with ARM's instructions since version 2.2.
bool multiplies_bfloat16() {
#if defined(__x86_64__) || TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 2)
    static const bool found = [] {
        std::ifstream cpuinfo("/proc/cpuinfo");
        return at::hasMKLDNN() && lists_bfloat16(cpuinfo);
    }();
    return found;
#else
    return false;
#endif
}

bool is_bfloat16(const at::Tensor& x, const at::Tensor& weight) {
    return x.is_cpu() && x.scalar_type() == at::kBFloat16 && weight.scalar_type() == at::kBFloat16;
}

// Whether the kernel for few rows is faster than BLAS.
bool has_few_rows(const at::Tensor& x, const at::Tensor& weight) {
    return x.numel() > 0 && weight.numel() > 0 && x.numel() <= 128 * x.size(-1) && supports_few_rows(x, weight);
}

// a (M, K) times b (K, N), plus a bias (N) where it is defined, in the type of a; adds in float32.
at::Tensor product(const at::Tensor& a, const at::Tensor& b, const at::Tensor& bias = {}) {
    auto is_empty = a.numel() == 0 || b.numel() == 0;
    if (a.scalar_type() == at::kBFloat16 && has_bfloat16_kernel() && !is_empty) return multiply_bfloat16(a, b, bias);
    auto wide_product = bias.defined() ? at::addmm(wide(bias), wide(a), wide(b)) : wide(a).mm(wide(b));
    return wide_product.to(a.scalar_type());
}

// x Wᵀ + b for x (…, in), W (out, in), b (out).
at::Tensor multiply(const at::Tensor& x, const at::Tensor& weight, const c10::optional<at::Tensor>& bias) {
    RECORD_USER_SCOPE("attune::linear");
    auto added = bias.value_or(at::Tensor());
    if (has_few_rows(x, weight) && !(x.scalar_type() == at::kBFloat16 && has_bfloat16_kernel()))
        return multiply_few_rows(x, weight, bias ? wide(added) : added);
    auto shape = x.sizes().vec();
    shape.back() = weight.size(0);
    return product(x.reshape({-1, x.size(-1)}), weight.t(), added).view(shape);
}

// The same with gradients.
struct Linear : torch::autograd::Function<Linear> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                              const c10::optional<at::Tensor>& bias) {
        context->save_for_backward({x, weight});
        context->saved_data["x"] = x.requires_grad();
        context->saved_data["weight"] = weight.requires_grad();
        context->saved_data["bias"] = bias && bias->requires_grad();
        return multiply(x, weight, bias);
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        auto saved = context->get_saved_variables();
        auto &x = saved[0], &weight = saved[1];
        auto above = gradients[0].reshape({-1, weight.size(0)});                       // (N, out)
        at::Tensor to_x, to_weight, to_bias;
        if (context->saved_data["x"].toBool()) to_x = product(above, weight).view(x.sizes());
        if (context->saved_data["weight"].toBool()) {
            auto rows = x.reshape({-1, weight.size(1)});                               // (N, in)
            auto is_transposed = weight.stride(0) == 1 && weight.stride(1) != 1;       // the gradient gets the memory order of the weight
            to_weight = is_transposed ? product(rows.t(), above).t() : product(above.t(), rows);
        }
        if (context->saved_data["bias"].toBool()) to_bias = above.sum(0);
        return {to_x, to_weight, to_bias};
    }
};

}  // namespace

// Whether the processor has instructions for products of bfloat16 (AVX512-BF16, which processors with AMX have too, or ARM's), and libtorch
// has oneDNN, which uses them.
ATTUNE_EXPORT int32_t attune_multiplies_bfloat16() { return multiplies_bfloat16(); }

ATTUNE_EXPORT int32_t attune_lists_bfloat16(const char* cpuinfo) {
    std::istringstream text(cpuinfo);
    return lists_bfloat16(text);
}

// Whether the product is one of float32 with a trained weight. Its gradient is a matrix of its own, to which autograd adds that of a tied
// embedding in place; the gradient of libtorch's operator is a view, which autograd copies.
bool trains(const at::Tensor& x, const at::Tensor& weight) {
    return at::GradMode::is_enabled() && weight.is_leaf() && weight.requires_grad() && x.is_cpu() && x.scalar_type() == at::kFloat
        && weight.scalar_type() == at::kFloat;
}

// Returns null where libtorch's operator is as good. The bias may be null.
ATTUNE_EXPORT int attune_linear(void* x_, void* weight_, void* bias_, void** result) {
    return guard([&] {
        auto &x = tensor(x_), &weight = tensor(weight_);
        auto bias = bias_ ? c10::optional<at::Tensor>(tensor(bias_)) : c10::nullopt;
        *result = nullptr;
        auto is_native = is_bfloat16(x, weight) && multiplies_bfloat16() && !has_bfloat16_kernel();
        if (is_native || !(is_bfloat16(x, weight) || has_few_rows(x, weight) || trains(x, weight))) return;
        auto has_gradient = at::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad() || (bias && bias->requires_grad()));
        *result = handle(has_gradient ? Linear::apply(x, weight, bias) : multiply(x, weight, bias));
    });
}
