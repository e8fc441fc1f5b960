// Finds partitions: by computing from the token where among all of them one stands.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/arena.h"
#include "base/memory_budget.h"
#include "io/sync.h"
#include "memtable/partition.h"

namespace stoa {

/// All partitions in one list in the order of (token, key), and an array of hints into it, addressed by the
/// token. Any number of threads look up and insert; look-ups take no locks. Partitions stay until the arena
/// goes.
///
/// token_directory.cc opens with how that works.
class TokenDirectory {
 public:
  /// The memory of the hints is charged to `budget` (may be null).
  explicit TokenDirectory(MemoryBudget* budget);
  ~TokenDirectory();

  /// Null if there is none.
  Partition* Find(uint64_t token, std::string_view key) const;
  /// A look-up reads a hint, the partition that this leads to, and the one after it: each perhaps far away in
  /// memory, and none before the one before. Who looks for many partitions, or has something else to do
  /// first, calls this for step 0, 1 and 2, better not at once: each asks for what the one before leads to.
  void Prefetch(uint64_t token, unsigned step) const;
  static constexpr unsigned kPrefetchSteps = 3;

  /// The first partition that is not before (token, key), or null.
  Partition* FindAtOrAfter(uint64_t token, std::string_view key) const;
  /// Two calls for the same key must not run at the same time.
  Partition* FindOrInsert(uint64_t token, std::string_view key, Arena* arena);

  Partition* First() const { return first_.load(std::memory_order_acquire); }
  /// Costs about a look-up; null if there is none.
  Partition* Last() const;

  uint64_t partition_count() const { return partition_count_.load(std::memory_order_relaxed); }
  /// Of the hints.
  uint64_t allocated_bytes() const { return allocated_bytes_.load(std::memory_order_relaxed); }

 private:
  struct Hints;
  /// A link of the list and what it led to.
  struct Place {
    std::atomic<Partition*>* link;
    Partition* next;
  };

  Partition* Hint(Hints* hints, uint64_t token) const;
  Place Locate(uint64_t token, std::string_view key) const;
  void GrowIfCrowded();

  mutable std::atomic<Partition*> first_{nullptr};
  std::atomic<Hints*> hints_{nullptr};  // the finest
  std::atomic<uint64_t> partition_count_{0};
  std::atomic<uint64_t> allocated_bytes_{0};

  Mutex grow_mutex_;
  std::unique_ptr<Hints> owned_hints_ ABSL_GUARDED_BY(grow_mutex_);
  MemoryCharge charge_ ABSL_GUARDED_BY(grow_mutex_);
};

}  // namespace stoa
