// The C ABI between libtorch and Attune.Torch: a tagged value, and guard(), the only place where exceptions are caught.
#pragma once

#include <cstdint>
#include <exception>
#include <string>

#include <ATen/ATen.h>

#define ATTUNE_EXPORT extern "C" __attribute__((visibility("default")))

namespace attune {

// Mirrors Attune.Torch.Interop.ValueTag.
enum class Tag : int32_t {
    None, Tensor, Int, Double, Bool, String, IntList, DoubleList, TensorList, OptionalTensorList, Device, Generator
};

// One argument or result of an operator. A list has its length in addition to the pointer; a device is type + index.
struct Value {
    Tag tag;
    int32_t length;
    union {
        int64_t integer;
        double real;
        void* pointer;
    };
};

void set_last_error(const char* message);

inline at::Tensor& tensor(void* handle) { return *static_cast<at::Tensor*>(handle); }
inline void* handle(at::Tensor t) { return t.defined() ? new at::Tensor(std::move(t)) : nullptr; }

// Runs body. Returns 0 on success, else 1 with the message stored for attune_last_error(). No exception crosses the C ABI.
template <typename Body>
int guard(Body&& body) {
    try {
        body();
        return 0;
    } catch (const c10::Error& error) {
        set_last_error(error.what_without_backtrace());
    } catch (const std::exception& error) {
        set_last_error(error.what());
    } catch (...) {
        set_last_error("an unknown native exception");
    }
    return 1;
}

}  // namespace attune
