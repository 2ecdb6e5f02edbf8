// Gradients: backward, the grad field, and the thread's grad mode.
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

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
