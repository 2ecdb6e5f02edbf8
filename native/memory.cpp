// Host memory: keeps freed blocks in the process, and counts the bytes of tensors.
#include <algorithm>
#include <atomic>
#include <malloc.h>
#include <map>
#include <mutex>
#include <set>
#include <sys/mman.h>
#include <unistd.h>

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <torch/version.h>

#include "export.h"

using namespace attune;

namespace {

std::atomic<int64_t> live_bytes{0};
std::atomic<int64_t> peak_bytes{0};

// Large blocks, in a range of addresses of their own. In glibc's heap, small objects that live long come to lie in the holes that freed
// tensors leave, and the holes can then not be used as one: training held up to half as much memory again as its tensors. Here a block is
// taken from the smallest hole that it fits in, holes that touch are joined, and a page that was used stays in the process.
class LargeBlocks {
public:
    static constexpr size_t smallest = 64 << 10;

    // Null when there are no addresses or no memory left.
    char* take(size_t size) {
        size = rounded(size);
        std::lock_guard<std::mutex> lock(mutex);
        auto fit = by_size.lower_bound({size, nullptr});
        if (fit == by_size.end()) return grow(size);
        auto [hole, start] = *fit;
        remove(start, hole);
        if (hole > size) add(start + size, hole - size);
        return start;
    }

    void give(char* start, size_t size) {
        size = rounded(size);
        std::lock_guard<std::mutex> lock(mutex);
        auto next = by_start.lower_bound(start);
        if (next != by_start.end() && start + size == next->first) {
            auto more = next->second;
            remove(next->first, more);
            size += more;
        }
        auto after = by_start.lower_bound(start);
        if (after != by_start.begin() && std::prev(after)->first + std::prev(after)->second == start) {
            auto [before, more] = *std::prev(after);
            remove(before, more);
            start = before;
            size += more;
        }
        if (start + size == used) used = start;
        else add(start, size);
    }

    bool owns(const char* block) const { return block >= first && block < last; }

private:
    static constexpr size_t step = 16 << 20;
    static constexpr size_t huge_page = 2 << 20;

    // Sizes are not rounded to pages: blocks that all start at the same offset in a page would compete for the same lines of the cache.
    static size_t rounded(size_t size) { return (size + c10::gAlignment - 1) / c10::gAlignment * c10::gAlignment; }

    char* grow(size_t size) {
        if (!first) reserve();
        if (static_cast<size_t>(last - used) < size) return nullptr;
        if (used + size > usable) {
            auto more = std::min<size_t>(last - usable, (used + size - usable + step - 1) / step * step);
            if (mprotect(usable, more, PROT_READ | PROT_WRITE) != 0) return nullptr;
            madvise(usable, more, MADV_HUGEPAGE);
            usable += more;
        }
        auto* start = used;
        used += size;
        return start;
    }

    // Addresses only: a page takes memory when it is first written. Holes make the range in use larger than the tensors, so it is several
    // times the machine's memory; much more would be too much for emulators, which keep a table of all pages. It starts at a multiple of
    // the size of a huge page: these save most translations of addresses, which are slow in a virtual machine.
    void reserve() {
        auto memory = static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
        for (auto size = 4 * memory; size >= size_t{1} << 30; size >>= 1) {
            auto* range = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
            if (range == MAP_FAILED) continue;
            last = static_cast<char*>(range) + size;
            first = used = usable = last - size + (huge_page - reinterpret_cast<uintptr_t>(range) % huge_page) % huge_page;
            return;
        }
    }

    void add(char* start, size_t size) {
        by_start[start] = size;
        by_size.insert({size, start});
    }

    void remove(char* start, size_t size) {
        by_start.erase(start);
        by_size.erase({size, start});
    }

    std::mutex mutex;
    std::map<char*, size_t> by_start;
    std::set<std::pair<size_t, char*>> by_size;
    // Blocks and holes lie from first to used; memory can be written up to usable; addresses are reserved up to last.
    char *first = nullptr, *used = nullptr, *usable = nullptr, *last = nullptr;
};

LargeBlocks& large() {
    static auto* blocks = new LargeBlocks;                       // never destroyed: tensors may be freed while the process ends
    return *blocks;
}

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
    auto size = *reinterpret_cast<size_t*>(block);
    live_bytes.fetch_sub(static_cast<int64_t>(size));
    if (large().owns(block)) large().give(block, header + size);
    else inner->raw_deallocate(block);
}

char* allocate_block(size_t size) {
    auto* block = size < LargeBlocks::smallest ? nullptr : large().take(size);
    return block ? block : static_cast<char*>(inner->raw_allocate(size));
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
        auto* block = allocate_block(header + size);
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
// each 4 KiB: a fifth of a training step. Blocks of one heap are reused.
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
