// Counts what a test program takes from the heap. Replaces operator new: to be included by one file of a
// program.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

namespace stoa::testing {

/// How many allocations there were so far.
inline size_t allocations = 0;

}  // namespace stoa::testing

void* operator new(size_t bytes) {
  ++stoa::testing::allocations;
  if (void* memory = std::malloc(bytes)) return memory;
  std::abort();
}
void* operator new(size_t bytes, const std::nothrow_t&) noexcept { return operator new(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
