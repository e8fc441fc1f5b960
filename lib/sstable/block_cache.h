// The block cache: decompressed blocks, index pages, filters and zones of all SSTables, under a hard memory
// budget.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/memory_budget.h"
#include "io/sync.h"
#include "sstable/block.h"
#include "sstable/decompressor_pool.h"
#include "sstable/idle_pool.h"

namespace stoa {

/// What a cached object is. A part of its key, so that whoever finds it knows its class even if a crafted
/// file has handles of two kinds lead to the same place.
enum class CachedKind : uint8_t { kBlock, kExtent, kZones };

struct CacheKey {
  uint64_t file_id = 0;
  uint64_t offset = 0;
  CachedKind kind = CachedKind::kBlock;
  friend bool operator==(const CacheKey&, const CacheKey&) = default;
};

/// What the cache holds. Objects grow (parts are loaded on demand) and are immutable otherwise.
class CacheEntry {
 public:
  virtual ~CacheEntry() = default;

 private:
  friend class BlockCache;
  bool used_ = false;  // since eviction last came by; guarded by the mutex of the shard that holds it
};

/// Sharded; CLOCK eviction, where an entry counts as used from its second reader on, so that a scan does not
/// drive out what is read again and again. Thread-safe. The bytes charged never exceed the capacity (Reserve
/// excepted): what does not fit after eviction of everything that nobody holds is handed to its reader but
/// not kept. Memory that others need beyond their budgets comes out of the capacity, down to an eighth of it.
class BlockCache {
 public:
  /// `neighbours` must outlive the cache.
  explicit BlockCache(uint64_t capacity_bytes, std::vector<const MemoryBudget*> neighbours = {});
  ~BlockCache();

  /// Null when absent.
  std::shared_ptr<CacheEntry> Find(const CacheKey& key);
  /// Puts `entry` in and returns what is now cached under the key: the entry of a faster thread, if there is
  /// one.
  std::shared_ptr<CacheEntry> Insert(const CacheKey& key, std::shared_ptr<CacheEntry> entry, uint64_t bytes);
  /// An entry has grown by `bytes`. Does nothing when it is no longer in the cache.
  void Grow(const CacheKey& key, const CacheEntry* entry, uint64_t bytes);
  /// Forgets all entries of a file that is gone.
  void EraseFile(uint64_t file_id);

  /// The caller, who holds the entry, will do so until it Unpins, so that it need not be found again: returns
  /// what the entry takes, or 0 where that is refused, because it is not in the cache or would make more than
  /// a sixteenth of the capacity pinned. A pinned entry must not grow.
  uint64_t Pin(const CacheKey& key, const CacheEntry* entry);
  void Unpin(uint64_t bytes) { pinned_bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

  /// Takes room for something that must stay in memory and is held elsewhere, even if that exceeds the
  /// capacity; gives it back.
  void Reserve(const CacheKey& key, uint64_t bytes);
  void Release(const CacheKey& key, uint64_t bytes);

  uint64_t used_bytes() const;
  uint64_t capacity_bytes() const { return capacity_bytes_; }
  /// The capacity less what the neighbours use beyond their budgets.
  uint64_t room_bytes() const;

  /// For those who fill the cache.
  DecompressorPool& decompressors() { return decompressors_; }
  /// For those who read its blocks: what they need for a slice takes longer to allocate than to fill.
  IdlePool<BlockReader>& idle_readers() { return idle_readers_; }

 private:
  static constexpr size_t kIdleReadersMax = 16;
  class Shard;
  Shard& ShardOf(const CacheKey& key) const;

  const uint64_t capacity_bytes_;
  const std::vector<const MemoryBudget*> neighbours_;
  std::atomic<uint64_t> pinned_bytes_{0};
  size_t shard_count_ = 1;
  std::unique_ptr<Shard[]> shards_;
  DecompressorPool decompressors_;
  IdlePool<BlockReader> idle_readers_{kIdleReadersMax};
};

}  // namespace stoa
