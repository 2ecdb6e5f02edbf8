// Devices, threads, random generators, and the data of `attune doctor`.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include <atomic>

#include "export.h"

using namespace attune;

// Of the OpenMP that libtorch uses; null where it uses none.
extern "C" __attribute__((weak)) void omp_set_num_threads(int);

namespace {

at::Generator& generator(void* handle) { return *static_cast<at::Generator*>(handle); }

}  // namespace

ATTUNE_EXPORT const char* attune_torch_version() { return TORCH_VERSION; }

ATTUNE_EXPORT const char* attune_torch_build() {
    static const std::string build = at::show_config();
    return build.c_str();
}

ATTUNE_EXPORT int attune_cuda_devices(int32_t* count) {
    return guard([&] { *count = at::hasCUDA() ? at::detail::getCUDAHooks().getNumGPUs() : 0; });
}

ATTUNE_EXPORT int attune_cuda_synchronize(int32_t index) {
    return guard([&] { torch::cuda::synchronize(index); });
}

// The first call sets the number of threads of an operator, also for threads that start later. Later calls set that of the calling thread:
// libtorch's function would also start the threads of a pool for mobile devices again, and those that end spin for milliseconds. With MKL,
// which has a number of threads of its own, it is needed.
ATTUNE_EXPORT int attune_set_threads(int32_t count) {
    return guard([&] {
        static std::atomic<bool> is_set{false};
        auto is_later = is_set.exchange(true);
        if (is_later && at::get_num_threads() == count) return;
        if (is_later && omp_set_num_threads && count > 0 && !at::hasMKL()) omp_set_num_threads(count);
        else at::set_num_threads(count);
    });
}

ATTUNE_EXPORT int32_t attune_threads() { return at::get_num_threads(); }

// On how many threads the kernels of this library run.
ATTUNE_EXPORT int32_t attune_kernel_threads() {
    std::atomic<int32_t> found{0};
    at::parallel_for(0, at::get_num_threads(), 1, [&](int64_t, int64_t) { found++; });
    return found;
}

ATTUNE_EXPORT int attune_generator_new(int32_t device_type, int32_t device_index, uint64_t seed, void** result) {
    return guard([&] {
        c10::Device device(static_cast<c10::DeviceType>(device_type), static_cast<c10::DeviceIndex>(device_index));
        auto fresh = at::globalContext().defaultGenerator(device).clone();
        fresh.set_current_seed(seed);
        *result = new at::Generator(std::move(fresh));
    });
}

ATTUNE_EXPORT void attune_generator_free(void* handle) { delete static_cast<at::Generator*>(handle); }

ATTUNE_EXPORT int attune_generator_seed(void* handle, uint64_t seed) {
    return guard([&] { generator(handle).set_current_seed(seed); });
}

// The generator's whole state as a CPU byte tensor.
ATTUNE_EXPORT int attune_generator_state(void* handle_, void** state) {
    return guard([&] { *state = handle(generator(handle_).get_state()); });
}

ATTUNE_EXPORT int attune_generator_set_state(void* handle, void* state) {
    return guard([&] { generator(handle).set_state(tensor(state)); });
}
