// Calls every ATen operator by name, through the boxed dispatcher, above the autograd key.
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

#include "export.h"

using namespace attune;

namespace {

thread_local std::string last_error;

c10::IValue tensor_list(const Value& value) {
    auto** handles = static_cast<void**>(value.pointer);
    c10::List<at::Tensor> list;
    list.reserve(value.length);
    for (int32_t i = 0; i < value.length; ++i) list.push_back(tensor(handles[i]));
    return list;
}

c10::IValue optional_tensor_list(const Value& value) {
    auto** handles = static_cast<void**>(value.pointer);
    c10::List<c10::optional<at::Tensor>> list;
    list.reserve(value.length);
    for (int32_t i = 0; i < value.length; ++i)
        list.push_back(handles[i] ? c10::optional<at::Tensor>(tensor(handles[i])) : c10::nullopt);
    return list;
}

template <typename T>
c10::IValue number_list(const Value& value) {
    auto* numbers = static_cast<T*>(value.pointer);
    return c10::List<T>(c10::ArrayRef<T>(numbers, value.length));
}

c10::IValue to_ivalue(const Value& value) {
    switch (value.tag) {
        case Tag::None: return {};
        case Tag::Tensor: return tensor(value.pointer);
        case Tag::Int: return value.integer;
        case Tag::Double: return value.real;
        case Tag::Bool: return value.integer != 0;
        case Tag::String: return std::string(static_cast<const char*>(value.pointer), value.length);
        case Tag::IntList: return number_list<int64_t>(value);
        case Tag::DoubleList: return number_list<double>(value);
        case Tag::TensorList: return tensor_list(value);
        case Tag::OptionalTensorList: return optional_tensor_list(value);
        case Tag::Device:
            return c10::Device(static_cast<c10::DeviceType>(value.integer), static_cast<c10::DeviceIndex>(value.length));
        case Tag::Generator: return *static_cast<at::Generator*>(value.pointer);
    }
    throw std::invalid_argument("an argument has an unknown tag");
}

Value list_result(const c10::List<at::Tensor>& list) {
    auto** handles = static_cast<void**>(malloc(sizeof(void*) * std::max<size_t>(list.size(), 1)));
    for (size_t i = 0; i < list.size(); ++i) handles[i] = handle(list.get(i));
    Value value{Tag::TensorList, static_cast<int32_t>(list.size()), {}};
    value.pointer = handles;
    return value;
}

Value from_ivalue(const c10::IValue& result) {
    Value value{Tag::None, 0, {}};
    if (result.isTensor()) {
        value.tag = Tag::Tensor;
        value.pointer = handle(result.toTensor());
    } else if (result.isInt()) {
        value.tag = Tag::Int;
        value.integer = result.toInt();
    } else if (result.isDouble()) {
        value.tag = Tag::Double;
        value.real = result.toDouble();
    } else if (result.isBool()) {
        value.tag = Tag::Bool;
        value.integer = result.toBool();
    } else if (result.isTensorList()) {
        return list_result(result.toTensorList());
    } else if (!result.isNone()) {
        throw std::invalid_argument("an operator returned a " + result.tagKind() + ", which Value cannot represent");
    }
    return value;
}

// Missing arguments have the defaults of the schema.
torch::jit::Stack make_stack(const c10::OperatorHandle& op, const Value* args, int32_t count) {
    const auto& arguments = op.schema().arguments();
    torch::jit::Stack stack;
    stack.reserve(arguments.size());
    for (int32_t i = 0; i < count; ++i) stack.push_back(to_ivalue(args[i]));
    for (size_t i = count; i < arguments.size(); ++i) {
        if (!arguments[i].default_value()) throw std::invalid_argument("argument '" + arguments[i].name() + "' is missing");
        stack.push_back(*arguments[i].default_value());
    }
    return stack;
}

}  // namespace

void attune::set_last_error(const char* message) { last_error = message; }

ATTUNE_EXPORT const char* attune_last_error() { return last_error.c_str(); }

// *op is null if this libtorch does not have the operator.
ATTUNE_EXPORT int attune_find_operator(const char* name, const char* overload, void** op) {
    return guard([&] {
        auto found = c10::Dispatcher::singleton().findSchema({name, overload});
        *op = found ? new c10::OperatorHandle(*found) : nullptr;
    });
}

ATTUNE_EXPORT int attune_call_operator(void* op, const Value* args, int32_t count, Value* results, int32_t capacity, int32_t* found) {
    return guard([&] {
        const auto& handle = *static_cast<c10::OperatorHandle*>(op);
        auto stack = make_stack(handle, args, count);
        handle.callBoxed(stack);
        if (static_cast<int32_t>(stack.size()) > capacity) throw std::invalid_argument("more results than expected");
        for (size_t i = 0; i < stack.size(); ++i) results[i] = from_ivalue(stack[i]);
        *found = static_cast<int32_t>(stack.size());
    });
}

ATTUNE_EXPORT void attune_free(void* memory) { free(memory); }
