#include "base/arena.h"

#include <cstdint>
#include <string>
#include <vector>

#include "support/catch.h"

namespace stoa {

TEST_CASE("arena: allocations are aligned, do not overlap and keep their content", "[base]") {
  // Goal: memory handed out stays what it was. Method: copies of many sizes, around the chunk size and far
  // above it, all compared at the end.
  Arena arena(256);
  std::vector<std::pair<std::string_view, std::string>> copies;
  for (size_t size = 0; size < 600; ++size) {
    std::string bytes(size, static_cast<char>('a' + size % 26));
    copies.emplace_back(arena.Copy(bytes), bytes);
    CHECK(reinterpret_cast<uintptr_t>(copies.back().first.data()) % 8 == 0);
  }
  for (const auto& [copy, bytes] : copies) CHECK(copy == bytes);
}

TEST_CASE("arena: an array holds its elements", "[base]") {
  // Goal: AllocateArray sizes by element. Method: two neighbouring arrays are filled and read back.
  Arena arena;
  auto* first = arena.AllocateArray<uint32_t>(5);
  auto* second = arena.AllocateArray<uint64_t>(5);
  for (uint32_t i = 0; i < 5; ++i) first[i] = i;
  for (uint64_t i = 0; i < 5; ++i) second[i] = ~i;
  for (uint32_t i = 0; i < 5; ++i) CHECK(first[i] == i);
}

TEST_CASE("arena: allocated_bytes counts what came from the heap, and Reset keeps one chunk", "[base]") {
  // Goal: the figure charged to budgets is right, and a reused arena does not grow. Method: the same
  // allocations are made again and again.
  Arena arena(1024);
  CHECK(arena.allocated_bytes() == 0);
  arena.Allocate(100);
  CHECK(arena.allocated_bytes() == 1024);
  arena.Allocate(100'000);
  CHECK(arena.allocated_bytes() == 1024 + 100'000);
  arena.Reset();
  CHECK(arena.allocated_bytes() == 100'000);
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 100; ++i) arena.Allocate(1000);
    CHECK(arena.allocated_bytes() == 100'000);
    arena.Reset();
  }
}

TEST_CASE("arena: chunks that double up to a greatest size", "[base]") {
  // Goal: an arena of a few bytes is small, one of many takes large chunks. Method: allocated_bytes as both
  // small and large objects are taken.
  Arena arena(1024, 4096);
  arena.Allocate(8);
  CHECK(arena.allocated_bytes() == 1024);
  arena.Allocate(2000);  // gets a chunk of its own, and counts as a sign of growth
  CHECK(arena.allocated_bytes() == 1024 + 2000);
  for (int i = 0; i < 3; ++i) arena.Allocate(504);
  CHECK(arena.allocated_bytes() == 1024 + 2000 + 4096);
  for (int i = 0; i < 7; ++i) arena.Allocate(504);
  CHECK(arena.allocated_bytes() == 1024 + 2000 + 4096);
  arena.Allocate(504);
  CHECK(arena.allocated_bytes() == 1024 + 2000 + 2 * 4096);
}

}  // namespace stoa
