// The block cache: decompressed blocks and index pages of all SSTables, under a hard memory budget.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/memory_budget.h"
#include "io/sync.h"

namespace stoa {

/// Identifies a block or page: file and offset.
struct CacheKey {
  uint64_t file_id = 0;
  uint64_t offset = 0;
  friend bool operator==(const CacheKey&, const CacheKey&) = default;
};

/// What the cache holds. Objects grow (sections are loaded on demand) and are immutable otherwise.
class CacheEntry {
 public:
  virtual ~CacheEntry() = default;
};

/// Sharded; CLOCK eviction. Thread-safe. The bytes charged never exceed the capacity: what does not fit after eviction of
/// everything unpinned is handed to its reader but not kept.
class BlockCache {
 public:
  explicit BlockCache(uint64_t capacity_bytes, MemoryBudget* budget = nullptr);
  ~BlockCache();

  /// Null when absent.
  std::shared_ptr<CacheEntry> Find(const CacheKey& key);
  /// Puts `entry` in and returns what is now cached under the key: the entry of a faster thread, if there is one.
  std::shared_ptr<CacheEntry> Insert(const CacheKey& key, std::shared_ptr<CacheEntry> entry, uint64_t bytes);
  /// An entry has grown by `bytes`.
  void Grow(const CacheKey& key, uint64_t bytes);
  /// Forgets all entries of a file that is gone.
  void EraseFile(uint64_t file_id);

  uint64_t used_bytes() const;
  uint64_t capacity_bytes() const;

 private:
  struct Shard;
  std::unique_ptr<Shard[]> shards_;
};

}  // namespace stoa
