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

// Computes probabilities in the memory of the logits, and the gradient in that of the probabilities. Results are float32.
struct TokenLogprobs : torch::autograd::Function<TokenLogprobs> {
    static variable_list forward(AutogradContext* context, const at::Tensor& logits, const at::Tensor& targets) {
        auto rows = logits.size(0), width = logits.size(1);
        auto logprobs = at::empty({rows}, logits.options().dtype(at::kFloat));
        auto entropy = at::empty_like(logprobs), likeliest = at::empty_like(logprobs);
        Source from(logits);
        Target to(logits);
        auto* t = targets.data_ptr<int64_t>();
        auto *pl = logprobs.data_ptr<float>(), *pe = entropy.data_ptr<float>(), *pm = likeliest.data_ptr<float>();
        at::parallel_for(0, rows, std::max<int64_t>(1, grain / width), [&](int64_t begin, int64_t end) {
            std::vector<float> before(width), buffer(width);
            for (auto row = begin; row < end; row++) {
                auto* given = from.read(row * width, width, before.data());
                if (given != before.data()) std::copy(given, given + width, before.begin());
                auto* x = to.begin(row * width, buffer.data());
                float most;
                auto sum = exponentials_of_row(before.data(), x, width, most);
                scale_by(x, static_cast<float>(1 / sum), width);
                double mean = 0;
                for (int64_t at = 0; at < width; at += block) mean += dot(x + at, before.data() + at, std::min(block, width - at));
                auto normalizer = most + std::log(sum);
                pl[row] = static_cast<float>(before[t[row]] - normalizer);
                pe[row] = static_cast<float>(normalizer - mean);
                pm[row] = before[t[row]] >= most;
                to.finish(row * width, width, x);
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
        Source from(result);
        Target to(result);
        auto* t = targets.data_ptr<int64_t>();
        auto* g = gradient.data_ptr<float>();
        at::parallel_for(0, result.size(0), std::max<int64_t>(1, grain / width), [&](int64_t begin, int64_t end) {
            std::vector<float> buffer(width);
            for (auto row = begin; row < end; row++) {
                from.read(row * width, width, buffer.data());
                auto* p = to.begin(row * width, buffer.data());
                scale_by(p, -g[row], width);
                p[t[row]] += g[row];
                to.finish(row * width, width, p);
            }
        });
        return {result, at::Tensor()};
    }
};

}  // namespace

// Each of these returns null, or sets *done to 0 and has no effect, for tensors that it does not support.

// The log-probability of the target of each row and, without gradients, the entropy and whether the target is the most likely token.
// Overwrites the logits.
ATTUNE_EXPORT int attune_token_logprobs(void* logits, void* targets, void** results) {
    return guard([&] {
        results[0] = nullptr;
        if (!is_readable(tensor(logits)) || !tensor(logits).is_contiguous() || !tensor(targets).is_contiguous()) return;
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
