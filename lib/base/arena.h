// A bump allocator: memory is handed out from large chunks and given back all at once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "base/prefetch.h"

namespace stoa {

/// Not thread-safe. Objects placed in an arena are not destroyed: they must be trivially destructible.
class Arena {
 public:
  static constexpr size_t kChunkBytesDefault = 64 << 10;

  explicit Arena(size_t chunk_bytes = kChunkBytesDefault) : Arena(chunk_bytes, chunk_bytes) {}
  /// Chunks double from the first size to the second: for arenas of which there are many, mostly small.
  Arena(size_t first_chunk_bytes, size_t chunk_bytes_max)
      : chunk_bytes_(first_chunk_bytes), chunk_bytes_max_(chunk_bytes_max) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Uninitialised memory, aligned to 8 bytes; never null.
  char* Allocate(size_t bytes) {
    bytes = (bytes + 7) & ~size_t{7};
    if (bytes <= static_cast<size_t>(end_ - next_)) [[likely]] {
      char* result = next_;
      next_ += bytes;
      return result;
    }
    return AllocateSlow(bytes);
  }

  /// Asks for the memory that is handed out next, for who comes back when it has long left the caches: what
  /// is stored into lines that are not there has to be waited for by the next lock or unlock.
  void PrefetchNext() const {
    constexpr size_t kBytes = 256;
    Prefetch(next_, std::min(kBytes, static_cast<size_t>(end_ - next_)));
  }

  template <typename T>
  T* AllocateArray(size_t count) {
    static_assert(alignof(T) <= 8);
    return reinterpret_cast<T*>(Allocate(sizeof(T) * count));
  }

  /// A copy of `bytes` that lives as long as the arena.
  std::string_view Copy(std::string_view bytes) {
    char* to = Allocate(bytes.size());
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    return std::string_view(to, bytes.size());
  }

  /// Forgets everything handed out, keeping one chunk for reuse: a batch's memory is recycled this way.
  void Reset();

  /// Bytes taken from the heap.
  size_t allocated_bytes() const { return allocated_bytes_; }

 private:
  char* AllocateSlow(size_t bytes);

  struct Chunk {
    std::unique_ptr<char[]> bytes;
    size_t size;
  };
  size_t chunk_bytes_;  // of the next chunk
  const size_t chunk_bytes_max_;
  char* next_ = nullptr;
  char* end_ = nullptr;
  size_t allocated_bytes_ = 0;
  std::vector<Chunk> chunks_;
};

}  // namespace stoa
