// Profiling: the number of calls of each operator, and its CPU time without the operators that it called, on all threads, backward
// included. CPU time depends little on other processes.
#include <time.h>

#include <mutex>
#include <unordered_map>
#include <vector>

#include <ATen/record_function.h>

#include "export.h"

using namespace attune;

namespace {

struct Entry {
    int64_t calls = 0;
    int64_t nanoseconds = 0;
};

struct Frame {
    int64_t start;
    int64_t inner;
};

std::mutex entries_lock;
std::unordered_map<std::string, Entry> entries;
at::CallbackHandle callback = 0;
std::string report;
thread_local std::vector<Frame> frames;

int64_t now() {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction&) {
    frames.push_back({now(), 0});
    return nullptr;
}

void end(const at::RecordFunction& function, at::ObserverContext*) {
    if (frames.empty()) return;                                  // started before profiling
    auto frame = frames.back();
    frames.pop_back();
    auto spent = now() - frame.start;
    if (!frames.empty()) frames.back().inner += spent;
    std::lock_guard<std::mutex> guard(entries_lock);
    auto& entry = entries[function.name()];
    entry.calls++;
    entry.nanoseconds += spent - frame.inner;
}

}  // namespace

// Starts a new profile, or stops; no other thread may be inside an operator.
ATTUNE_EXPORT int attune_profile(int32_t enabled) {
    return guard([&] {
        if (callback) at::removeCallback(callback);
        callback = 0;
        if (!enabled) return;
        entries.clear();
        callback = at::addGlobalCallback(at::RecordFunctionCallback(&begin, &end)
                                             .scopes({at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION,
                                                      at::RecordScope::USER_SCOPE}));            // kernels of this library
    });
}

// One line for each operator: name, calls and nanoseconds, separated by tabs.
ATTUNE_EXPORT const char* attune_profile_report() {
    std::lock_guard<std::mutex> guard(entries_lock);
    report.clear();
    for (const auto& [name, entry] : entries)
        report += name + '\t' + std::to_string(entry.calls) + '\t' + std::to_string(entry.nanoseconds) + '\n';
    return report.c_str();
}
