// Products of bfloat16 matrices with AMX, or AVX512-BF16 where there is no AMX. Both multiply tiles: 16 rows or columns by 16 pairs of
// bfloat16 numbers, in 1 KB. Operands are first copied to tiles, blocks of them at a time, which stay in the second-level cache.
// oneDNN, which libtorch calls, compiles a kernel for each shape and takes 40 µs for a call; version 2.6 returns wrong products
// when several threads have compiled more kernels than it keeps.
#include "bfloat16_product.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include <ATen/Parallel.h>

#include "export.h"

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && __GNUC__ >= 12

#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ATTUNE_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#define ATTUNE_AMX __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))

namespace {

constexpr int64_t side = 16;                              // rows, columns or pairs of a tile
constexpr int64_t elements = side * side;                 // pairs of a tile
constexpr int64_t strip = 2 * side;                       // rows and columns that a kernel multiplies at once
constexpr int64_t most_rows = 1024, most_columns = 256, most_depth = 1024;                // of a block

// A matrix (index, k): the rows of the left operand, or the columns of the right one. One of the steps is 1.
struct Operand {
    const at::BFloat16* data;
    int64_t index_step, k_step;
};

struct Tile {
    uint32_t pairs[elements];
};

ATTUNE_AVX512 void transpose(__m512i* r) {
    __m512i s[side];
    for (int i = 0; i < 16; i += 2) {
        s[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        s[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (int i = 0; i < 16; i += 4)
        for (int j = 0; j < 2; j++) {
            r[i + 2 * j] = _mm512_unpacklo_epi64(s[i + j], s[i + j + 2]);
            r[i + 2 * j + 1] = _mm512_unpackhi_epi64(s[i + j], s[i + j + 2]);
        }
    for (int i = 0; i < 16; i += 8)
        for (int j = 0; j < 4; j++) {
            s[i + j] = _mm512_shuffle_i32x4(r[i + j], r[i + j + 4], 0x88);
            s[i + j + 4] = _mm512_shuffle_i32x4(r[i + j], r[i + j + 4], 0xdd);
        }
    for (int j = 0; j < 8; j++) {
        r[j] = _mm512_shuffle_i32x4(s[j], s[j + 8], 0x88);
        r[j + 8] = _mm512_shuffle_i32x4(s[j], s[j + 8], 0xdd);
    }
}

// The pairs of `indices` ≤ 16 and `count` ≤ 32 values of k, the rest 0: by index and pair, or by pair and index.
ATTUNE_AVX512 void pack(const Operand& from, int64_t index, int64_t k, int64_t indices, int64_t count, bool pair_first, Tile& to) {
    __m512i r[side];
    auto* data = from.data + index * from.index_step + k * from.k_step;
    if (from.k_step == 1) {
        auto mask = static_cast<__mmask32>((1ull << count) - 1);
        for (int i = 0; i < side; i++) {
            auto* at = data + i * from.index_step;
            r[i] = i < indices ? _mm512_maskz_loadu_epi16(mask, at) : __m512i{};
        }
    } else {
        auto mask = static_cast<__mmask16>((1u << indices) - 1);
        for (int p = 0; p < side; p++) {
            auto* at = data + 2 * p * from.k_step;
            auto low = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(2 * p < count ? mask : 0, at));
            auto high = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(2 * p + 1 < count ? mask : 0, at + from.k_step));
            r[p] = _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
        }
    }
    if ((from.k_step == 1) == pair_first) transpose(r);
    for (int i = 0; i < side; i++) _mm512_store_si512(to.pairs + i * side, r[i]);
}

// c (16 · heights, 32) = a b, or c + a b: `heights` left tiles and 2 right tiles for each of `count` steps of 32 values of k.
template <int heights>
ATTUNE_AVX512 void multiply_with_avx512(const Tile* a, const Tile* b, int64_t count, bool adds, float* c) {
    constexpr int rows = 8;
    for (int first = 0; first < heights * side; first += rows) {
        __m512 sums[rows][2];
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < 2; j++) sums[i][j] = adds ? _mm512_loadu_ps(c + (first + i) * strip + j * side) : __m512{};
        for (int64_t t = 0; t < count; t++) {
            auto* left = a[t * heights + first / side].pairs + first % side * side;
            for (int p = 0; p < side; p++) {
                auto right0 = (__m512bh)_mm512_load_si512(b[2 * t].pairs + p * side);
                auto right1 = (__m512bh)_mm512_load_si512(b[2 * t + 1].pairs + p * side);
                for (int i = 0; i < rows; i++) {
                    auto pair = (__m512bh)_mm512_set1_epi32(static_cast<int>(left[i * side + p]));
                    sums[i][0] = _mm512_dpbf16_ps(sums[i][0], pair, right0);
                    sums[i][1] = _mm512_dpbf16_ps(sums[i][1], pair, right1);
                }
            }
        }
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < 2; j++) _mm512_storeu_ps(c + (first + i) * strip + j * side, sums[i][j]);
    }
}

template <int heights>
ATTUNE_AMX void multiply_with_amx(const Tile* a, const Tile* b, int64_t count, bool adds, float* c) {
    constexpr int64_t row = side * sizeof(uint32_t), stride = strip * sizeof(float);
    asm volatile("" ::: "memory");                        // the intrinsics do not say that they read memory
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    if (adds) {
        _tile_loadd(0, c, stride);
        _tile_loadd(1, c + side, stride);
        if constexpr (heights == 2) {
            _tile_loadd(2, c + side * strip, stride);
            _tile_loadd(3, c + side * strip + side, stride);
        }
    }
    for (int64_t t = 0; t < count; t++) {
        _tile_loadd(4, a + t * heights, row);
        _tile_loadd(6, b + 2 * t, row);
        _tile_loadd(7, b + 2 * t + 1, row);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        if constexpr (heights == 2) {
            _tile_loadd(5, a + t * heights + 1, row);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
    }
    _tile_stored(0, c, stride);
    _tile_stored(1, c + side, stride);
    if constexpr (heights == 2) {
        _tile_stored(2, c + side * strip, stride);
        _tile_stored(3, c + side * strip + side, stride);
    }
    asm volatile("" ::: "memory");
}

// Gives the thread 8 whole tiles; restores what it had before.
class TileRegisters {
public:
    ATTUNE_AMX TileRegisters() {
        _tile_storeconfig(&before);
        Configuration whole = {};
        whole.palette = 1;
        std::fill_n(whole.row_bytes, 8, 64);
        std::fill_n(whole.rows, 8, 16);
        asm volatile("" ::: "memory");
        _tile_loadconfig(&whole);
    }

    ATTUNE_AMX ~TileRegisters() {
        if (before.palette == 0)
            _tile_release();
        else
            _tile_loadconfig(&before);
    }

private:
    struct alignas(64) Configuration {
        uint8_t palette, start_row, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } before = {};
};

struct NoRegisters {
    NoRegisters() {}
};

struct Product {
    Operand a, b;
    int64_t depth;
    const at::BFloat16* bias;                             // or null
    at::BFloat16* c;
    int64_t c_stride;
};

// Writes rows and columns of a finished strip.
ATTUNE_AVX512 void finish(const Product& p, const float* sums, int64_t row, int64_t rows, int64_t column, int64_t columns) {
    for (int64_t j = 0; j < columns; j += side) {
        auto mask = static_cast<__mmask16>((1u << std::min(side, columns - j)) - 1);
        __m512 bias = {};
        if (p.bias) bias = (__m512)_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, p.bias + column + j)), 16);
        for (int64_t i = 0; i < rows; i++) {
            auto sum = _mm512_add_ps(_mm512_loadu_ps(sums + i * strip + j), bias);
            _mm256_mask_storeu_epi16(p.c + (row + i) * p.c_stride + column + j, mask, (__m256i)_mm512_cvtneps_pbh(sum));
        }
    }
}

int64_t tiles_of(int64_t count, int64_t length) { return (count + length - 1) / length; }

// Fetches rows of memory into the second-level cache, in the order of their addresses, which processors recognize.
class Fetcher {
public:
    Fetcher(const at::BFloat16* from, int64_t step, int64_t lines) : row(from), step(step), lines(lines) {}

    void fetch(int64_t count) {
        for (int64_t i = 0; i < count; i++) {
            __builtin_prefetch(row + line * 32, 0, 2);
            if (++line < lines) continue;
            line = 0;
            row += step;
        }
    }

private:
    const at::BFloat16* row;
    int64_t step, lines, line = 0;
};

// Tiles for `count` indices from `first` on and `depth` values of k, in groups of `width` tiles for each 32 values of k. Reads in the order
// of the memory, and fetches what it reads next.
void pack_block(const Operand& from, int64_t first, int64_t count, int64_t k, int64_t depth, int64_t width, bool pair_first, Tile* to) {
    auto steps = tiles_of(depth, strip), groups = tiles_of(count, width * side);
    auto by_k = from.k_step == 1;
    for (int64_t outer = 0; outer < (by_k ? groups : steps); outer++) {
        auto next = by_k ? Fetcher(from.data + (first + (outer + 1) * width * side) * from.index_step + k, from.index_step, steps)
                         : Fetcher(from.data + (k + (outer + 1) * strip) * from.k_step + first, from.k_step, groups);
        for (int64_t inner = 0; inner < (by_k ? steps : groups); inner++) {
            auto group = by_k ? outer : inner, t = by_k ? inner : outer;
            for (int64_t i = 0; i < width; i++) {
                auto at = (group * width + i) * side;
                next.fetch(side);
                pack(from, first + at, k + t * strip, std::clamp<int64_t>(count - at, 0, side), std::min(strip, depth - t * strip),
                     pair_first, to[(group * steps + t) * width + i]);
            }
        }
    }
}

template <typename Registers, int heights, typename Kernel>
void multiply_range(const Product& p, int64_t row_begin, int64_t row_end, int64_t column_begin, int64_t column_end, Kernel kernel) {
    constexpr int64_t height = heights * side;
    auto steps = tiles_of(std::min(most_depth, p.depth), strip);
    auto strips = tiles_of(std::min(most_rows, row_end - row_begin), height);
    auto widths = tiles_of(std::min(most_columns, column_end - column_begin), strip);
    auto has_parts = p.depth > most_depth;
    auto memory = at::empty({(strips * heights + widths * 2) * steps * static_cast<int64_t>(sizeof(Tile)) + 64}, at::kByte);
    auto* left = reinterpret_cast<Tile*>((reinterpret_cast<uintptr_t>(memory.data_ptr()) + 63) / 64 * 64);
    auto* right = left + strips * heights * steps;
    std::vector<float> sums((has_parts ? strips * widths : 1) * height * strip);
    Registers registers;
    for (auto row = row_begin; row < row_end; row += most_rows) {
        auto rows = std::min(most_rows, row_end - row);
        for (auto column = column_begin; column < column_end; column += most_columns) {
            auto columns = std::min(most_columns, column_end - column);
            for (int64_t k = 0; k < p.depth; k += most_depth) {
                auto depth = std::min(most_depth, p.depth - k), count = tiles_of(depth, strip);
                if (has_parts || column == column_begin) pack_block(p.a, row, rows, k, depth, heights, false, left);
                pack_block(p.b, column, columns, k, depth, 2, true, right);
                auto* sum = sums.data();
                for (int64_t i = 0; i < rows; i += height)
                    for (int64_t j = 0; j < columns; j += strip) {
                        kernel(left + i / side * count, right + j / side * count, count, k > 0, sum);
                        if (k + depth == p.depth)
                            finish(p, sum, row + i, std::min(height, rows - i), column + j, std::min(strip, columns - j));
                        if (has_parts) sum += height * strip;
                    }
            }
        }
    }
}

// Whether the processor has AMX, and the operating system lets the process use it.
bool has_amx() {
    constexpr int request = 0x1023, tile_data = 18;                                       // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
    static const bool found = __builtin_cpu_supports("amx-bf16") && syscall(SYS_arch_prctl, request, tile_data) == 0;
    return found;
}

std::atomic<bool> uses_amx = true;

void multiply_range(const Product& p, int64_t row_begin, int64_t row_end, int64_t column_begin, int64_t column_end) {
    auto is_low = row_end - row_begin <= side, with_amx = has_amx() && uses_amx;
    if (with_amx && is_low)
        multiply_range<TileRegisters, 1>(p, row_begin, row_end, column_begin, column_end, multiply_with_amx<1>);
    else if (with_amx)
        multiply_range<TileRegisters, 2>(p, row_begin, row_end, column_begin, column_end, multiply_with_amx<2>);
    else if (is_low)
        multiply_range<NoRegisters, 1>(p, row_begin, row_end, column_begin, column_end, multiply_with_avx512<1>);
    else
        multiply_range<NoRegisters, 2>(p, row_begin, row_end, column_begin, column_end, multiply_with_avx512<2>);
}

// A tensor in which one of the strides is 1.
at::Tensor dense(const at::Tensor& t) { return t.stride(0) == 1 || t.stride(1) == 1 ? t : t.contiguous(); }

at::BFloat16* data_of(const at::Tensor& t) { return static_cast<at::BFloat16*>(t.data_ptr()); }

}  // namespace

bool attune::has_bfloat16_kernel() {
    static const bool found =
        __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    return found;
}

at::Tensor attune::multiply_bfloat16(const at::Tensor& a_, const at::Tensor& b_, const at::Tensor& bias) {
    auto a = dense(a_), b = dense(b_), added = bias.defined() ? bias.contiguous() : bias;
    auto rows = a.size(0), columns = b.size(1);
    auto c = at::empty({rows, columns}, a.options());
    Product p{{data_of(a), a.stride(0), a.stride(1)}, {data_of(b), b.stride(1), b.stride(0)}, a.size(1),
              added.defined() ? data_of(added) : nullptr, data_of(c), columns};
    auto by_rows = rows >= columns;
    auto share = std::max<int64_t>(1, (int64_t{1} << 20) / (strip * (by_rows ? columns : rows) * p.depth));
    at::parallel_for(0, tiles_of(by_rows ? rows : columns, strip), share, [&](int64_t begin, int64_t end) {
        if (by_rows)
            multiply_range(p, begin * strip, std::min(rows, end * strip), 0, columns);
        else
            multiply_range(p, 0, rows, begin * strip, std::min(columns, end * strip));
    });
    return c;
}

// Whether AMX is used where there is it; returns the previous state. For tests of the other kernel.
ATTUNE_EXPORT int32_t attune_set_amx(int32_t enabled) { return uses_amx.exchange(enabled != 0); }

#else

ATTUNE_EXPORT int32_t attune_set_amx(int32_t) { return 0; }

bool attune::has_bfloat16_kernel() { return false; }

at::Tensor attune::multiply_bfloat16(const at::Tensor&, const at::Tensor&, const at::Tensor&) {
    TORCH_CHECK(false, "this build has no kernel for products of bfloat16");
}

#endif
