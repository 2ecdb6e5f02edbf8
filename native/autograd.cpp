// Gradients: backward, the grad field, and the thread's grad mode.
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include "export.h"

using namespace attune;

ATTUNE_EXPORT int attune_backward(void* root, void* gradient) {
    return guard([&] {
        std::vector<at::Tensor> gradients;
        if (gradient) gradients.push_back(tensor(gradient));
        torch::autograd::backward({tensor(root)}, gradients);
    });
}

// The gradients of root towards some leaves, added to nothing; null for a leaf that root does not depend on.
ATTUNE_EXPORT int attune_gradients(void* root, void** leaves, int32_t count, void** results) {
    return guard([&] {
        std::vector<at::Tensor> inputs;
        for (int32_t i = 0; i < count; i++) inputs.push_back(tensor(leaves[i]));
        auto found = torch::autograd::grad({tensor(root)}, inputs, {}, c10::nullopt, false, true);
        for (int32_t i = 0; i < count; i++) results[i] = handle(found[i]);
    });
}

// *result is null while the tensor has no gradient.
ATTUNE_EXPORT int attune_grad(void* handle_, void** result) {
    return guard([&] { *result = handle(tensor(handle_).grad()); });
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

// Switches recording on this thread and returns what it was.
ATTUNE_EXPORT int32_t attune_set_grad_mode(int32_t enabled) {
    auto before = at::GradMode::is_enabled();
    at::GradMode::set_enabled(enabled != 0);
    return before;
}
