// The metadata of tensors for managed code, and the conversion from and to raw bytes.
#include "export.h"

#include <c10/core/DeviceGuard.h>

using namespace attune;

namespace {

struct TensorInfo {
    int32_t dtype;
    int32_t device_type;
    int32_t device_index;
    int32_t dimensions;
    int64_t elements;
    const int64_t* sizes;
};

}  // namespace

ATTUNE_EXPORT void attune_tensor_free(void* handle) { delete static_cast<at::Tensor*>(handle); }

ATTUNE_EXPORT int attune_tensor_info(void* handle, TensorInfo* info) {
    return guard([&] {
        const auto& t = tensor(handle);
        *info = {static_cast<int32_t>(t.scalar_type()), static_cast<int32_t>(t.device().type()), t.device().index(),
                 static_cast<int32_t>(t.dim()), t.numel(), t.sizes().data()};
    });
}

// Counts in-place changes of the tensor's memory, those of its views and of detached tensors on the same memory included.
ATTUNE_EXPORT int attune_tensor_version(void* handle, int64_t* version) {
    return guard([&] { *version = tensor(handle)._version(); });
}

// The first byte of a contiguous tensor in host memory.
ATTUNE_EXPORT int attune_tensor_data(void* handle, void** data) {
    return guard([&] {
        const auto& t = tensor(handle);
        TORCH_CHECK(t.device().is_cpu() && t.is_contiguous(), "the tensor must be contiguous and on the CPU");
        *data = t.data_ptr();
    });
}

// Frees the memory of a tensor, which keeps its shape, or allocates it again with any values.
ATTUNE_EXPORT int attune_tensor_set_storage(void* handle, int32_t allocated) {
    return guard([&] {
        const auto& t = tensor(handle);
        TORCH_CHECK(t.is_contiguous() && t.storage_offset() == 0, "only a contiguous tensor can free its memory");
        c10::DeviceGuard device(t.device());
        auto* storage = t.storage().unsafeGetStorageImpl();
        auto bytes = allocated ? static_cast<size_t>(t.numel()) * t.itemsize() : 0;
        storage->set_data_ptr_noswap(c10::GetAllocator(t.device().type())->allocate(bytes));
        storage->set_nbytes(bytes);
    });
}

// A view of memory that the caller must keep alive as long as the tensor.
ATTUNE_EXPORT int attune_tensor_from_memory(void* data, const int64_t* sizes, int32_t dimensions, int32_t dtype, void** result) {
    return guard([&] {
        auto options = at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype));
        *result = handle(at::from_blob(data, at::IntArrayRef(sizes, dimensions), options));
    });
}
