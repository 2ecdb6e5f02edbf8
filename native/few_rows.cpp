// y = x Wᵀ + b for few rows, as generation needs it: a token for each response. BLAS copies the whole weight matrix at each call, which
// costs as much as the product, or more, when there are few rows. This kernel copies panels of outputs, which stay in the processor's
// cache, and meanwhile fetches the next. A row's result does not depend on the other rows or the number of threads.
#include <algorithm>
#include <cstring>

#include <ATen/Parallel.h>

#include "few_rows.h"
#include "vectorized.h"

namespace {

// Inputs of a panel; a panel of this depth stays in the first-level cache.
constexpr int64_t depth = 256;

// Panels that are copied at a time from a matrix stored as (in, out), so that more of each row is read.
constexpr int64_t most_panels = 4;

template <typename Element>
struct Product {
    const float* x;                                       // (rows, inputs)
    const Element* weight;                                // (outputs, inputs), or (inputs, outputs)
    const float* bias;                                    // (outputs), or null
    float* y;                                             // (rows, outputs)
    int64_t rows, inputs, outputs;
    bool by_input;                                        // whether the weight is (inputs, outputs)
};

template <int width>
struct Vector {
    typedef float type __attribute__((vector_size(width * sizeof(float)), aligned(sizeof(float)), may_alias));
};

#define ATTUNE_INLINE inline __attribute__((always_inline))

// Elements of two vectors of 8 by index.
#if __has_builtin(__builtin_shufflevector)
#define ATTUNE_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
typedef int32_t Indices __attribute__((vector_size(32)));
#define ATTUNE_SHUFFLE(a, b, ...) __builtin_shuffle(a, b, Indices{__VA_ARGS__})
#endif

// c = start + x panel for `height` rows and 2 · width columns; the panel is (count, 2 · width). Starts from `bias`, or from c.
template <int width, int height>
ATTUNE_INLINE void multiply(const float* x, int64_t stride, const float* panel, int64_t count, const float* bias, float* c,
                            int64_t c_stride) {
    using V = typename Vector<width>::type;
    V left[height], right[height];
    for (int r = 0; r < height; r++) {
        auto* from = bias ? bias : c + r * c_stride;
        left[r] = *reinterpret_cast<const V*>(from);
        right[r] = *reinterpret_cast<const V*>(from + width);
    }
    for (int64_t k = 0; k < count; k++) {
        V first = *reinterpret_cast<const V*>(panel + k * 2 * width), second = *reinterpret_cast<const V*>(panel + k * 2 * width + width);
        for (int r = 0; r < height; r++) {
            float value = x[r * stride + k];
            left[r] += value * first;
            right[r] += value * second;
        }
    }
    for (int r = 0; r < height; r++) {
        *reinterpret_cast<V*>(c + r * c_stride) = left[r];
        *reinterpret_cast<V*>(c + r * c_stride + width) = right[r];
    }
}

// Tiles of at most `height` rows that differ by at most one.
template <int width, int height>
ATTUNE_INLINE void multiply_rows(const float* x, int64_t stride, int64_t rows, const float* panel, int64_t count, const float* bias,
                                 float* c, int64_t c_stride) {
    if constexpr (height > 1) {
        if (rows > 0 && (rows + height - 2) / (height - 1) == (rows + height - 1) / height)       // fits in tiles of one row less
            return multiply_rows<width, height - 1>(x, stride, rows, panel, count, bias, c, c_stride);
    }
    int64_t at = 0, tiles = (rows + height - 1) / height, full = rows - tiles * (height - 1);
    for (; full > 0; full--, at += height)
        multiply<width, height>(x + at * stride, stride, panel, count, bias, c + at * c_stride, c_stride);
    if constexpr (height > 1)
        for (; at < rows; at += height - 1)
            multiply<width, height - 1>(x + at * stride, stride, panel, count, bias, c + at * c_stride, c_stride);
}

// An 8 × 8 block, transposed.
template <typename Element>
ATTUNE_INLINE void transpose_block(const Element* from, int64_t stride, float* to, int64_t to_stride) {
    using V = Vector<8>::type;
    V r[8], s[8];
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 8; j++) r[i][j] = widen(from[i * stride + j]);
    for (int i = 0; i < 8; i += 2) {
        s[i] = ATTUNE_SHUFFLE(r[i], r[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        s[i + 1] = ATTUNE_SHUFFLE(r[i], r[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    for (int i = 0; i < 8; i += 4)
        for (int j = 0; j < 2; j++) {
            r[i + 2 * j] = ATTUNE_SHUFFLE(s[i + j], s[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            r[i + 2 * j + 1] = ATTUNE_SHUFFLE(s[i + j], s[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    for (int i = 0; i < 4; i++) {
        *reinterpret_cast<V*>(to + i * to_stride) = ATTUNE_SHUFFLE(r[i], r[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        *reinterpret_cast<V*>(to + (i + 4) * to_stride) = ATTUNE_SHUFFLE(r[i], r[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

// panel[k][j] = weight[j][k] of a matrix (outputs, inputs). Meanwhile fetches the rows of the next panel.
template <int columns, typename Element>
ATTUNE_INLINE void transpose_panel(const Element* weight, int64_t stride, int64_t count, int64_t valid, const Element* next, float* panel) {
    constexpr int64_t line = 64 / sizeof(Element);
    int64_t j = 0;
    for (; j + 8 <= valid; j += 8) {
        int64_t k = 0;
        for (; k + 8 <= count; k += 8) {
            if (k % line == 0)
                for (int64_t i = j; i < j + 8; i++) __builtin_prefetch(next + i * stride + k, 0, 2);
            transpose_block(weight + j * stride + k, stride, panel + k * columns + j, columns);
        }
        for (; k < count; k++)
            for (int64_t i = j; i < j + 8; i++) panel[k * columns + i] = widen(weight[i * stride + k]);
    }
    for (; j < valid; j++)
        for (int64_t k = 0; k < count; k++) panel[k * columns + j] = widen(weight[j * stride + k]);
}

// panels[n][k][j] = weight[k][n · columns + j] of `valid` outputs of a matrix (inputs, outputs). Meanwhile fetches the next rows.
template <int columns, typename Element>
ATTUNE_INLINE void copy_panels(const Element* weight, int64_t stride, int64_t count, int64_t valid, float* panels) {
    constexpr int64_t line = 64 / sizeof(Element), ahead = 64;
    for (int64_t k = 0; k < count; k++) {
        auto* row = weight + k * stride;
        for (int64_t j = 0; j < valid; j += line) __builtin_prefetch(row + ahead * stride + j, 0, 2);
        for (int64_t first = 0; first < valid; first += columns) {
            auto* to = panels + first * depth + k * columns;
            if (first + columns <= valid)
                for (int64_t j = 0; j < columns; j++) to[j] = widen(row[first + j]);
            else
                for (int64_t j = 0; j < columns; j++) to[j] = first + j < valid ? widen(row[first + j]) : 0;
        }
    }
}

// The panels from `begin` to `end`, of 2 · width outputs each.
template <int width, int height, typename Element>
ATTUNE_INLINE void multiply_panels(const Product<Element>& p, int64_t begin, int64_t end) {
    constexpr int columns = 2 * width;
    auto together = p.by_input ? most_panels : 1;
    auto memory = at::zeros({together * depth * columns + 16}, at::kFloat);
    auto* panels = reinterpret_cast<float*>((reinterpret_cast<uintptr_t>(memory.data_ptr()) + 63) / 64 * 64);
    alignas(64) float bias[columns] = {};
    std::vector<float> narrow(p.outputs % columns == 0 ? 0 : p.rows * columns);         // the result of an incomplete panel
    for (auto group = begin; group < end; group += together) {
        auto first_of_group = group * columns, after = std::min(std::min(end, group + together) * columns, p.outputs);
        for (int64_t k = 0; k < p.inputs; k += depth) {
            auto count = std::min(depth, p.inputs - k);
            if (p.by_input) {
                copy_panels<columns>(p.weight + k * p.outputs + first_of_group, p.outputs, count, after - first_of_group, panels);
            } else {
                auto* next = k + depth < p.inputs ? p.weight + first_of_group * p.inputs + k + depth
                                                  : p.weight + (first_of_group + columns) * p.inputs;
                transpose_panel<columns>(p.weight + first_of_group * p.inputs + k, p.inputs, count, after - first_of_group, next, panels);
            }
            for (auto first = first_of_group; first < after; first += columns) {
                auto valid = std::min<int64_t>(columns, p.outputs - first);
                auto* y = valid == columns ? p.y + first : narrow.data();
                auto stride = valid == columns ? p.outputs : columns;
                if (p.bias) std::copy(p.bias + first, p.bias + first + valid, bias);
                multiply_rows<width, height>(p.x + k, p.inputs, p.rows, panels + (first - first_of_group) * depth, count,
                                             k == 0 ? bias : nullptr, y, stride);
                if (valid < columns && k + depth >= p.inputs)
                    for (int64_t row = 0; row < p.rows; row++)
                        std::copy(y + row * columns, y + row * columns + valid, p.y + row * p.outputs + first);
            }
        }
    }
}

template <typename Element>
struct Kernel {
    void (*panels)(const Product<Element>&, int64_t, int64_t);
    int columns;                                          // of a panel
};

template <typename Element>
void panels_of_any_processor(const Product<Element>& p, int64_t begin, int64_t end) { multiply_panels<4, 4>(p, begin, end); }

#if defined(__x86_64__) && defined(__GNUC__)
template <typename Element>
__attribute__((target("avx2,fma"))) void panels_of_avx2(const Product<Element>& p, int64_t begin, int64_t end) {
    multiply_panels<8, 6>(p, begin, end);
}

template <typename Element>
__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma"))) void panels_of_avx512(const Product<Element>& p, int64_t begin,
                                                                                         int64_t end) {
    multiply_panels<16, 12>(p, begin, end);
}

template <typename Element>
Kernel<Element> kernel() {
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512bw"))
        return {panels_of_avx512<Element>, 32};
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return {panels_of_avx2<Element>, 16};
    return {panels_of_any_processor<Element>, 8};
}
#else
template <typename Element>
Kernel<Element> kernel() { return {panels_of_any_processor<Element>, 8}; }
#endif

template <typename Element>
void multiply(const Product<Element>& p) {
    static const auto found = kernel<Element>();
    auto count = (p.outputs + found.columns - 1) / found.columns;
    auto together = p.by_input ? most_panels : 1;
    auto share = std::max<int64_t>(1, 16 * grain / (p.rows * p.inputs * found.columns * together));
    at::parallel_for(0, (count + together - 1) / together, share, [&](int64_t begin, int64_t end) {
        found.panels(p, begin * together, std::min(count, end * together));
    });
}

}  // namespace

bool attune::supports_few_rows(const at::Tensor& x, const at::Tensor& weight) {
    return is_readable(x) && x.scalar_type() == weight.scalar_type() && weight.device().is_cpu()
        && (weight.is_contiguous() || weight.t().is_contiguous());
}

at::Tensor attune::multiply_few_rows(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
    auto outputs = weight.size(0), inputs = weight.size(1);
    auto rows = x.reshape({-1, inputs}).to(at::kFloat).contiguous();
    auto added = bias.defined() ? bias.contiguous() : bias;
    auto y = at::empty({rows.size(0), outputs}, rows.options());
    auto* pb = bias.defined() ? added.data_ptr<float>() : nullptr;
    auto run = [&](auto* pw) {
        Product<std::decay_t<decltype(*pw)>> product{
            rows.data_ptr<float>(), pw, pb, y.data_ptr<float>(), rows.size(0), inputs, outputs,
            !weight.is_contiguous()};
        multiply(product);
    };
    if (weight.scalar_type() == at::kFloat)
        run(static_cast<const float*>(weight.data_ptr()));
    else
        run(static_cast<const at::BFloat16*>(weight.data_ptr()));
    auto sizes = x.sizes().vec();
    sizes.back() = outputs;
    return y.to(x.scalar_type()).view(sizes);
}
