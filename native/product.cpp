// Linear layers where libtorch's operator is slow: for few rows, and in bfloat16 for small products and on processors that have no
// instructions for its products. The latter two convert to float32, multiply with BLAS, and round; the results are those of the
// instructions, up to the order of additions.
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include <torch/csrc/autograd/custom_function.h>
#include <torch/version.h>

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
bool has_few_rows(const at::Tensor& x, const at::Tensor& weight) { return x.numel() <= 128 * x.size(-1) && supports_few_rows(x, weight); }

// x Wᵀ + b for x (…, in), W (out, in), b (out); adds in float32.
struct Linear : torch::autograd::Function<Linear> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                              const c10::optional<at::Tensor>& bias) {
        context->save_for_backward({x, weight});
        context->saved_data["x"] = x.requires_grad();
        context->saved_data["weight"] = weight.requires_grad();
        context->saved_data["bias"] = bias && bias->requires_grad();
        auto added = bias ? wide(*bias) : at::Tensor();
        return has_few_rows(x, weight) ? multiply_few_rows(x, weight, added)
                                       : at::linear(wide(x), wide(weight), added).to(x.scalar_type());
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        auto saved = context->get_saved_variables();
        auto &x = saved[0], &weight = saved[1];
        auto type = x.scalar_type();
        auto above = wide(gradients[0].reshape({-1, weight.size(0)}));                // (N, out)
        at::Tensor to_x, to_weight, to_bias;
        if (context->saved_data["x"].toBool()) to_x = above.mm(wide(weight)).to(type).view(x.sizes());
        if (context->saved_data["weight"].toBool()) {
            auto rows = wide(x.reshape({-1, weight.size(1)}));                         // (N, in)
            auto is_transposed = weight.stride(0) == 1 && weight.stride(1) != 1;       // the gradient gets the memory order of the weight
            to_weight = is_transposed ? rows.t().mm(above).to(type).t() : above.t().mm(rows).to(type);
        }
        if (context->saved_data["bias"].toBool()) to_bias = above.sum(0).to(type);
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

// Whether a product of bfloat16 is so small that oneDNN needs longer for the call than float32 for the product. libtorch adds up the
// smallest ones in bfloat16, too.
bool is_small(const at::Tensor& x, const at::Tensor& weight) { return x.numel() * weight.size(0) < 1 << 18; }

// oneDNN compiles a kernel for each number of rows, which takes milliseconds and some 50 KB, and keeps up to as many kernels as an
// environment variable says; when a thread drops a kernel while another one looks for one, version 2.6 fails or returns wrong numbers. So
// numbers of rows are rounded up, and the variable is large.
const bool keeps_kernels = setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16384", 0) == 0;

// A number of rows that is at most an eighth larger: above 16, 32, 48, … 256, 288, … 512, 576, …
int64_t rounded_up(int64_t rows) {
    int64_t step = 16;
    while (step * 16 < rows) step *= 2;
    return rows <= 16 ? rows : (rows + step - 1) / step * step;
}

// x Wᵀ + b with the processor's instructions for bfloat16.
at::Tensor multiply_bfloat16(const at::Tensor& x, const at::Tensor& weight, const c10::optional<at::Tensor>& bias) {
    auto rows = x.reshape({-1, x.size(-1)});
    auto count = rows.size(0), padding = rounded_up(count) - count;
    if (padding > 0) rows = at::constant_pad_nd(rows, {0, 0, 0, padding});
    auto shape = x.sizes().vec();
    shape.back() = weight.size(0);
    return at::linear(rows, weight, bias).narrow(0, 0, count).view(shape);
}

// Returns null where libtorch's operator is as good. The bias may be null.
ATTUNE_EXPORT int attune_linear(void* x_, void* weight_, void* bias_, void** result) {
    return guard([&] {
        auto &x = tensor(x_), &weight = tensor(weight_);
        auto bias = bias_ ? c10::optional<at::Tensor>(tensor(bias_)) : c10::nullopt;
        *result = nullptr;
        if (is_bfloat16(x, weight) && multiplies_bfloat16() && !is_small(x, weight))
            *result = handle(multiply_bfloat16(x, weight, bias));
        else if (is_bfloat16(x, weight) || has_few_rows(x, weight) || trains(x, weight))
            *result = handle(Linear::apply(x, weight, bias));
    });
}
