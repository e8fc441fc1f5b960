// Lines of memory, and asking for them before they are needed.
#pragma once

#include <cstddef>

namespace stoa {

/// What processors fetch at once, and what two of them cannot write to at the same time.
inline constexpr size_t kCacheLineBytes = 64;

/// Asks for the cache lines of `bytes` bytes from `begin` on. Only a hint: the bytes are not read, and need
/// not be there.
inline void Prefetch(const void* begin, size_t bytes) {
  const char* const at = static_cast<const char*>(begin);
  for (size_t offset = 0; offset < bytes; offset += kCacheLineBytes) __builtin_prefetch(at + offset);
}

}  // namespace stoa
