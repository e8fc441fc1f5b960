#include "sstable/block_cache.h"

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "base/check.h"
#include "base/prefetch.h"

namespace stoa {
namespace {

/// What an entry costs beside itself: slot, hash table, control block.
constexpr uint64_t kEntryOverheadBytes = 128;

/// Shards are for concurrency; each must be large beside a block, for what does not fit in a shard is not
/// kept.
constexpr uint64_t kShardBytesMin = 2 << 20;
constexpr uint64_t kShardsMax = 64;

/// What is pinned must leave room for what is not, also where neighbours take seven eighths.
constexpr uint64_t kPinnedShare = 16;

/// Whoever finds an entry looks at so much of it next: asked for before its reference count, for which this
/// waits.
constexpr size_t kEntryFrontBytes = 512;

/// File ids are random or count up, offsets are even spaced: neither may decide alone.
uint64_t Mix(const CacheKey& key) {
  uint64_t h = (key.file_id ^ ((key.offset + static_cast<uint64_t>(key.kind)) * 0x9e3779b97f4a7c15)) *
               0xd6e8feb86659fd93;
  return (h ^ (h >> 32)) * 0x9e3779b97f4a7c15;
}

struct KeyHash {
  size_t operator()(const CacheKey& key) const { return static_cast<size_t>(Mix(key)); }
};

}  // namespace

/// Slots stand in a ring. The hand goes round: an entry that was found since it last came by stays and loses
/// that mark, one that somebody holds stays, any other goes. Shards that different threads look at have no
/// line of memory in common.
class alignas(kCacheLineBytes) BlockCache::Shard {
 public:
  using EntryPointer = std::shared_ptr<CacheEntry>;

  void Init(const BlockCache* cache) { cache_ = cache; }

  EntryPointer Find(const CacheKey& key) {
    MutexLock lock(&mutex_);
    auto it = places_.find(key);
    if (it == places_.end()) return nullptr;
    Prefetch(it->second.entry.get(), kEntryFrontBytes);
    if (!it->second.entry->used_) it->second.entry->used_ = true;  // reading leaves the line to others
    return it->second.entry;
  }

  EntryPointer Insert(const CacheKey& key, EntryPointer entry, uint64_t bytes) {
    std::vector<EntryPointer> evicted;  // destroyed after the lock is given up
    MutexLock lock(&mutex_);
    if (auto it = places_.find(key); it != places_.end()) return it->second.entry;
    bytes += kEntryOverheadBytes;
    if (!MakeRoom(bytes, &evicted)) return entry;
    if (free_.empty()) {
      free_.push_back(slots_.size());
      slots_.emplace_back();
    }
    const size_t place = free_.back();
    free_.pop_back();
    slots_[place] = Slot{key, entry.get(), bytes};
    places_.emplace(key, Place{place, entry});
    used_bytes_ += bytes;
    return entry;
  }

  void Grow(const CacheKey& key, const CacheEntry* entry, uint64_t bytes) {
    std::vector<EntryPointer> evicted;
    MutexLock lock(&mutex_);
    auto it = places_.find(key);
    if (it == places_.end() || it->second.entry.get() != entry) return;
    const size_t place = it->second.slot;
    // Whoever makes it grow holds it, so that it cannot be evicted to make room for itself.
    if (MakeRoom(bytes, &evicted)) {
      slots_[place].bytes += bytes;
      used_bytes_ += bytes;
    } else {
      evicted.push_back(Erase(place));
    }
  }

  /// The bytes of an entry; 0 when it is not here.
  uint64_t BytesOf(const CacheKey& key, const CacheEntry* entry) const {
    MutexLock lock(&mutex_);
    auto it = places_.find(key);
    return it == places_.end() || it->second.entry.get() != entry ? 0 : slots_[it->second.slot].bytes;
  }

  void EraseFile(uint64_t file_id) {
    std::vector<EntryPointer> erased;
    MutexLock lock(&mutex_);
    for (size_t place = 0; place < slots_.size(); ++place) {
      if (slots_[place].entry != nullptr && slots_[place].key.file_id == file_id)
        erased.push_back(Erase(place));
    }
  }

  void Reserve(uint64_t bytes) {
    std::vector<EntryPointer> evicted;
    MutexLock lock(&mutex_);
    MakeRoom(bytes, &evicted);
    used_bytes_ += bytes;
  }

  void Release(uint64_t bytes) {
    MutexLock lock(&mutex_);
    used_bytes_ -= bytes;
  }

  uint64_t used_bytes() const {
    MutexLock lock(&mutex_);
    return used_bytes_;
  }

 private:
  struct Slot {
    CacheKey key;
    CacheEntry* entry = nullptr;  // null: the slot is free
    uint64_t bytes = 0;
  };
  /// Who finds an entry touches nothing but this and the entry.
  struct Place {
    size_t slot = 0;
    EntryPointer entry;
  };

  /// Evicts until `bytes` more fit; false when they do not.
  bool MakeRoom(uint64_t bytes, std::vector<EntryPointer>* evicted) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const uint64_t room = cache_->room_bytes() / cache_->shard_count_;
    if (bytes > room) return false;
    // The second round finds no mark left that the first did not take away.
    for (size_t steps = 2 * slots_.size(); used_bytes_ + bytes > room; --steps) {
      if (steps == 0) return false;
      hand_ = (hand_ + 1) % slots_.size();
      Slot& slot = slots_[hand_];
      // The count cannot rise from 1 meanwhile: a new holder would have to come through Find.
      if (slot.entry == nullptr || places_.find(slot.key)->second.entry.use_count() > 1) continue;
      if (slot.entry->used_) {
        slot.entry->used_ = false;
      } else {
        evicted->push_back(Erase(hand_));
      }
    }
    return true;
  }

  EntryPointer Erase(size_t place) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Slot& slot = slots_[place];
    const auto it = places_.find(slot.key);
    EntryPointer entry = std::move(it->second.entry);
    places_.erase(it);
    free_.push_back(place);
    used_bytes_ -= slot.bytes;
    slot = Slot();
    return entry;
  }

  const BlockCache* cache_ = nullptr;  // set before use
  mutable Mutex mutex_;
  uint64_t used_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<CacheKey, Place, KeyHash> places_ ABSL_GUARDED_BY(mutex_);
  std::vector<Slot> slots_ ABSL_GUARDED_BY(mutex_);
  std::vector<size_t> free_ ABSL_GUARDED_BY(mutex_);
  size_t hand_ ABSL_GUARDED_BY(mutex_) = 0;
};

BlockCache::BlockCache(uint64_t capacity_bytes, std::vector<const MemoryBudget*> neighbours)
    : capacity_bytes_(capacity_bytes), neighbours_(std::move(neighbours)) {
  shard_count_ = std::bit_floor(std::clamp<uint64_t>(capacity_bytes / kShardBytesMin, 1, kShardsMax));
  shards_ = std::make_unique<Shard[]>(shard_count_);
  for (size_t i = 0; i < shard_count_; ++i) shards_[i].Init(this);
}
BlockCache::~BlockCache() = default;

BlockCache::Shard& BlockCache::ShardOf(const CacheKey& key) const {
  return shards_[(Mix(key) >> 48) & (shard_count_ - 1)];
}

std::shared_ptr<CacheEntry> BlockCache::Find(const CacheKey& key) { return ShardOf(key).Find(key); }

std::shared_ptr<CacheEntry> BlockCache::Insert(const CacheKey& key, std::shared_ptr<CacheEntry> entry,
                                               uint64_t bytes) {
  STOA_DCHECK(entry != nullptr);
  return ShardOf(key).Insert(key, std::move(entry), bytes);
}

void BlockCache::Grow(const CacheKey& key, const CacheEntry* entry, uint64_t bytes) {
  ShardOf(key).Grow(key, entry, bytes);
}

uint64_t BlockCache::Pin(const CacheKey& key, const CacheEntry* entry) {
  const uint64_t most = capacity_bytes_ / kPinnedShare;
  if (pinned_bytes_.load(std::memory_order_relaxed) >= most) return 0;
  const uint64_t bytes = ShardOf(key).BytesOf(key, entry);
  if (pinned_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= most) return bytes;
  Unpin(bytes);
  return 0;
}

void BlockCache::EraseFile(uint64_t file_id) {
  for (size_t i = 0; i < shard_count_; ++i) shards_[i].EraseFile(file_id);
}

void BlockCache::Reserve(const CacheKey& key, uint64_t bytes) { ShardOf(key).Reserve(bytes); }
void BlockCache::Release(const CacheKey& key, uint64_t bytes) { ShardOf(key).Release(bytes); }

uint64_t BlockCache::room_bytes() const {
  const uint64_t least = capacity_bytes_ / 8;
  uint64_t taken = 0;
  for (const MemoryBudget* neighbour : neighbours_) taken += neighbour->excess();
  return capacity_bytes_ > taken ? std::max(capacity_bytes_ - taken, least) : least;
}

uint64_t BlockCache::used_bytes() const {
  uint64_t bytes = 0;
  for (size_t i = 0; i < shard_count_; ++i) bytes += shards_[i].used_bytes();
  return bytes;
}

}  // namespace stoa
