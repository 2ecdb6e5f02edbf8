// Fused kernels for float32 on a CPU: one pass over memory where libtorch needs several. Otherwise callers use operators. The same
// number of threads gives the same bits.
#include <algorithm>
#include <bit>
#include <cmath>

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include "export.h"

using namespace attune;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Compiles a function for processors with and without AVX2; the loader selects one.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#define ATTUNE_VECTORIZED __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define ATTUNE_VECTORIZED
#endif

// The BLAS of libtorch; null if libtorch does not export it.
extern "C" void sgemm_(const char* transpose_a, const char* transpose_b, const int* m, const int* n, const int* k, const float* alpha,
                       const float* a, const int* lda, const float* b, const int* ldb, const float* beta, float* c, const int* ldc)
    __attribute__((weak));

namespace {

bool is_dense(const at::Tensor& t) { return t.device().is_cpu() && t.scalar_type() == at::kFloat && t.is_contiguous(); }

// e^x to 2 units in the last place; 0 below the smallest normal number. Cephes' expf, in a form that compilers vectorize.
inline __attribute__((always_inline)) float exponential(float x) {
    float bounded = x > 88.0f ? 88.0f : x;
    bounded = bounded < -87.0f ? -87.0f : bounded;
    float n = (bounded * 1.44269504f + 12582912.0f) - 12582912.0f;              // rounds
    float r = bounded - n * 0.693359375f + n * 2.12194440e-4f;
    float y = 1.9875691500e-4f;
    y = y * r + 1.3981999507e-3f;
    y = y * r + 8.3334519073e-3f;
    y = y * r + 4.1665795894e-2f;
    y = y * r + 1.6666665459e-1f;
    y = y * r + 5.0000001201e-1f;
    y = y * r * r + r + 1.0f;
    auto power = std::bit_cast<float>((static_cast<int32_t>(n) + 127) << 23);
    return x < -87.0f ? 0.0f : y * power;
}

ATTUNE_VECTORIZED
float greatest(const float* x, int64_t count) {
    float found = -INFINITY;
#pragma omp simd reduction(max : found)
    for (int64_t i = 0; i < count; i++) found = x[i] > found ? x[i] : found;
    return found;
}

// out = e^(x − shift); returns the sum.
ATTUNE_VECTORIZED
float exponentials(const float* x, float shift, float* out, int64_t count) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < count; i++) {
        out[i] = exponential(x[i] - shift);
        sum += out[i];
    }
    return sum;
}

ATTUNE_VECTORIZED
void scale_by(float* x, float factor, int64_t count) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++) x[i] *= factor;
}

ATTUNE_VECTORIZED
float dot(const float* a, const float* b, int64_t count) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < count; i++) sum += a[i] * b[i];
    return sum;
}

// y += factor · x
ATTUNE_VECTORIZED
void add_scaled(float* y, float factor, const float* x, int64_t count) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++) y[i] += factor * x[i];
}

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

constexpr int64_t grain = 1 << 14;

struct Gelu : torch::autograd::Function<Gelu> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& x) {
        context->save_for_backward({x});
        auto y = at::empty_like(x);
        auto *from = x.data_ptr<float>(), *to = y.data_ptr<float>();
        at::parallel_for(0, x.numel(), grain, [&](int64_t begin, int64_t end) { gelu(from + begin, to + begin, end - begin); });
        return y;
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        auto x = context->get_saved_variables()[0];
        auto gradient = gradients[0].contiguous();
        auto result = at::empty_like(x);
        auto *px = x.data_ptr<float>(), *pg = gradient.data_ptr<float>(), *pr = result.data_ptr<float>();
        at::parallel_for(0, x.numel(), grain, [&](int64_t begin, int64_t end) {
            gelu_backward(px + begin, pg + begin, pr + begin, end - begin);
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

// A row-major matrix whose rows are `stride` floats apart.
struct Matrix {
    float* data;
    int64_t stride;
};

// c = alpha a b + beta c, with a (rows, inner) and b (inner, columns), each optionally transposed first.
void product(int64_t rows, int64_t columns, int64_t inner, float alpha, Matrix a, bool transpose_a, Matrix b, bool transpose_b, float beta,
             Matrix c) {
    int m = columns, n = rows, k = inner, lda = b.stride, ldb = a.stride, ldc = c.stride;
    sgemm_(transpose_b ? "T" : "N", transpose_a ? "T" : "N", &m, &n, &k, &alpha, b.data, &lda, a.data, &ldb, &beta, c.data, &ldc);
}

Matrix matrix(const at::Tensor& t, int64_t row, int64_t head) {
    return {t.data_ptr<float>() + row * t.stride(0) + head * t.stride(1), t.stride(2)};
}

// The attention of one query, for which a call of BLAS costs more than the computation.
void attend_alone(const float* q, Matrix k, Matrix v, const float* bias, float scale, int64_t length, int64_t width, float* weights,
                  float* out) {
    for (int64_t s = 0; s < length; s++) weights[s] = scale * dot(q, k.data + s * k.stride, width) + bias[s];
    auto sum = exponentials(weights, greatest(weights, length), weights, length);
    scale_by(weights, 1 / sum, length);
    std::fill(out, out + width, 0.0f);
    for (int64_t s = 0; s < length; s++) add_scaled(out, weights[s], v.data + s * v.stride, width);
}

// softmax(q kᵀ · scale + bias) v for q (B, H, T, D), k and v (B, K, S, D), bias (B, 1, T, S); the result is (B, T, H · D).
struct Attention : torch::autograd::Function<Attention> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                              const at::Tensor& bias, double scale) {
        auto batch = q.size(0), heads = q.size(1), length = q.size(2), width = q.size(3), columns = k.size(2), group = heads / k.size(1);
        auto out = at::empty({batch, length, heads * width}, q.options());
        auto weights = at::empty({batch, heads, length, columns}, q.options());
        auto* result = out.data_ptr<float>();
        auto *pw = weights.data_ptr<float>(), *pb = bias.data_ptr<float>();
        at::parallel_for(0, batch * heads, grain_of(length, columns, width), [&](int64_t begin, int64_t end) {
            for (auto at = begin; at < end; at++) {
                auto row = at / heads, head = at % heads;
                auto queries = matrix(q, row, head), keys = matrix(k, row, head / group), values = matrix(v, row, head / group);
                Matrix own{pw + at * length * columns, columns}, mixed{result + row * length * heads * width + head * width, heads * width};
                auto* allowed = pb + row * bias.stride(0);
                if (length == 1) {
                    attend_alone(queries.data, keys, values, allowed, static_cast<float>(scale), columns, width, own.data, mixed.data);
                    continue;
                }
                product(length, columns, width, static_cast<float>(scale), queries, false, keys, true, 0, own);
                for (int64_t t = 0; t < length; t++) {
                    auto* x = own.data + t * columns;
                    add_scaled(x, 1, allowed + t * bias.stride(2), columns);
                    auto sum = exponentials(x, greatest(x, columns), x, columns);
                    scale_by(x, 1 / sum, columns);
                }
                product(length, width, columns, 1, own, false, values, false, 0, mixed);
            }
        });
        context->save_for_backward({q, k, v, weights});
        context->saved_data["scale"] = scale;
        return out;
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        auto saved = context->get_saved_variables();
        auto &q = saved[0], &k = saved[1], &v = saved[2], &weights = saved[3];
        auto scale = static_cast<float>(context->saved_data["scale"].toDouble());
        auto batch = q.size(0), heads = q.size(1), length = q.size(2), width = q.size(3);
        auto columns = k.size(2), key_heads = k.size(1), group = heads / key_heads;
        auto gradient = gradients[0].contiguous();
        auto dq = like(q), dk = like(k), dv = like(v);
        auto* pg = gradient.data_ptr<float>();
        auto* pw = weights.data_ptr<float>();
        at::parallel_for(0, batch * key_heads, grain_of(length * group, columns, width), [&](int64_t begin, int64_t end) {
            std::vector<float> memory(length * columns);
            Matrix slopes{memory.data(), columns};
            for (auto at = begin; at < end; at++) {
                auto row = at / key_heads, key_head = at % key_heads;
                auto keys = matrix(k, row, key_head), values = matrix(v, row, key_head);
                auto key_slopes = matrix(dk, row, key_head), value_slopes = matrix(dv, row, key_head);
                for (int64_t i = 0; i < group; i++) {
                    auto head = key_head * group + i;
                    Matrix own{pw + (row * heads + head) * length * columns, columns};
                    Matrix above{pg + row * length * heads * width + head * width, heads * width};
                    float before = i == 0 ? 0 : 1;
                    product(columns, width, length, 1, own, true, above, false, before, value_slopes);
                    product(length, columns, width, 1, above, false, values, true, 0, slopes);
                    for (int64_t t = 0; t < length; t++) softmax_backward(own.data + t * columns, slopes.data + t * columns, columns);
                    product(length, width, columns, scale, slopes, false, keys, false, 0, matrix(dq, row, head));
                    product(columns, width, length, scale, slopes, true, matrix(q, row, head), false, before, key_slopes);
                }
            }
        });
        return {dq, dk, dv, at::Tensor(), at::Tensor()};
    }

    // (B, H, T, D) as a view of (B, T, H, D), the memory order in which the projections need their gradients.
    static at::Tensor like(const at::Tensor& t) {
        return at::empty({t.size(0), t.size(2), t.size(1), t.size(3)}, t.options()).transpose(1, 2);
    }

    static int64_t grain_of(int64_t length, int64_t columns, int64_t width) {
        return std::max<int64_t>(1, grain / (length * columns * width));
    }

    static void softmax_backward(const float* weights, float* slopes, int64_t count) {
        auto sum = dot(weights, slopes, count);
        shift_and_weigh(weights, slopes, sum, count);
    }

    ATTUNE_VECTORIZED
    static void shift_and_weigh(const float* weights, float* slopes, float sum, int64_t count) {
#pragma omp simd
        for (int64_t i = 0; i < count; i++) slopes[i] = weights[i] * (slopes[i] - sum);
    }
};

bool has_dense_rows(const at::Tensor& t) {
    return t.device().is_cpu() && t.scalar_type() == at::kFloat && t.stride(-1) == 1 && t.stride(-2) >= t.size(-1);
}

}  // namespace

// Each of these returns null, or sets *done to 0 and has no effect, for tensors that it does not support.

ATTUNE_EXPORT int attune_gelu(void* x, void** result) {
    return guard([&] { *result = is_dense(tensor(x)) ? handle(Gelu::apply(tensor(x))) : nullptr; });
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

ATTUNE_EXPORT int attune_attention(void* q, void* k, void* v, void* bias, double scale, void** result) {
    return guard([&] {
        auto &pq = tensor(q), &pk = tensor(k), &pv = tensor(v), &pb = tensor(bias);
        *result = nullptr;
        if (!sgemm_ || !has_dense_rows(pq) || !has_dense_rows(pk) || !has_dense_rows(pv)) return;
        if (!is_dense(pb) || pb.requires_grad() || pb.size(1) != 1) return;
        *result = handle(Attention::apply(pq, pk, pv, pb.expand({pq.size(0), 1, pq.size(2), pk.size(2)}), scale));
    });
}

// Samples one token for each row of logits, the first whose cumulative probability exceeds the row's uniform number, and its
// log-probability.
ATTUNE_EXPORT int attune_draw(void* logits_, void* uniform_, void** tokens, void** logprobs) {
    return guard([&] {
        auto &logits = tensor(logits_), &uniform = tensor(uniform_);
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
    });
}
