// The types of Gloo that the header of c10d's ProcessGroupGloo names. libtorch contains Gloo but does not install Gloo's headers. Gloo's
// objects are only held by pointers here, so that these declarations fit every version; CMakeLists.txt puts them where c10d looks.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace gloo {

class Context {
public:
    void setTimeout(std::chrono::milliseconds timeout);
};

namespace transport {

class Device;

class UnboundBuffer {
public:
    virtual ~UnboundBuffer() = 0;
};

}  // namespace transport

namespace rendezvous {

class Store {
public:
    static constexpr std::chrono::milliseconds kDefaultTimeout = std::chrono::seconds(30);

    virtual ~Store() = default;
    virtual void set(const std::string& key, const std::vector<char>& data) = 0;
    virtual std::vector<char> get(const std::string& key) = 0;
    virtual void wait(const std::vector<std::string>& keys) = 0;
    virtual void wait(const std::vector<std::string>& keys, const std::chrono::milliseconds& timeout) = 0;
};

}  // namespace rendezvous
}  // namespace gloo
