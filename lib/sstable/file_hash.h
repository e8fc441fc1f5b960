// The hash of a whole file, taken while it is written or read.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace stoa {

/// XXH3, 128 bits, of a byte string that comes in pieces. Not thread-safe.
class FileHash {
 public:
  FileHash();
  ~FileHash();
  FileHash(const FileHash&) = delete;
  FileHash& operator=(const FileHash&) = delete;

  void Add(std::string_view bytes);

  struct Value {
    uint64_t low = 0;
    uint64_t high = 0;
    friend bool operator==(const Value&, const Value&) = default;
  };
  /// Of what was added so far.
  Value value() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace stoa
