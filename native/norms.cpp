// Layer and RMS norms over the last dimension as fused kernels for a CPU, which can write another type than they read.
#include <algorithm>
#include <cmath>
#include <vector>

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include "export.h"
#include "vectorized.h"

using namespace attune;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

ATTUNE_VECTORIZED
float sum_of(const float* x, int64_t count) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < count; i++) sum += x[i];
    return sum;
}

ATTUNE_VECTORIZED
float squares_of(const float* x, float mean, int64_t count) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < count; i++) sum += (x[i] - mean) * (x[i] - mean);
    return sum;
}

ATTUNE_VECTORIZED
void normalize(const float* x, float mean, float scale, const float* weight, float offset, const float* bias, float* y, int64_t count) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++) y[i] = (x[i] - mean) * scale * (weight[i] + offset) + bias[i];
}

// Adds a row's gradients to those of weight and bias, and replaces x and the gradient by the normalised x and the gradient with respect
// to it.
ATTUNE_VECTORIZED
void prepare(float* x, float mean, float scale, const float* weight, float offset, float* gradient, float* to_weight, float* to_bias,
             int64_t count) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++) {
        x[i] = (x[i] - mean) * scale;
        to_weight[i] += gradient[i] * x[i];
        to_bias[i] += gradient[i];
        gradient[i] *= weight[i] + offset;
    }
}

ATTUNE_VECTORIZED
void combine(const float* normalized, const float* gradient, float scale, float mean_gradient, float projection, float* result,
             int64_t count) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++) result[i] = scale * (gradient[i] - mean_gradient - normalized[i] * projection);
}

// y = (x − mean) / √(variance + ε) · (weight + offset) + bias; without a bias it is the RMS norm, whose mean is taken as 0.
struct Norm : torch::autograd::Function<Norm> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                              const c10::optional<at::Tensor>& bias, double epsilon, double offset, int64_t dtype) {
        auto width = x.size(-1), rows = x.numel() / width;
        auto y = at::empty(x.sizes(), x.options().dtype(static_cast<at::ScalarType>(dtype)));
        auto statistics = at::empty({rows, 2}, x.options().dtype(at::kFloat));
        auto* found = statistics.data_ptr<float>();
        auto w = weight.to(at::kFloat).contiguous(), b = bias ? bias->to(at::kFloat).contiguous() : at::zeros_like(w);
        auto *pw = w.data_ptr<float>(), *pb = b.data_ptr<float>();
        Source from(x);
        Target to(y);
        at::parallel_for(0, rows, std::max<int64_t>(1, grain / width), [&](int64_t begin, int64_t end) {
            std::vector<float> in(width), out(width);
            for (auto row = begin; row < end; row++) {
                auto* values = from.read(row * width, width, in.data());
                float mean = bias ? sum_of(values, width) / width : 0;
                float scale = 1 / std::sqrt(squares_of(values, mean, width) / width + static_cast<float>(epsilon));
                normalize(values, mean, scale, pw, offset, pb, to.begin(row * width, out.data()), width);
                to.finish(row * width, width, out.data());
                found[2 * row] = mean;
                found[2 * row + 1] = scale;
            }
        });
        context->save_for_backward({x, weight, statistics});
        context->saved_data["offset"] = offset;
        context->saved_data["bias"] = bias.has_value();
        return y;
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        auto saved = context->get_saved_variables();
        auto &x = saved[0], &weight = saved[1], &statistics = saved[2];
        auto has_bias = context->saved_data["bias"].toBool();
        float offset = context->saved_data["offset"].toDouble();
        auto width = x.size(-1), rows = x.numel() / width;
        auto gradient = gradients[0].contiguous(), dx = at::empty_like(x), w = weight.to(at::kFloat).contiguous();
        auto *found = statistics.data_ptr<float>(), *pw = w.data_ptr<float>();
        Source from(x), above(gradient);
        Target to(dx);
        // Each part of the rows has its own sums, so that the same number of threads gives the same bits.
        auto parts = std::min<int64_t>(at::get_num_threads(), std::max<int64_t>(1, rows * width / grain));
        auto sums = at::zeros({parts, 2, width}, w.options());
        auto* ps = sums.data_ptr<float>();
        at::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
            std::vector<float> in(width), slopes(width), out(width);
            for (auto part = begin; part < end; part++)
                for (auto row = rows * part / parts; row < rows * (part + 1) / parts; row++) {
                    auto* values = from.read(row * width, width, in.data());
                    if (values != in.data()) std::copy(values, values + width, in.begin());
                    auto* g = above.read(row * width, width, slopes.data());
                    if (g != slopes.data()) std::copy(g, g + width, slopes.begin());
                    float mean = found[2 * row], scale = found[2 * row + 1];
                    prepare(in.data(), mean, scale, pw, offset, slopes.data(), ps + 2 * part * width, ps + (2 * part + 1) * width, width);
                    float mean_gradient = has_bias ? sum_of(slopes.data(), width) / width : 0;
                    float projection = dot(slopes.data(), in.data(), width) / width;
                    combine(in.data(), slopes.data(), scale, mean_gradient, projection, to.begin(row * width, out.data()), width);
                    to.finish(row * width, width, out.data());
                }
        });
        auto totals = sums.sum(0).to(weight.scalar_type());
        return {dx, totals[0], has_bias ? totals[1] : at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
    }
};

}  // namespace

// The layer norm, or without a bias the RMS norm, of x (…, D) with (weight + offset), in a type. Returns null for tensors that it does not
// support.
ATTUNE_EXPORT int attune_norm(void* x_, void* weight_, void* bias, double epsilon, double offset, int32_t dtype, void** result) {
    return guard([&] {
        auto &x = tensor(x_), &weight = tensor(weight_);
        auto type = static_cast<at::ScalarType>(dtype);
        *result = nullptr;
        if (!is_readable(x) || !is_readable(weight) || !x.is_contiguous() || x.numel() == 0) return;
        if (type != at::kFloat && type != at::kBFloat16) return;
        auto b = bias ? c10::optional<at::Tensor>(tensor(bias)) : c10::nullopt;
        *result = handle(Norm::apply(x, weight, b, epsilon, offset, static_cast<int64_t>(dtype)));
    });
}
