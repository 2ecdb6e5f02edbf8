// The exchange of tensors between processes ("ranks"), through libtorch's c10d: TCPStore, Gloo, and NCCL for CUDA tensors where libtorch
// has it. libtorch's CMake files define USE_C10D_GLOO and USE_C10D_NCCL when it was built with them.
#include "export.h"

using namespace attune;

#ifdef USE_C10D_GLOO

#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <tuple>

#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#if defined(USE_C10D_NCCL) && __has_include(<nccl.h>)
#define ATTUNE_NCCL
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

namespace {

using c10d::ProcessGroupGloo;
using Work = c10::intrusive_ptr<c10d::Work>;
using Milliseconds = std::chrono::milliseconds;
using Tensors = std::vector<at::Tensor>;

using Store = c10::intrusive_ptr<c10d::Store>;

Store& store_of(void* handle) { return *static_cast<Store*>(handle); }

// Shared with the callbacks of exchanges, which may outlive the group.
struct Signal {
    std::mutex mutex;
    std::condition_variable changed;
    bool aborted = false;
};

struct Group {
    c10::intrusive_ptr<ProcessGroupGloo> gloo;
#ifdef ATTUNE_NCCL
    c10::intrusive_ptr<c10d::ProcessGroupNCCL> nccl;
#endif
    int rank, count;
    std::shared_ptr<Signal> signal = std::make_shared<Signal>();
};

// Waits for an exchange, or until the group is aborted: an exchange with a dead peer may otherwise wait for its whole timeout.
void wait(Group& group, const Work& work) {
    auto signal = group.signal;
    auto future = work->getFuture();
    future->addCallback([signal](auto&) {
        std::lock_guard<std::mutex> lock(signal->mutex);
        signal->changed.notify_all();
    });
    std::unique_lock<std::mutex> lock(signal->mutex);
    signal->changed.wait(lock, [&] { return future->completed() || signal->aborted; });
    if (!future->completed()) throw std::runtime_error("the exchange was aborted");
    lock.unlock();
    work->wait();
}

// Runs start(backend), with NCCL for CUDA tensors where it is available.
template <typename Start>
Work start_on(Group& group, const at::Tensor& tensor, Start&& start) {
#ifdef ATTUNE_NCCL
    if (group.nccl && tensor.is_cuda()) return start(*group.nccl);
#endif
    return start(*group.gloo);
}

// Tensors that are exchanged at once: the copy of many small ones, or a large one itself.
struct Bucket {
    static constexpr int64_t capacity = 25 << 20;

    Tensors parts;
    int64_t bytes = 0;
    int source = 0;
    at::Tensor flat;
    Work work;

    // Reduced types are added in float32.
    at::ScalarType type(bool adds) const {
        auto own = parts[0].scalar_type();
        return adds && (own == at::kBFloat16 || own == at::kHalf) ? at::kFloat : own;
    }

    bool is_direct(bool adds) const { return parts.size() == 1 && parts[0].is_contiguous() && type(adds) == parts[0].scalar_type(); }

    void flatten(bool adds) {
        if (is_direct(adds)) {
            flat = parts[0].detach();
            return;
        }
        Tensors rows;
        for (auto& part : parts) rows.push_back(part.detach().reshape(-1).to(type(adds)));
        flat = rows.size() == 1 ? rows[0].clone() : at::cat(rows);
    }

    void unflatten(bool adds) {
        if (is_direct(adds)) {
            parts[0].unsafeGetTensorImpl()->bump_version();       // Gloo and NCCL write to the memory
        } else {
            int64_t start = 0;
            for (auto& part : parts) {
                part.copy_(flat.narrow(0, start, part.numel()).view(part.sizes()));
                start += part.numel();
            }
        }
        flat.reset();
    }
};

// The same buckets on every rank: they follow from types, sizes and sources.
std::vector<Bucket> buckets_of(void** handles, const int32_t* sources, int32_t count) {
    std::vector<Bucket> buckets;
    std::map<std::tuple<at::ScalarType, at::DeviceType, int>, size_t> open;
    for (int32_t i = 0; i < count; ++i) {
        auto& part = tensor(handles[i]);
        if (part.numel() == 0) continue;
        auto bytes = static_cast<int64_t>(part.nbytes());
        auto key = std::make_tuple(part.scalar_type(), part.device().type(), sources ? sources[i] : 0);
        auto found = open.find(key);
        if (found == open.end() || buckets[found->second].bytes + bytes > Bucket::capacity) {
            open[key] = buckets.size();
            buckets.emplace_back();
            buckets.back().source = std::get<2>(key);
        }
        auto& bucket = buckets[open[key]];
        bucket.parts.push_back(part);
        bucket.bytes += bytes;
    }
    return buckets;
}

// Exchanges buckets; a few are under way while the next one is copied.
template <typename Start>
void exchange(Group& group, std::vector<Bucket>& buckets, bool adds, Start&& start) {
    constexpr size_t window = 3;
    at::NoGradGuard no_grad;
    auto finish = [&](Bucket& bucket) {
        wait(group, bucket.work);
        bucket.work = {};
        bucket.unflatten(adds);
    };
    for (size_t i = 0; i < buckets.size() + window; ++i) {
        if (i >= window && i - window < buckets.size()) finish(buckets[i - window]);
        if (i >= buckets.size()) continue;
        auto& bucket = buckets[i];
        bucket.flatten(adds);
        Tensors one{bucket.flat};
        bucket.work = start_on(group, bucket.flat, [&](auto& backend) { return start(backend, bucket, one); });
    }
}

Tensors gather(Group& group, const at::Tensor& own) {
    std::vector<Tensors> outputs(1);
    for (int i = 0; i < group.count; ++i) outputs[0].push_back(at::empty_like(own));
    Tensors inputs{own};
    wait(group, group.gloo->allgather(outputs, inputs));
    return outputs[0];
}

}  // namespace

ATTUNE_EXPORT const char* attune_ranks_backends() {
#ifdef ATTUNE_NCCL
    return "Gloo, NCCL";
#else
    return "Gloo";
#endif
}

// Hosts the store of a job at a port, or connects to it.
ATTUNE_EXPORT int attune_store_new(const char* host, int32_t port, int32_t is_server, int64_t timeout, void** store) {
    return guard([&] {
        c10d::TCPStoreOptions options;
        options.port = static_cast<uint16_t>(port);
        options.isServer = is_server != 0;
        options.waitWorkers = false;
        options.timeout = Milliseconds(timeout);
        *store = new Store(c10::make_intrusive<c10d::TCPStore>(host, options));
    });
}

ATTUNE_EXPORT void attune_store_free(void* store) { delete static_cast<Store*>(store); }

ATTUNE_EXPORT int attune_store_set(void* store, const char* key, const char* value) {
    return guard([&] { store_of(store)->set(key, std::vector<uint8_t>(value, value + strlen(value))); });
}

// Waits for a key. *value ends with a zero; attune_free() frees it.
ATTUNE_EXPORT int attune_store_get(void* store, const char* key, char** value) {
    return guard([&] {
        auto bytes = store_of(store)->get(key);
        *value = static_cast<char*>(malloc(bytes.size() + 1));
        memcpy(*value, bytes.data(), bytes.size());
        (*value)[bytes.size()] = 0;
    });
}

// Connects to all ranks, through the network interface that has the address.
ATTUNE_EXPORT int attune_ranks_new(void* store, int32_t rank, int32_t count, const char* address, int64_t timeout, void** group) {
    return guard([&] {
        auto& keys = store_of(store);
        auto options = ProcessGroupGloo::Options::create(Milliseconds(timeout));
        options->threads = 2;
        options->devices.push_back(ProcessGroupGloo::createDeviceForHostname(address));
        auto created = std::make_unique<Group>();
        created->gloo = c10::make_intrusive<ProcessGroupGloo>(keys, rank, count, options);
#ifdef ATTUNE_NCCL
        if (at::hasCUDA() && at::detail::getCUDAHooks().deviceCount() > 0)
            created->nccl = c10::make_intrusive<c10d::ProcessGroupNCCL>(
                c10::make_intrusive<c10d::PrefixStore>("nccl", keys), rank, count, c10d::ProcessGroupNCCL::Options::create());
#endif
        created->rank = rank;
        created->count = count;
        *group = created.release();
    });
}

// Makes the exchange that waits, and every later one, fail.
ATTUNE_EXPORT void attune_ranks_abort(void* group) {
    auto& signal = *static_cast<Group*>(group)->signal;
    std::lock_guard<std::mutex> lock(signal.mutex);
    signal.aborted = true;
    signal.changed.notify_all();
}

// The connections of an aborted group remain: Gloo closes them only when its exchanges have ended.
ATTUNE_EXPORT void attune_ranks_free(void* handle) {
    auto* group = static_cast<Group*>(handle);
    if (!group->signal->aborted) delete group;
}

ATTUNE_EXPORT int attune_ranks_sum(void* handle, void** tensors, int32_t count) {
    return guard([&] {
        auto buckets = buckets_of(tensors, nullptr, count);
        exchange(*static_cast<Group*>(handle), buckets, true,
                 [](auto& backend, Bucket&, Tensors& flat) { return backend.allreduce(flat, c10d::AllreduceOptions()); });
    });
}

// The sum of each tensor is on its owner only; other ranks have any values afterwards.
ATTUNE_EXPORT int attune_ranks_reduce(void* handle, void** tensors, const int32_t* owners, int32_t count) {
    return guard([&] {
        auto buckets = buckets_of(tensors, owners, count);
        exchange(*static_cast<Group*>(handle), buckets, true, [](auto& backend, Bucket& bucket, Tensors& flat) {
            c10d::ReduceOptions options;
            options.rootRank = bucket.source;
            return backend.reduce(flat, options);
        });
    });
}

ATTUNE_EXPORT int attune_ranks_broadcast(void* handle, void** tensors, const int32_t* sources, int32_t count) {
    return guard([&] {
        auto buckets = buckets_of(tensors, sources, count);
        exchange(*static_cast<Group*>(handle), buckets, false, [](auto& backend, Bucket& bucket, Tensors& flat) {
            c10d::BroadcastOptions options;
            options.rootRank = bucket.source;
            return backend.broadcast(flat, options);
        });
    });
}

// The bytes of all ranks, one after the other; lengths has an element for each rank. attune_free() frees *all.
ATTUNE_EXPORT int attune_ranks_gather(void* handle, const void* own, int64_t length, void** all, int64_t* lengths) {
    return guard([&] {
        at::NoGradGuard no_grad;
        auto& group = *static_cast<Group*>(handle);
        int64_t longest = 0, total = 0;
        auto sizes = gather(group, at::full({1}, length, at::kLong));
        for (int i = 0; i < group.count; ++i) {
            lengths[i] = sizes[i].item<int64_t>();
            longest = std::max(longest, lengths[i]);
            total += lengths[i];
        }
        auto* bytes = static_cast<char*>(malloc(std::max<int64_t>(total, 1)));
        *all = bytes;
        if (longest == 0) return;
        auto padded = at::zeros({longest}, at::kByte);
        if (length > 0) memcpy(padded.data_ptr(), own, length);
        auto parts = gather(group, padded);
        for (int i = 0; i < group.count; ++i) {
            if (lengths[i] > 0) memcpy(bytes, parts[i].data_ptr(), lengths[i]);
            bytes += lengths[i];
        }
    });
}

#else

ATTUNE_EXPORT const char* attune_ranks_backends() { return ""; }

ATTUNE_EXPORT int attune_store_new(const char*, int32_t, int32_t, int64_t, void**) {
    return guard([] {
        throw std::runtime_error("This libtorch was built without c10d and Gloo, so that it cannot train with several processes. Use "
                                 "another libtorch: Debian's libtorch-dev and those of pytorch.org have them.");
    });
}

#endif
