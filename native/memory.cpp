// Host memory: keeps freed blocks in the process, and counts the bytes of tensors.
#include <atomic>
#include <malloc.h>

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <torch/version.h>

#include "export.h"

using namespace attune;

namespace {

std::atomic<int64_t> live_bytes{0};
std::atomic<int64_t> peak_bytes{0};

// A block starts with its size, so that the data pointer is enough to free it, as oneDNN does (c10::Allocator::raw_allocate).
constexpr size_t header = c10::gAlignment;
c10::Allocator* inner = nullptr;

void count(int64_t size) {
    auto now = live_bytes.fetch_add(size) + size;
    auto peak = peak_bytes.load();
    while (now > peak && !peak_bytes.compare_exchange_weak(peak, now)) {
    }
}

void free_block(void* data) {
    auto* block = static_cast<char*>(data) - header;
    live_bytes.fetch_sub(static_cast<int64_t>(*reinterpret_cast<size_t*>(block)));
    inner->raw_deallocate(block);
}

// Since libtorch 2.3 allocate() is not const and copy_data() is required.
#define ATTUNE_NEW_ALLOCATOR (TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 3))
#if ATTUNE_NEW_ALLOCATOR
#define ATTUNE_CONST
#else
#define ATTUNE_CONST const
#endif

class CountingAllocator final : public c10::Allocator {
public:
    c10::DataPtr allocate(size_t size) ATTUNE_CONST override {
        auto* block = static_cast<char*>(inner->raw_allocate(header + size));
        *reinterpret_cast<size_t*>(block) = size;
        count(static_cast<int64_t>(size));
        return {block + header, block + header, &free_block, c10::Device(c10::DeviceType::CPU)};
    }

    c10::DeleterFnPtr raw_deleter() const override { return &free_block; }

#if ATTUNE_NEW_ALLOCATOR
    void copy_data(void* destination, const void* source, size_t size) const override {
        default_copy_data(destination, source, size);
    }
#endif
};

}  // namespace

// Call once, before the first tensor. glibc returns large blocks to the kernel at every free, and a new block costs a page fault for
// each 4 KiB: a fifth of a training step. Blocks in one arena are reused.
ATTUNE_EXPORT int attune_set_up_memory() {
    return guard([] {
        mallopt(M_ARENA_MAX, 1);
        mallopt(M_MMAP_MAX, 0);
        mallopt(M_TRIM_THRESHOLD, 1 << 30);
        mallopt(M_TOP_PAD, 64 << 20);
        inner = c10::GetCPUAllocator();
        static CountingAllocator allocator;
        c10::SetCPUAllocator(&allocator, /*priority=*/1);
    });
}

ATTUNE_EXPORT int64_t attune_live_bytes() { return live_bytes.load(); }
ATTUNE_EXPORT int64_t attune_peak_bytes() { return peak_bytes.load(); }
ATTUNE_EXPORT void attune_reset_peak_bytes() { peak_bytes.store(live_bytes.load()); }
