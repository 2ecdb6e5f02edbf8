// Attention as one fused kernel for a CPU. It calls BLAS for each head directly; libtorch without MKL calls several operators for each
// matrix product of a batch. It computes in float32; queries, keys and values may be bfloat16.
#include <algorithm>
#include <limits>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>

#include "export.h"
#include "vectorized.h"

using namespace attune;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The BLAS of libtorch; null if libtorch does not export it.
extern "C" void sgemm_(const char* transpose_a, const char* transpose_b, const int* m, const int* n, const int* k, const float* alpha,
                       const float* a, const int* lda, const float* b, const int* ldb, const float* beta, float* c, const int* ldc)
    __attribute__((weak));

namespace {

// y += factor · x
ATTUNE_VECTORIZED
void add_scaled(float* y, float factor, const float* x, int64_t count) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++) y[i] += factor * x[i];
}

// A row-major matrix whose rows are `stride` elements apart.
template <typename Element>
struct Rows {
    Element* data;
    int64_t stride;
};

using Matrix = Rows<float>;

// weights = scale · m q + bias, where m has `length` rows of `width` elements.
template <typename Element>
inline __attribute__((always_inline)) void score_rows(const float* q, Rows<const Element> m, const float* bias, float scale, int64_t length,
                                                      int64_t width, float* weights) {
    for (int64_t s = 0; s < length; s++) {
        auto* row = m.data + s * m.stride;
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < width; i++) sum += q[i] * widen(row[i]);
        weights[s] = scale * sum + bias[s];
    }
}

// out = mᵀ weights
template <typename Element>
inline __attribute__((always_inline)) void mix_rows(const float* weights, Rows<const Element> m, int64_t length, int64_t width,
                                                    float* out) {
    std::fill(out, out + width, 0.0f);
    for (int64_t s = 0; s < length; s++) {
        auto* row = m.data + s * m.stride;
#pragma omp simd
        for (int64_t i = 0; i < width; i++) out[i] += weights[s] * widen(row[i]);
    }
}

ATTUNE_VECTORIZED
void score(const float* q, Rows<const float> m, const float* bias, float scale, int64_t length, int64_t width, float* weights) {
    score_rows(q, m, bias, scale, length, width, weights);
}

ATTUNE_VECTORIZED
void score(const float* q, Rows<const at::BFloat16> m, const float* bias, float scale, int64_t length, int64_t width, float* weights) {
    score_rows(q, m, bias, scale, length, width, weights);
}

ATTUNE_VECTORIZED
void mix(const float* weights, Rows<const float> m, int64_t length, int64_t width, float* out) { mix_rows(weights, m, length, width, out); }

ATTUNE_VECTORIZED
void mix(const float* weights, Rows<const at::BFloat16> m, int64_t length, int64_t width, float* out) {
    mix_rows(weights, m, length, width, out);
}

// c = alpha a b + beta c, with a (rows, inner) and b (inner, columns), each optionally transposed first.
void product(int64_t rows, int64_t columns, int64_t inner, float alpha, Matrix a, bool transpose_a, Matrix b, bool transpose_b, float beta,
             Matrix c) {
    int m = columns, n = rows, k = inner, lda = b.stride, ldb = a.stride, ldc = c.stride;
    sgemm_(transpose_b ? "T" : "N", transpose_a ? "T" : "N", &m, &n, &k, &alpha, b.data, &lda, a.data, &ldb, &beta, c.data, &ldc);
}

// One head of a tensor (B, H, T, D) at a time, as a float32 matrix (T, D): its own memory, or converted in a buffer for bfloat16.
class Heads {
public:
    explicit Heads(const at::Tensor& t) : t(t), source(t), target(t) {}

    Matrix read(int64_t row, int64_t head) {
        auto own = write(row, head);
        if (t.scalar_type() == at::kFloat) return own;
        for (int64_t i = 0; i < t.size(2); i++) source.read(index(row, head, i), t.size(3), own.data + i * own.stride);
        return own;
    }

    // The tensor's own memory, in its own type.
    template <typename Element>
    Rows<const Element> memory(int64_t row, int64_t head) const {
        return {static_cast<const Element*>(t.data_ptr()) + index(row, head, 0), t.stride(2)};
    }

    // A matrix to write to; call `finish` when it is complete.
    Matrix write(int64_t row, int64_t head) {
        if (t.scalar_type() == at::kFloat) return {target.begin(index(row, head, 0), nullptr), t.stride(2)};
        buffer.resize(t.size(2) * t.size(3));
        return {buffer.data(), t.size(3)};
    }

    void finish(int64_t row, int64_t head) {
        for (int64_t i = 0; i < t.size(2); i++) target.finish(index(row, head, i), t.size(3), buffer.data() + i * t.size(3));
    }

private:
    int64_t index(int64_t row, int64_t head, int64_t i) const { return row * t.stride(0) + head * t.stride(1) + i * t.stride(2); }

    const at::Tensor& t;
    Source source;
    Target target;
    std::vector<float> buffer;
};

// The attention of one query, for which a call of BLAS costs more than the computation. Columns before the first allowed one are skipped:
// rows of generation begin with columns that only longer rows use.
template <typename Element>
void attend_alone(const float* q, Rows<const Element> k, Rows<const Element> v, const float* bias, float scale, int64_t length,
                  int64_t width, float* weights, float* out) {
    int64_t first = 0;
    while (first < length - 1 && bias[first] == std::numeric_limits<float>::lowest()) first++;
    std::fill(weights, weights + first, 0.0f);
    auto* own = weights + first;
    length -= first;
    score(q, {k.data + first * k.stride, k.stride}, bias + first, scale, length, width, own);
    scale_by(own, 1 / exponentials(own, greatest(own, length), own, length), length);
    mix(own, {v.data + first * v.stride, v.stride}, length, width, out);
}

// softmax(q kᵀ · scale + bias) v for q (B, H, T, D), k and v (B, K, S, D), bias (B, 1, T, S); the result is (B, T, H · D).
struct Attention : torch::autograd::Function<Attention> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                              const at::Tensor& bias, double scale) {
        RECORD_USER_SCOPE("attune::attention");
        auto batch = q.size(0), heads = q.size(1), length = q.size(2), width = q.size(3), columns = k.size(2), group = heads / k.size(1);
        auto out = at::empty({batch, length, heads * width}, q.options());
        auto out_heads = out.view({batch, length, heads, width}).transpose(1, 2);
        auto weights = at::empty({batch, heads, length, columns}, q.options().dtype(at::kFloat));
        auto *pw = weights.data_ptr<float>(), *pb = bias.data_ptr<float>();
        at::parallel_for(0, batch * heads, grain_of(length, columns, width), [&](int64_t begin, int64_t end) {
            Heads of_q(q), of_k(k), of_v(v), of_out(out_heads);
            for (auto at = begin; at < end; at++) {
                auto row = at / heads, head = at % heads;
                auto queries = of_q.read(row, head);
                Matrix own{pw + at * length * columns, columns}, mixed = of_out.write(row, head);
                auto* allowed = pb + row * bias.stride(0);
                if (length == 1) {
                    auto alone = [&](auto element) {
                        using Element = decltype(element);
                        auto keys = of_k.memory<Element>(row, head / group), values = of_v.memory<Element>(row, head / group);
                        attend_alone(queries.data, keys, values, allowed, static_cast<float>(scale), columns, width, own.data, mixed.data);
                    };
                    k.scalar_type() == at::kFloat ? alone(float()) : alone(at::BFloat16());
                    of_out.finish(row, head);
                    continue;
                }
                auto keys = of_k.read(row, head / group), values = of_v.read(row, head / group);
                product(length, columns, width, static_cast<float>(scale), queries, false, keys, true, 0, own);
                for (int64_t t = 0; t < length; t++) {
                    auto* x = own.data + t * columns;
                    add_scaled(x, 1, allowed + t * bias.stride(2), columns);
                    auto sum = exponentials(x, greatest(x, columns), x, columns);
                    scale_by(x, 1 / sum, columns);
                }
                product(length, width, columns, 1, own, false, values, false, 0, mixed);
                of_out.finish(row, head);
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
        auto gradient = gradients[0].contiguous().view({batch, length, heads, width}).transpose(1, 2);
        auto dq = like(q), dk = like(k), dv = like(v);
        auto* pw = weights.data_ptr<float>();
        at::parallel_for(0, batch * key_heads, grain_of(length * group, columns, width), [&](int64_t begin, int64_t end) {
            std::vector<float> memory(length * columns);
            Matrix slopes{memory.data(), columns};
            Heads of_q(q), of_k(k), of_v(v), of_gradient(gradient), of_dq(dq), of_dk(dk), of_dv(dv);
            for (auto at = begin; at < end; at++) {
                auto row = at / key_heads, key_head = at % key_heads;
                auto keys = of_k.read(row, key_head), values = of_v.read(row, key_head);
                auto key_slopes = of_dk.write(row, key_head), value_slopes = of_dv.write(row, key_head);
                for (int64_t i = 0; i < group; i++) {
                    auto head = key_head * group + i;
                    Matrix own{pw + (row * heads + head) * length * columns, columns};
                    auto above = of_gradient.read(row, head);
                    float before = i == 0 ? 0 : 1;
                    product(columns, width, length, 1, own, true, above, false, before, value_slopes);
                    product(length, columns, width, 1, above, false, values, true, 0, slopes);
                    for (int64_t t = 0; t < length; t++) softmax_backward(own.data + t * columns, slopes.data + t * columns, columns);
                    product(length, width, columns, scale, slopes, false, keys, false, 0, of_dq.write(row, head));
                    of_dq.finish(row, head);
                    product(columns, width, length, scale, slopes, true, of_q.read(row, head), false, before, key_slopes);
                }
                of_dk.finish(row, key_head);
                of_dv.finish(row, key_head);
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

bool has_dense_rows(const at::Tensor& t) { return is_readable(t) && t.stride(-1) == 1 && t.stride(-2) >= t.size(-1); }

}  // namespace

// Returns null for tensors that it does not support.
ATTUNE_EXPORT int attune_attention(void* q, void* k, void* v, void* bias, double scale, void** result) {
    return guard([&] {
        auto &pq = tensor(q), &pk = tensor(k), &pv = tensor(v), &pb = tensor(bias);
        *result = nullptr;
        if (!sgemm_ || !has_dense_rows(pq) || !has_dense_rows(pk) || !has_dense_rows(pv)) return;
        if (pk.scalar_type() != pq.scalar_type() || pv.scalar_type() != pq.scalar_type()) return;
        if (!is_dense(pb) || pb.requires_grad() || pb.size(1) != 1) return;
        *result = handle(Attention::apply(pq, pk, pv, pb.expand({pq.size(0), 1, pq.size(2), pk.size(2)}), scale));
    });
}
