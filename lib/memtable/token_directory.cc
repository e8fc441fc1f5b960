// Tokens are uniform: with as many buckets as partitions, each for an equal range of tokens, a bucket holds
// about one partition. The hint of a bucket is a partition that stands before the bucket, at best the last
// one that does; a look-up starts there and walks:
//
//     hints      [ 0 ]   [ 1 ]   [ 2 ]   [ 3 ]
//                         /     /         |
//     list    o ------> o ---> o ---> o -> o ---> o       in the order of tokens
//
// A partition never moves, so a hint never becomes wrong, only stale, when partitions are inserted behind it:
// who inserts one makes it the hint of the buckets up to the next, and a walk that passes a better one stores
// it. When there are more partitions than buckets, a finer array is published, empty; a hint that is missing
// there is found by way of the coarser arrays, which are kept, and then stored, with those of all buckets
// that are passed on the way: what is waited for in large memtables is memory, and so no partition should be
// looked at twice. So growing costs nobody more than the allocation, and no look-up ever waits.
// (Split-ordered lists by Shalev and Shavit split lazily in the same manner; there the list is in the order
// of reversed hashes, here in the order that scans want.)
//
// The buckets cover the range from the least to the greatest token there was when the array was made, so that
// a database that holds a narrow range of tokens has use of all of them. Keys crafted to have one token share
// one walk, which is slow but right.
#include "memtable/token_directory.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/prefetch.h"

namespace stoa {
namespace {

/// Of so many buckets at most a partition becomes the hint at once; between two there are seldom more.
constexpr uint64_t kBucketsOfferedMax = 32;
constexpr uint64_t kBucketsLookedBack = 8;
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

  /// Makes `partition` the hint of the buckets behind its own, up to that of the one after it (null: to the
  /// end).
  void Offer(Partition* partition, const Partition* next) {
    const uint64_t last_token = next == nullptr ? std::numeric_limits<uint64_t>::max() : next->token;
    if (last_token < base) return;
    const uint64_t first = partition->token < base ? 0 : BucketOf(partition->token) + 1;
    const uint64_t end = std::min(BucketOf(last_token) + 1, first + kBucketsOfferedMax);
    for (uint64_t i = first; i < end; ++i) before[i].store(partition, std::memory_order_release);
  }

  /// The hint of one of the buckets just before the token's, which stand in the same cache line or the one
  /// before.
  Partition* OfBucketsBefore(uint64_t token) const {
    const uint64_t bucket = BucketOf(token);
    for (uint64_t i = 1; i <= std::min(bucket, kBucketsLookedBack); ++i) {
      if (Partition* known = before[bucket - i].load(std::memory_order_acquire); known != nullptr)
        return known;
    }
    return nullptr;
  }

  const uint64_t slot_count;
  const uint64_t base;
  int shift = 0;
  const std::unique_ptr<Hints> coarser;
  /// For each bucket a partition with a token less than the bucket's start, or null if none is known.
  const std::unique_ptr<Slot[]> before;
};

TokenDirectory::TokenDirectory(MemoryBudget* budget) : charge_(budget, 0) {}
TokenDirectory::~TokenDirectory() = default;

/// A partition with a lesser token, close to it; null if none is known. Fills the slot it looks at and those
/// that it passes, and first, where no bucket nearby has a hint, those of the coarser arrays: were they left
/// empty, the walks from what is found beyond them would get ever longer.
Partition* TokenDirectory::Hint(Hints* hints, uint64_t token) const {
  if (hints == nullptr) return nullptr;
  Hints::Slot* const slot = hints->SlotFor(token);
  Partition* known = slot == nullptr ? nullptr : slot->load(std::memory_order_acquire);
  if (known != nullptr) return known;
  Partition* earlier = slot == nullptr ? nullptr : hints->OfBucketsBefore(token);
  if (earlier == nullptr) earlier = Hint(hints->coarser.get(), token);
  if (slot == nullptr) return earlier;
  const uint64_t bucket_start = hints->StartOfBucket(token);
  if (earlier != nullptr && earlier->token >= bucket_start) return earlier;
  Partition* next = earlier == nullptr ? First() : earlier;
  while (next != nullptr && next->token < bucket_start) {
    known = next;
    next = next->next.load(std::memory_order_acquire);
    hints->Offer(known, next);
  }
  if (known != nullptr) slot->store(known, std::memory_order_release);
  return known;
}

void TokenDirectory::Prefetch(uint64_t token, unsigned step) const {
  const Hints* const hints = hints_.load(std::memory_order_acquire);
  const Hints::Slot* const slot = hints == nullptr ? nullptr : hints->SlotFor(token);
  if (slot == nullptr) return;
  if (step == 0) return stoa::Prefetch(slot, sizeof(*slot));
  const Partition* known = slot->load(std::memory_order_acquire);
  if (known == nullptr) known = hints->OfBucketsBefore(token);
  if (known != nullptr && step > 1) known = known->next.load(std::memory_order_acquire);
  if (known != nullptr) stoa::Prefetch(known, sizeof(*known));
}

TokenDirectory::Place TokenDirectory::Locate(uint64_t token, std::string_view key) const {
  Hints* const finest = hints_.load(std::memory_order_acquire);
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
  Partition* const partition = Partition::Create(arena, token, key);
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
  if (Hints* finest = hints_.load(std::memory_order_acquire)) finest->Offer(partition, next);
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
