// Tokens are uniform: with as many buckets as partitions, each for an equal range of tokens, a bucket holds
// about one partition. The hint of a bucket is a partition that stands before the bucket, at best the last
// one that does; a look-up starts there and walks:
//
//     hints      [ 0 ]   [ 1 ]   [ 2 ]   [ 3 ]
//                         /     /         |
//     list    o ------> o ---> o ---> o -> o ---> o       in the order of tokens
//
// A partition never moves, so a hint never becomes wrong, only stale, when partitions are inserted behind it:
// a walk that passes a better one stores it. When there are more partitions than buckets, a finer array is
// published, empty; a hint that is missing there is found by way of the coarser arrays, which are kept, and
// then stored. So growing costs nobody more than the allocation, and no look-up ever waits. (Split-ordered
// lists by Shalev and Shavit split lazily in the same manner; there the list is in the order of reversed
// hashes, here in the order that scans want.)
//
// The buckets cover the range from the least to the greatest token there was when the array was made, so that
// a database that holds a narrow range of tokens has use of all of them. Keys crafted to have one token share
// one walk, which is slow but right.
#include "memtable/token_directory.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace stoa {
namespace {

/// Up to so many a walk from the first is as good.
constexpr uint64_t kPartitionsWithoutHints = 16;
constexpr uint64_t kSlotsFirst = 64;
constexpr uint64_t kSlotGrowth = 4;

bool IsBefore(const Partition& partition, uint64_t token, std::string_view key) {
  return partition.token != token ? partition.token < token : partition.key() < key;
}

}  // namespace

struct TokenDirectory::Hints {
  using Slot = std::atomic<Partition*>;

  Hints(uint64_t slots, uint64_t first_token, uint64_t last_token, std::unique_ptr<Hints> coarser_hints)
      : slot_count(slots), base(first_token), coarser(std::move(coarser_hints)), before(new Slot[slots]()) {
    while ((last_token - first_token) >> shift >= slots) ++shift;
  }

  /// Null where the token lies before all buckets.
  Slot* SlotFor(uint64_t token) const { return token < base ? nullptr : &before[BucketOf(token)]; }
  /// The least token of the bucket. REQUIRES: token >= base.
  uint64_t StartOfBucket(uint64_t token) const { return base + (BucketOf(token) << shift); }
  uint64_t BucketOf(uint64_t token) const { return std::min((token - base) >> shift, slot_count - 1); }

  const uint64_t slot_count;
  const uint64_t base;
  int shift = 0;
  const std::unique_ptr<Hints> coarser;
  /// For each bucket a partition with a token less than the bucket's start, or null if none is known.
  const std::unique_ptr<Slot[]> before;
};

TokenDirectory::TokenDirectory(MemoryBudget* budget) : charge_(budget, 0) {}
TokenDirectory::~TokenDirectory() = default;

/// A partition with a lesser token, close to it; null if none is known. Fills the slot it looks at, and first
/// those of the coarser arrays: were they left empty, the walks from what is found beyond them would get ever
/// longer.
Partition* TokenDirectory::Hint(const Hints* hints, uint64_t token) const {
  if (hints == nullptr) return nullptr;
  Hints::Slot* const slot = hints->SlotFor(token);
  Partition* known = slot == nullptr ? nullptr : slot->load(std::memory_order_acquire);
  if (known != nullptr) return known;
  Partition* const coarse = Hint(hints->coarser.get(), token);
  if (slot == nullptr) return coarse;
  const uint64_t bucket_start = hints->StartOfBucket(token);
  if (coarse != nullptr && coarse->token >= bucket_start) return coarse;
  Partition* next = coarse == nullptr ? First() : coarse;
  while (next != nullptr && next->token < bucket_start) {
    known = next;
    next = next->next.load(std::memory_order_acquire);
  }
  if (known != nullptr) slot->store(known, std::memory_order_release);
  return known;
}

TokenDirectory::Place TokenDirectory::Locate(uint64_t token, std::string_view key) const {
  const Hints* finest = hints_.load(std::memory_order_acquire);
  Partition* const hint = Hint(finest, token);
  Hints::Slot* const slot = finest == nullptr ? nullptr : finest->SlotFor(token);
  const uint64_t bucket_start = slot == nullptr ? 0 : finest->StartOfBucket(token);
  Partition* best = hint;
  std::atomic<Partition*>* link = hint == nullptr ? &first_ : &hint->next;
  Partition* next = link->load(std::memory_order_acquire);
  while (next != nullptr && IsBefore(*next, token, key)) {
    if (next->token < bucket_start) best = next;
    link = &next->next;
    next = link->load(std::memory_order_acquire);
  }
  if (best != hint) slot->store(best, std::memory_order_release);
  return Place{link, next};
}

Partition* TokenDirectory::FindAtOrAfter(uint64_t token, std::string_view key) const {
  return Locate(token, key).next;
}

Partition* TokenDirectory::Find(uint64_t token, std::string_view key) const {
  Partition* partition = FindAtOrAfter(token, key);
  return partition != nullptr && partition->token == token && partition->key() == key ? partition : nullptr;
}

Partition* TokenDirectory::FindOrInsert(uint64_t token, std::string_view key, Arena* arena) {
  auto [link, next] = Locate(token, key);
  if (next != nullptr && next->token == token && next->key() == key) return next;
  Partition* partition = Partition::Create(arena, token, key);
  partition->next.store(next, std::memory_order_relaxed);
  while (
      !link->compare_exchange_weak(next, partition, std::memory_order_acq_rel, std::memory_order_acquire)) {
    // Somebody inserted here: the place is now one or a few links on.
    while (next != nullptr && IsBefore(*next, token, key)) {
      link = &next->next;
      next = link->load(std::memory_order_acquire);
    }
    partition->next.store(next, std::memory_order_relaxed);
  }
  partition_count_.fetch_add(1, std::memory_order_relaxed);
  GrowIfCrowded();
  return partition;
}

void TokenDirectory::GrowIfCrowded() {
  const Hints* finest = hints_.load(std::memory_order_acquire);
  const uint64_t room = finest == nullptr ? kPartitionsWithoutHints : finest->slot_count;
  if (partition_count() <= room || !grow_mutex_.TryLock()) return;
  if (hints_.load(std::memory_order_relaxed) == finest) {
    const uint64_t slots = finest == nullptr ? kSlotsFirst : room * kSlotGrowth;
    owned_hints_ = std::make_unique<Hints>(slots, First()->token, Last()->token, std::move(owned_hints_));
    hints_.store(owned_hints_.get(), std::memory_order_release);
    allocated_bytes_.fetch_add(sizeof(Hints) + slots * sizeof(slots), std::memory_order_relaxed);
    charge_.Resize(allocated_bytes());
  }
  grow_mutex_.Unlock();
}

Partition* TokenDirectory::Last() const {
  Partition* last = Hint(hints_.load(std::memory_order_acquire), std::numeric_limits<uint64_t>::max());
  Partition* next = last == nullptr ? First() : last;
  while (next != nullptr) {
    last = next;
    next = next->next.load(std::memory_order_acquire);
  }
  return last;
}

}  // namespace stoa
