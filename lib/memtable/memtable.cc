#include "memtable/memtable.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/arena.h"
#include "base/check.h"
#include "base/prefetch.h"
#include "data/complex_merge.h"
#include "io/sync.h"
#include "memtable/memtable_source.h"
#include "memtable/partition.h"
#include "types/byte_comparable.h"

namespace stoa {
namespace {

constexpr size_t kChunkBytesFirst = 2 << 10;
/// Small against the memory that writers are paced by (engine/write_pacer.h): what is taken in large pieces
/// has to be waited for in large pieces.
constexpr size_t kChunkBytesMax = 16 << 10;
constexpr uint64_t kAllSequences = std::numeric_limits<uint64_t>::max();

/// Also finds out whether it gives life.
TimeBounds TimesOf(RowWrite* write) {
  TimeBounds times;
  FragmentReader reader(write->fragment, write->context);
  write->gives_life = reader.has_marker();
  if (reader.has_marker()) times.AddWrite(reader.timestamp(), reader.expiry());
  times.AddDeletion(reader.deletion());
  ColumnId column = 0;
  Cell cell;
  while (true) {
    if (reader.SkipPlainCells() != 0) {
      write->gives_life = true;
      times.AddWrite(reader.timestamp(), reader.expiry());
    }
    if (!reader.NextCell(&column, &cell)) break;
    write->gives_life |= !cell.tombstone;
    if (cell.complex) {
      times.Add(SummaryOf(cell, write->context).times);
    } else if (cell.tombstone) {
      times.AddDeletion(DeletionTime{cell.timestamp, cell.expiry});
    } else {
      times.AddWrite(cell.timestamp, cell.expiry);
    }
  }
  return times;
}

void DeleteRange(const Mutation& mutation, uint64_t sequence, Partition* partition, Arena* arena) {
  const std::string_view start = arena->Copy(mutation.clustering);
  const std::string_view end = arena->Copy(mutation.end);
  partition->range_tombstones.Update(sequence, arena, [&](const RangeTombstones& tombstones) {
    return tombstones.With(start, end, mutation.deletion, sequence, arena);
  });
}

void DeletePartition(const Mutation& mutation, uint64_t sequence, Partition* partition, Arena* arena) {
  partition->deletion.Update(
      sequence, arena, [&](const DeletionTime& deletion) { return Stronger(deletion, mutation.deletion); });
}

/// The first row or bound of a partition, which begins with it if the partition was deleted.
std::string_view FirstPlace(const Partition& partition) {
  if (!partition.deletion.empty()) return {};
  RowCursor rows(&partition.rows, false);
  rows.Seek({});
  const RangeTombstone* tombstone = partition.range_tombstones.At(kAllSequences).FirstEndingAfter({});
  if (rows.row() == nullptr) return tombstone == nullptr ? std::string_view() : tombstone->start;
  return tombstone == nullptr ? rows.row()->key() : std::min(rows.row()->key(), tombstone->start);
}

std::string_view LastPlace(const Partition& partition) {
  std::string_view last;
  if (!partition.deletion.empty()) last = std::string_view(&kBoundAfter, 1);
  RowCursor rows(&partition.rows, true);
  rows.SeekToLast();
  if (rows.row() != nullptr) last = std::max(last, rows.row()->key());
  const RangeTombstone* tombstone = partition.range_tombstones.At(kAllSequences).Last();
  return tombstone == nullptr ? last : std::max(last, tombstone->end);
}

}  // namespace

/// The partitions are dealt out to stripes by their tokens. Who writes holds the latch of the stripe, and so
/// is the one writer of the partition and of the arena it takes memory from.
struct alignas(kCacheLineBytes) Memtable::Stripe {
  Mutex latch;
  Arena arena ABSL_GUARDED_BY(latch){kChunkBytesFirst, kChunkBytesMax};
  MemoryCharge charge ABSL_GUARDED_BY(latch);
  TimeBounds times ABSL_GUARDED_BY(latch);
  uint64_t row_count ABSL_GUARDED_BY(latch) = 0;
  uint32_t watch ABSL_GUARDED_BY(latch) = 0;  // the last one
};

Memtable::Memtable(TableId table, MemoryBudget* budget)
    : table_(table), directory_(budget), stripes_(new Stripe[kStripes]) {
  for (size_t i = 0; i < kStripes; ++i) stripes_[i].charge = MemoryCharge(budget, 0);
}

Memtable::~Memtable() = default;

/// By the low bits: the high ones may be alike where a database holds a narrow range of tokens.
Memtable::Stripe& Memtable::StripeOf(uint64_t token) const { return stripes_[token % kStripes]; }

void Memtable::Keep(std::shared_ptr<const void> referred) {
  MutexLock lock(&kept_mutex_);
  kept_.push_back(std::move(referred));
}

Partition* Memtable::FindToWrite(uint64_t token, std::string_view key) const {
  Partition* const partition = directory_.Find(token, key);
  if (partition != nullptr) partition->rows.PrefetchEnds();
  return partition;
}

int64_t Memtable::Apply(const Mutation& mutation, const FragmentContext& context, uint64_t sequence,
                        int64_t settled_timestamp, Partition* partition) {
  STOA_DCHECK(mutation.table == table_);
  if (mutation.kind == mutation_op::kDeleteRange && mutation.clustering >= mutation.end) return kNoTimestamp;
  RowWrite write{mutation.fragment, context, sequence, settled_timestamp, nullptr, true, 0};
  TimeBounds times;
  if (mutation.kind == mutation_op::kRow) {
    times = TimesOf(&write);
  } else {
    times.AddDeletion(mutation.deletion);
  }

  Stripe& stripe = StripeOf(mutation.token);
  MutexLock lock(&stripe.latch);
  const size_t bytes_before = stripe.arena.allocated_bytes();
  if (partition == nullptr) {
    partition = directory_.FindOrInsert(mutation.token, mutation.key, &stripe.arena);
  }
  switch (mutation.kind) {
    case mutation_op::kRow:
      write.deletions = partition;
      write.watch = stripe.watch;
      stripe.row_count += partition->rows.Add(mutation.clustering, write, &stripe.arena) ? 1 : 0;
      break;
    case mutation_op::kDeleteRange:
      DeleteRange(mutation, sequence, partition, &stripe.arena);
      break;
    case mutation_op::kDeletePartition:
      DeletePartition(mutation, sequence, partition, &stripe.arena);
      break;
    default:
      STOA_DCHECK(false);
  }
  stripe.times.Add(times);
  stripe.arena.PrefetchNext();  // a fifth more writes of new rows, one by one
  const size_t bytes = stripe.arena.allocated_bytes();
  if (bytes == bytes_before) [[likely]]
    return times.max_timestamp;
  stripe.charge.Resize(bytes);
  arena_bytes_.fetch_add(bytes - bytes_before, std::memory_order_relaxed);
  return times.max_timestamp;
}

void Memtable::GetRow(uint64_t token, std::string_view key, std::string_view clustering,
                      uint64_t max_sequence, RowMerger* merger) const {
  const Partition* partition = directory_.Find(token, key);
  if (partition == nullptr) return;
  merger->AddCoveringDeletion(partition->Covering(clustering, max_sequence));
  const StoredRow* row = partition->rows.Find(clustering);
  if (row != nullptr) row->MergeInto({0, max_sequence}, merger);
}

std::unique_ptr<RowSource> Memtable::NewSource(const ScanSpec& spec, uint64_t max_sequence,
                                               uint64_t after_sequence, const RowCounts& counts) const {
  return NewMemtableSource(&directory_, spec, {after_sequence, max_sequence}, counts);
}

uint32_t Memtable::BeginWatch(uint64_t token) const {
  Stripe& stripe = StripeOf(token);
  MutexLock lock(&stripe.latch);
  return stripe.watch == std::numeric_limits<uint32_t>::max() ? 0 : ++stripe.watch;
}

std::optional<std::string_view> Memtable::FindWritten(const Stretch& stretch, bool reverse,
                                                      uint64_t after_sequence, uint32_t watch) const {
  const Partition* partition = directory_.Find(stretch.token, stretch.key);
  if (partition == nullptr) return std::nullopt;
  const StoredRow* row =
      partition->rows.FindWritten(stretch.begin, stretch.end, reverse, after_sequence, watch);
  return row == nullptr ? std::nullopt : std::optional<std::string_view>(row->key());
}

uint64_t Memtable::memory_bytes() const {
  return arena_bytes_.load(std::memory_order_relaxed) + directory_.allocated_bytes();
}

TimeBounds Memtable::times() const {
  TimeBounds times;
  for (size_t i = 0; i < kStripes; ++i) {
    MutexLock lock(&stripes_[i].latch);
    times.Add(stripes_[i].times);
  }
  return times;
}

uint64_t Memtable::row_count() const {
  uint64_t count = 0;
  for (size_t i = 0; i < kStripes; ++i) {
    MutexLock lock(&stripes_[i].latch);
    count += stripes_[i].row_count;
  }
  return count;
}

bool Memtable::Bounds(SourceBounds* bounds) const {
  const Partition* first = directory_.First();
  const Partition* last = directory_.Last();
  if (first == nullptr) return false;
  bounds->first = Position(PositionView{first->token, first->key(), FirstPlace(*first)});
  bounds->last = Position(PositionView{last->token, last->key(), LastPlace(*last)});
  bounds->times = times();
  return true;
}

}  // namespace stoa
