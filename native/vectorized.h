// What the fused kernels share: loops over float32 that compilers vectorize, and access to bfloat16 tensors as float32.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include <ATen/ATen.h>

// Compiles a function for processors with AVX-512, with AVX2, and with neither; the loader selects one.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#define ATTUNE_VECTORIZED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define ATTUNE_VECTORIZED
#endif

namespace {

// The smallest number of elements that a thread gets.
constexpr int64_t grain = 1 << 14;

bool is_dense(const at::Tensor& t) { return t.device().is_cpu() && t.scalar_type() == at::kFloat && t.is_contiguous(); }

// Whether a tensor on the CPU has a type that kernels read and write.
bool is_readable(const at::Tensor& t) {
    return t.device().is_cpu() && (t.scalar_type() == at::kFloat || t.scalar_type() == at::kBFloat16);
}

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

inline __attribute__((always_inline)) float widen(float x) { return x; }
inline __attribute__((always_inline)) float widen(at::BFloat16 x) { return std::bit_cast<float>(static_cast<uint32_t>(x.x) << 16); }

ATTUNE_VECTORIZED
void to_float32(const at::BFloat16* from, float* to, int64_t count) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++) to[i] = widen(from[i]);
}

// Rounds to nearest, ties to even; NaN stays NaN.
ATTUNE_VECTORIZED
void to_bfloat16(const float* from, at::BFloat16* to, int64_t count) {
#pragma omp simd
    for (int64_t i = 0; i < count; i++) {
        auto bits = std::bit_cast<uint32_t>(from[i]);
        auto rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
        to[i].x = static_cast<uint16_t>((bits & 0x7FFFFFFFu) > 0x7F800000u ? 0x7FC0u : rounded);
    }
}

// Reads the memory of a float32 or bfloat16 tensor as float32.
class Source {
public:
    explicit Source(const at::Tensor& t) : data(t.data_ptr()), is_wide(t.scalar_type() == at::kFloat) {}

    // `count` elements from an index of the memory on: those of the tensor, or converted ones in the buffer.
    const float* read(int64_t at, int64_t count, float* buffer) const {
        if (is_wide) return static_cast<const float*>(data) + at;
        to_float32(static_cast<const at::BFloat16*>(data) + at, buffer, count);
        return buffer;
    }

private:
    const void* data;
    bool is_wide;
};

// Writes float32 numbers to the memory of a float32 or bfloat16 tensor.
class Target {
public:
    explicit Target(const at::Tensor& t) : data(t.data_ptr()), is_wide(t.scalar_type() == at::kFloat) {}

    // Where to write the elements from an index on, before `finish` is called: the tensor's memory, or the buffer.
    float* begin(int64_t at, float* buffer) const { return is_wide ? static_cast<float*>(data) + at : buffer; }

    void finish(int64_t at, int64_t count, const float* buffer) const {
        if (!is_wide) to_bfloat16(buffer, static_cast<at::BFloat16*>(data) + at, count);
    }

private:
    void* data;
    bool is_wide;
};

}  // namespace
