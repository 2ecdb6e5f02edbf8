// Gradients: backward, the grad field, the thread's grad mode, and mixed precision.
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/version.h>

#include "export.h"

using namespace attune;

namespace {

// An embedding table that was read with sparse gradients has a gradient of the rows that were read.
at::Tensor whole(const at::Tensor& gradient) { return gradient.defined() && gradient.is_sparse() ? gradient.to_dense() : gradient; }

}  // namespace

ATTUNE_EXPORT int attune_backward(void* root, void* gradient) {
    return guard([&] {
        std::vector<at::Tensor> gradients;
        if (gradient) gradients.push_back(tensor(gradient));
        torch::autograd::backward({tensor(root)}, gradients);
    });
}

// The gradients of root with respect to some leaves, not accumulated; null for a leaf that root does not depend on.
ATTUNE_EXPORT int attune_gradients(void* root, void** leaves, int32_t count, void** results) {
    return guard([&] {
        std::vector<at::Tensor> inputs;
        for (int32_t i = 0; i < count; i++) inputs.push_back(tensor(leaves[i]));
        auto found = torch::autograd::grad({tensor(root)}, inputs, {}, c10::nullopt, false, true);
        for (int32_t i = 0; i < count; i++) results[i] = handle(whole(found[i]));
    });
}

// *result is null if the tensor has no gradient.
ATTUNE_EXPORT int attune_grad(void* handle_, void** result) {
    return guard([&] {
        auto& gradient = tensor(handle_).mutable_grad();
        gradient = whole(gradient);
        *result = handle(gradient);
    });
}

// A null gradient clears the field.
ATTUNE_EXPORT int attune_set_grad(void* handle_, void* gradient) {
    return guard([&] { tensor(handle_).mutable_grad() = gradient ? tensor(gradient) : at::Tensor(); });
}

ATTUNE_EXPORT int attune_requires_grad(void* handle_, int32_t* result) {
    return guard([&] { *result = tensor(handle_).requires_grad(); });
}

ATTUNE_EXPORT int attune_set_requires_grad(void* handle_, int32_t required) {
    return guard([&] { tensor(handle_).set_requires_grad(required != 0); });
}

// Switches recording on this thread on or off and returns the previous state.
ATTUNE_EXPORT int32_t attune_set_grad_mode(int32_t enabled) {
    auto before = at::GradMode::is_enabled();
    at::GradMode::set_enabled(enabled != 0);
    return before;
}

// Since libtorch 2.4 autocast has one set of functions for all devices.
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
namespace {

int32_t autocast_dtype(c10::DeviceType device) {
    return at::autocast::is_autocast_enabled(device) ? static_cast<int32_t>(at::autocast::get_autocast_dtype(device)) : -1;
}

void set_autocast(c10::DeviceType device, bool enabled, at::ScalarType dtype) {
    at::autocast::set_autocast_enabled(device, enabled);
    if (enabled) at::autocast::set_autocast_dtype(device, dtype);
}

}  // namespace
#else
namespace {

int32_t autocast_dtype(c10::DeviceType device) {
    if (device == c10::kCUDA) return at::autocast::is_enabled() ? static_cast<int32_t>(at::autocast::get_autocast_gpu_dtype()) : -1;
    return at::autocast::is_cpu_enabled() ? static_cast<int32_t>(at::autocast::get_autocast_cpu_dtype()) : -1;
}

void set_autocast(c10::DeviceType device, bool enabled, at::ScalarType dtype) {
    if (device == c10::kCUDA) {
        at::autocast::set_enabled(enabled);
        if (enabled) at::autocast::set_autocast_gpu_dtype(dtype);
    } else {
        at::autocast::set_cpu_enabled(enabled);
        if (enabled) at::autocast::set_autocast_cpu_dtype(dtype);
    }
}

}  // namespace
#endif

// Switches this thread's autocast on a device to an element type, or off with -1, and returns the previous type. Casts of weights are
// not cached, because a cache would have the weights from before the optimizer's step.
ATTUNE_EXPORT int attune_set_autocast(int32_t device_type, int32_t dtype, int32_t* before) {
    return guard([&] {
        auto device = static_cast<c10::DeviceType>(device_type);
        *before = autocast_dtype(device);
        at::autocast::set_autocast_cache_enabled(false);
        set_autocast(device, dtype >= 0, static_cast<at::ScalarType>(dtype));
    });
}
