// Asking for memory before it is needed.
#pragma once

#include <cstddef>

namespace stoa {

/// Asks for the cache lines of `bytes` bytes from `begin` on. Only a hint: the bytes are not read, and need
/// not be there.
inline void Prefetch(const void* begin, size_t bytes) {
  constexpr size_t kCacheLine = 64;
  const char* const at = static_cast<const char*>(begin);
  for (size_t offset = 0; offset < bytes; offset += kCacheLine) __builtin_prefetch(at + offset);
}

}  // namespace stoa
