// Activations of the form x σ(x (linear + cubic x²)) as fused kernels for a CPU, alone and multiplied by another tensor as in gated MLPs.
// SiLU has linear 1 and cubic 0; GELU's tanh approximation, ½ x (1 + tanh u) with u = √(2/π) (x + 0.044715 x³), is x σ(2u).
#include <algorithm>

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include "export.h"
#include "vectorized.h"

using namespace attune;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

// Elements that are converted at a time, so that they stay in the first-level cache.
constexpr int64_t chunk = 1024;

inline __attribute__((always_inline)) float sigmoid_of(float x, float linear, float cubic) {
    float squared = x * x;
    return 1.0f / (1.0f + exponential(-x * (linear + cubic * squared)));
}

inline __attribute__((always_inline)) float slope_of(float x, float sigmoid, float linear, float cubic) {
    float squared = x * x;
    float slope = x * (linear + 3.0f * cubic * squared);
    return sigmoid + sigmoid * (1.0f - sigmoid) * slope;
}

ATTUNE_VECTORIZED
void activate(const float* x, float linear, float cubic, float* y, int64_t count) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++) y[i] = x[i] / (1.0f + exponential(-x[i] * (linear + cubic * x[i] * x[i])));
}

ATTUNE_VECTORIZED
void activate_backward(const float* x, const float* gradient, float linear, float cubic, float* result, int64_t count) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++) result[i] = gradient[i] * slope_of(x[i], sigmoid_of(x[i], linear, cubic), linear, cubic);
}

ATTUNE_VECTORIZED
void gate(const float* x, const float* up, float linear, float cubic, float* y, int64_t count) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++) y[i] = x[i] * sigmoid_of(x[i], linear, cubic) * up[i];
}

ATTUNE_VECTORIZED
void gate_backward(const float* x, const float* up, const float* gradient, float linear, float cubic, float* to_x, float* to_up,
                   int64_t count) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++) {
        float sigmoid = sigmoid_of(x[i], linear, cubic);
        to_x[i] = gradient[i] * up[i] * slope_of(x[i], sigmoid, linear, cubic);
        to_up[i] = gradient[i] * x[i] * sigmoid;
    }
}

// Calls body(row, column, count) for chunks of the rows of a matrix, on several threads.
template <typename Body>
void in_chunks(int64_t rows, int64_t columns, Body body) {
    auto pieces = (columns + chunk - 1) / chunk;
    at::parallel_for(0, rows * pieces, std::max<int64_t>(1, grain / std::min(chunk, columns)), [&](int64_t begin, int64_t end) {
        for (auto at = begin; at < end; at++) {
            auto column = at % pieces * chunk;
            body(at / pieces, column, std::min(chunk, columns - column));
        }
    });
}

struct Activation : torch::autograd::Function<Activation> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& x, double linear, double cubic) {
        context->save_for_backward({x});
        context->saved_data["linear"] = linear;
        context->saved_data["cubic"] = cubic;
        auto y = at::empty_like(x);
        Source from(x);
        Target to(y);
        in_chunks(1, x.numel(), [&](int64_t, int64_t at, int64_t count) {
            float in[chunk], out[chunk];
            activate(from.read(at, count, in), linear, cubic, to.begin(at, out), count);
            to.finish(at, count, out);
        });
        return y;
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        auto x = context->get_saved_variables()[0];
        float linear = context->saved_data["linear"].toDouble(), cubic = context->saved_data["cubic"].toDouble();
        auto gradient = gradients[0].contiguous(), result = at::empty_like(x);
        Source from(x), above(gradient);
        Target to(result);
        in_chunks(1, x.numel(), [&](int64_t, int64_t at, int64_t count) {
            float in[chunk], slopes[chunk], out[chunk];
            activate_backward(from.read(at, count, in), above.read(at, count, slopes), linear, cubic, to.begin(at, out), count);
            to.finish(at, count, out);
        });
        return {result, at::Tensor(), at::Tensor()};
    }
};

// x and up are (N, F), each with dense rows; the result and the gradients are contiguous.
struct Gated : torch::autograd::Function<Gated> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& up, double linear, double cubic) {
        context->save_for_backward({x, up});
        context->saved_data["linear"] = linear;
        context->saved_data["cubic"] = cubic;
        auto width = x.size(1);
        auto y = at::empty(x.sizes(), x.options());
        Source from_x(x), from_up(up);
        Target to(y);
        in_chunks(x.size(0), width, [&](int64_t row, int64_t column, int64_t count) {
            float a[chunk], b[chunk], out[chunk];
            auto at = row * width + column;
            gate(from_x.read(row * x.stride(0) + column, count, a), from_up.read(row * up.stride(0) + column, count, b), linear, cubic,
                 to.begin(at, out), count);
            to.finish(at, count, out);
        });
        return y;
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        auto saved = context->get_saved_variables();
        auto &x = saved[0], &up = saved[1];
        float linear = context->saved_data["linear"].toDouble(), cubic = context->saved_data["cubic"].toDouble();
        auto width = x.size(1);
        auto gradient = gradients[0].contiguous(), dx = at::empty(x.sizes(), x.options()), dup = at::empty(x.sizes(), x.options());
        Source from_x(x), from_up(up), above(gradient);
        Target to_x(dx), to_up(dup);
        in_chunks(x.size(0), width, [&](int64_t row, int64_t column, int64_t count) {
            float a[chunk], b[chunk], slopes[chunk], out_x[chunk], out_up[chunk];
            auto at = row * width + column;
            gate_backward(from_x.read(row * x.stride(0) + column, count, a), from_up.read(row * up.stride(0) + column, count, b),
                          above.read(at, count, slopes), linear, cubic, to_x.begin(at, out_x), to_up.begin(at, out_up), count);
            to_x.finish(at, count, out_x);
            to_up.finish(at, count, out_up);
        });
        return {dx, dup, at::Tensor(), at::Tensor()};
    }
};

bool has_dense_rows(const at::Tensor& t) { return is_readable(t) && t.dim() == 2 && t.stride(1) == 1; }

}  // namespace

// Each of these returns null for tensors that it does not support.

ATTUNE_EXPORT int attune_activation(void* x, double linear, double cubic, void** result) {
    return guard([&] {
        auto supported = is_readable(tensor(x)) && tensor(x).is_contiguous();
        *result = supported ? handle(Activation::apply(tensor(x), linear, cubic)) : nullptr;
    });
}

// The activation of x (…, F), multiplied by up (…, F).
ATTUNE_EXPORT int attune_gated(void* x_, void* up_, double linear, double cubic, void** result) {
    return guard([&] {
        auto &x = tensor(x_), &up = tensor(up_);
        *result = nullptr;
        if (!is_readable(x) || x.sizes() != up.sizes() || x.scalar_type() != up.scalar_type()) return;
        auto x_rows = x.reshape({-1, x.size(-1)}), up_rows = up.reshape({-1, x.size(-1)});
        if (!has_dense_rows(x_rows) || !has_dense_rows(up_rows)) return;
        *result = handle(Gated::apply(x_rows, up_rows, linear, cubic).view(x.sizes()));
    });
}
