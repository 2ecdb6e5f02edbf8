// Gradients: backward, the grad field, the thread's grad mode, the gradient of an embedding, and gradients that managed code computes.
#include <algorithm>
#include <memory>
#include <type_traits>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/functions/utils.h>

#include "export.h"

using namespace attune;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

// Rows of a table (V, D) by tokens. The gradient has the rows that were read, each once. They are added to a dense gradient, or to those
// of other micro-batches, in the order of the dense gradient, so that the sum has the same bits; but without its memory.
struct Embedding : torch::autograd::Function<Embedding> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& table, const at::Tensor& tokens) {
        context->save_for_backward({tokens});
        context->saved_data["rows"] = table.size(0);
        return at::embedding(table, tokens);
    }

    static variable_list backward(AutogradContext* context, variable_list gradients) {
        auto tokens = context->get_saved_variables()[0].reshape(-1).contiguous();
        auto count = tokens.numel(), width = gradients[0].size(-1);
        auto given = gradients[0].reshape({count, width}).contiguous();                          // (N, D)
        auto* token = tokens.data_ptr<int64_t>();
        std::vector<int64_t> distinct(token, token + count);                                     // sorted: libtorch merges sorted rows
        std::sort(distinct.begin(), distinct.end());
        distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
        auto sums = at::zeros({static_cast<int64_t>(distinct.size()), width}, given.options());  // (distinct tokens, D)
        auto *to = sums.data_ptr<float>();
        auto *from = given.data_ptr<float>();
        for (int64_t i = 0; i < count; i++) {
            auto* sum = to + (std::lower_bound(distinct.begin(), distinct.end(), token[i]) - distinct.begin()) * width;
            for (int64_t at = 0; at < width; at++) sum[at] += from[i * width + at];
        }
        auto indices = at::empty({1, sums.size(0)}, tokens.options());
        std::copy(distinct.begin(), distinct.end(), indices.data_ptr<int64_t>());
        return {at::_sparse_coo_tensor_unsafe(indices, sums, {context->saved_data["rows"].toInt(), width}), at::Tensor()};
    }
};

// compute(state, input, gradient, &result) takes ownership of input and gradient, and gives away that of result, which may be null. It
// returns 0, or 1 when it has failed.
using Compute = int32_t (*)(void* state, void* input, void* gradient, void** result);
using Release = void (*)(void* state);

// A function of one tensor whose gradient managed code computes. The state is released with the graph.
struct ManagedBackward : torch::autograd::Node {
    at::Tensor input;
    void* state = nullptr;
    Compute compute = nullptr;
    Release release = nullptr;

    ~ManagedBackward() override { ManagedBackward::release_variables(); }

    variable_list apply(variable_list&& gradients) override {
        variable_list results(1);
        if (!gradients[0].defined()) return results;
        if (!state) throw std::runtime_error("this graph was already used by a backward pass");
        void* result = nullptr;
        if (compute(state, handle(input), handle(gradients[0]), &result) != 0)
            throw std::runtime_error("the gradient of a part of the model could not be computed");
        if (result) results[0] = *std::unique_ptr<at::Tensor>(static_cast<at::Tensor*>(result));
        return results;
    }

    void release_variables() override {
        input.reset();
        if (state) release(state);
        state = nullptr;
    }
};

// A node of a graph: a shared_ptr in libtorch 1.13, an intrusive_ptr in 2.14.
template <typename Pointer, typename T = ManagedBackward>
Pointer new_node() {
    if constexpr (std::is_same_v<Pointer, std::shared_ptr<torch::autograd::Node>>)
        return std::make_shared<T>();
    else
        return c10::make_intrusive<T>();
}

// The dense form of the gradient of an embedding.
at::Tensor whole(const at::Tensor& gradient) { return gradient.defined() && gradient.is_sparse() ? gradient.to_dense() : gradient; }

}  // namespace

// Returns null where a dense gradient is needed: for other types and devices.
ATTUNE_EXPORT int attune_embedding(void* table_, void* tokens_, void** result) {
    return guard([&] {
        auto &table = tensor(table_), &tokens = tensor(tokens_);
        *result = nullptr;
        if (!table.is_cpu() || table.scalar_type() != at::kFloat || tokens.scalar_type() != at::kLong) return;
        *result = handle(Embedding::apply(table, tokens));
    });
}

// Makes output, which has no gradient yet, a function of input.
ATTUNE_EXPORT int attune_set_backward(void* output, void* input, void* state, Compute compute, Release release) {
    return guard([&] {
        auto pointer = new_node<decltype(torch::autograd::Edge::function)>();
        auto& node = static_cast<ManagedBackward&>(*pointer);
        node.set_next_edges(torch::autograd::collect_next_edges(tensor(input)));
        torch::autograd::set_history(tensor(output), pointer);
        node.input = tensor(input).detach();
        node.compute = compute;
        node.release = release;
        node.state = state;
    });
}

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
