// Fused kernels for a CPU: one pass over memory where libtorch needs several. Otherwise callers use operators. They compute in float32;
// activations may be bfloat16. The same number of threads gives the same bits.
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

// Long rows are summed in blocks, for precision in float32.
constexpr int64_t block = 1024;

// out = e^(x − max x); returns the sum, and max x in `most`.
double exponentials_of_row(const float* x, float* out, int64_t count, float& most) {
    most = greatest(x, count);
    double sum = 0;
    for (int64_t at = 0; at < count; at += block) sum += exponentials(x + at, most, out + at, std::min(block, count - at));
    return sum;
}

struct AdamNumbers {
    float gradient_scale, keep, coupled_decay, weight1, beta2, weight2, rate, deviation_scale, epsilon;
};

ATTUNE_VECTORIZED
void adam(float* parameter, const float* gradient, float* mean, float* square, int64_t count, AdamNumbers n) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++) {
        float g = gradient[i] * n.gradient_scale + parameter[i] * n.coupled_decay;
        float m = mean[i] + (g - mean[i]) * n.weight1;
        float v = square[i] * n.beta2 + g * g * n.weight2;
        mean[i] = m;
        square[i] = v;
        parameter[i] = parameter[i] * n.keep - n.rate * m / (std::sqrt(v) * n.deviation_scale + n.epsilon);
    }
}

// x σ(2u) with u = √(2/π) (x + 0.044715 x³), which is ½ x (1 + tanh u).
constexpr float gelu_linear = 1.5957691216f, gelu_cubic = 0.0713548163f;

ATTUNE_VECTORIZED
void gelu(const float* x, float* y, int64_t count) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++) y[i] = x[i] / (1.0f + exponential(-x[i] * (gelu_linear + gelu_cubic * x[i] * x[i])));
}

ATTUNE_VECTORIZED
void gelu_backward(const float* x, const float* gradient, float* result, int64_t count) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++) {
        float squared = x[i] * x[i];
        float sigmoid = 1.0f / (1.0f + exponential(-x[i] * (gelu_linear + gelu_cubic * squared)));
        float slope = x[i] * (gelu_linear + 3.0f * gelu_cubic * squared);
        result[i] = gradient[i] * (sigmoid + sigmoid * (1.0f - sigmoid) * slope);
    }
}

// Elements that are converted at a time, so that they stay in the first-level cache.
constexpr int64_t chunk = 1024;

// Calls body(index, count) for chunks of a contiguous tensor, on several threads.
template <typename Body>
void in_chunks(int64_t elements, Body body) {
    at::parallel_for(0, elements, grain, [&](int64_t begin, int64_t end) {
        for (auto at = begin; at < end; at += chunk) body(at, std::min(chunk, end - at));
    });
}

struct Gelu : torch::autograd::Function<Gelu> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& x) {
        context->save_for_backward({x});
        auto y = at::empty_like(x);
        Source from(x);
        Target to(y);
        in_chunks(x.numel(), [&](int64_t at, int64_t count) {
            float in[chunk], out[chunk];
            gelu(from.read(at, count, in), to.begin(at, out), count);
            to.finish(at, count, out);
        });
        return y;
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        auto x = context->get_saved_variables()[0];
        auto gradient = gradients[0].contiguous(), result = at::empty_like(x);
        Source from(x), above(gradient);
        Target to(result);
        in_chunks(x.numel(), [&](int64_t at, int64_t count) {
            float in[chunk], slopes[chunk], out[chunk];
            gelu_backward(from.read(at, count, in), above.read(at, count, slopes), to.begin(at, out), count);
            to.finish(at, count, out);
        });
        return {result};
    }
};

// Computes probabilities in the memory of the logits, and the gradient in that of the probabilities.
struct TokenLogprobs : torch::autograd::Function<TokenLogprobs> {
    static variable_list forward(AutogradContext* context, const at::Tensor& logits, const at::Tensor& targets) {
        auto rows = logits.size(0), width = logits.size(1);
        auto logprobs = at::empty({rows}, logits.options()), entropy = at::empty_like(logprobs), likeliest = at::empty_like(logprobs);
        auto* p = logits.data_ptr<float>();
        auto* t = targets.data_ptr<int64_t>();
        auto *pl = logprobs.data_ptr<float>(), *pe = entropy.data_ptr<float>(), *pm = likeliest.data_ptr<float>();
        at::parallel_for(0, rows, std::max<int64_t>(1, grain / width), [&](int64_t begin, int64_t end) {
            std::vector<float> before(width);
            for (auto row = begin; row < end; row++) {
                auto* x = p + row * width;
                std::copy(x, x + width, before.begin());
                float most;
                auto sum = exponentials_of_row(before.data(), x, width, most);
                scale_by(x, static_cast<float>(1 / sum), width);
                double mean = 0;
                for (int64_t at = 0; at < width; at += block) mean += dot(x + at, before.data() + at, std::min(block, width - at));
                auto normalizer = most + std::log(sum);
                pl[row] = static_cast<float>(before[t[row]] - normalizer);
                pe[row] = static_cast<float>(normalizer - mean);
                pm[row] = before[t[row]] >= most;
            }
        });
        context->mark_non_differentiable({entropy, likeliest});
        context->saved_data["probabilities"] = logits.detach();
        context->saved_data["targets"] = targets;
        return {logprobs, entropy, likeliest};
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        TORCH_CHECK(context->saved_data.count("probabilities"), "the gradient of token_logprobs can be computed only once");
        auto result = context->saved_data["probabilities"].toTensor();
        auto targets = context->saved_data["targets"].toTensor();
        context->saved_data.clear();
        auto gradient = gradients[0].contiguous();
        auto width = result.size(1);
        auto* p = result.data_ptr<float>();
        auto* t = targets.data_ptr<int64_t>();
        auto* g = gradient.data_ptr<float>();
        at::parallel_for(0, result.size(0), std::max<int64_t>(1, grain / width), [&](int64_t begin, int64_t end) {
            for (auto row = begin; row < end; row++) {
                scale_by(p + row * width, -g[row], width);
                p[row * width + t[row]] += g[row];
            }
        });
        return {result, at::Tensor()};
    }
};

}  // namespace

// Each of these returns null, or sets *done to 0 and has no effect, for tensors that it does not support.

ATTUNE_EXPORT int attune_gelu(void* x, void** result) {
    return guard([&] {
        auto supported = is_readable(tensor(x)) && tensor(x).is_contiguous();
        *result = supported ? handle(Gelu::apply(tensor(x))) : nullptr;
    });
}

// The log-probability of the target of each row and, without gradients, the entropy and whether the target is the most likely token.
// Overwrites the logits.
ATTUNE_EXPORT int attune_token_logprobs(void* logits, void* targets, void** results) {
    return guard([&] {
        results[0] = nullptr;
        if (!is_dense(tensor(logits)) || !tensor(targets).is_contiguous()) return;
        auto found = TokenLogprobs::apply(tensor(logits), tensor(targets));
        for (size_t i = 0; i < found.size(); i++) results[i] = handle(found[i]);
    });
}

// Samples one token for each row of logits, the first whose cumulative probability exceeds the row's uniform number, and its
// log-probability.
ATTUNE_EXPORT int attune_draw(void* logits_, void* uniform_, void** tokens, void** logprobs) {
    return guard([&] {
        auto& logits = tensor(logits_);
        auto uniform = tensor(uniform_).contiguous();
        *tokens = nullptr;
        if (!is_dense(logits)) return;
        auto rows = logits.size(0), width = logits.size(1);
        auto drawn = at::empty({rows}, logits.options().dtype(at::kLong)), found = at::empty({rows}, logits.options());
        auto *p = logits.data_ptr<float>(), *pf = found.data_ptr<float>();
        auto* pu = uniform.data_ptr<double>();
        auto* pd = drawn.data_ptr<int64_t>();
        at::parallel_for(0, rows, std::max<int64_t>(1, grain / width), [&](int64_t begin, int64_t end) {
            std::vector<float> shares(width);
            for (auto row = begin; row < end; row++) {
                float most;
                auto* x = p + row * width;
                auto sum = exponentials_of_row(x, shares.data(), width, most);
                auto left = pu[row] * sum;
                int64_t at = 0, last = 0;
                for (; at < width; at++) {
                    if (shares[at] > 0) last = at;
                    left -= shares[at];
                    if (left < 0) break;
                }
                pd[row] = at < width ? at : last;
                pf[row] = static_cast<float>(x[pd[row]] - most - std::log(sum));
            }
        });
        *tokens = handle(drawn);
        *logprobs = handle(found);
    });
}

// One step of Adam on a parameter. `numbers` has the fields of AdamNumbers in order.
ATTUNE_EXPORT int attune_adam(void* parameter, void* gradient, void* mean, void* square, const float* numbers, int32_t* done) {
    return guard([&] {
        auto &p = tensor(parameter), &g = tensor(gradient), &m = tensor(mean), &v = tensor(square);
        *done = is_dense(p) && is_dense(g) && is_dense(m) && is_dense(v);
        if (!*done) return;
        AdamNumbers n{numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6], numbers[7], numbers[8]};
        auto *pp = p.data_ptr<float>(), *pg = g.data_ptr<float>(), *pm = m.data_ptr<float>(), *pv = v.data_ptr<float>();
        at::parallel_for(0, p.numel(), grain, [&](int64_t begin, int64_t end) {
            adam(pp + begin, pg + begin, pm + begin, pv + begin, end - begin, n);
        });
        p.unsafeGetTensorImpl()->bump_version();
    });
}
