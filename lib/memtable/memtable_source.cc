#include "memtable/memtable_source.h"

#include <algorithm>
#include <string>
#include <utility>

#include "data/batch_builder.h"
#include "data/row_merger.h"
#include "memtable/partition.h"
#include "memtable/range_changes.h"
#include "memtable/row_tree.h"

namespace stoa {
namespace {

// Batches begin small, because many readers want a few rows, and grow. How many rows a reader wants says how
// many it takes of all sources together, not of this one: a memtable often has few of them, and making a row
// of its fragments costs much more than another batch does: what is not taken was waited for in vain. So the
// first batch is a small share of them.
constexpr uint32_t kBatchRowsFirst = 16;
constexpr uint32_t kBatchRowsLast = 512;
constexpr uint32_t kHintShare = 32;

uint32_t FirstBatchRows(uint32_t rows_hint) {
  if (rows_hint == 0) return kBatchRowsFirst;
  return std::clamp(rows_hint / kHintShare, uint32_t{1}, kBatchRowsLast);
}
/// Who has got something need not wait for a source that goes through dead rows.
constexpr uint64_t kDroppedRowsMax = 256;
constexpr size_t kBatchBytesMax = 256 << 10;

/// What is left of a counter in a row becomes one sum. The timestamps of a table of counters grow with the
/// sequences of its commits, and all that a source reads has been applied. So a memtable, or what of it lies
/// in a range of sequences, holds everything between its least timestamp and its greatest: a deletion in
/// another source is older than all of it or newer than all of it.
const CanFold kCanFold = [](int64_t, int64_t) { return true; };

/// Stands in a partition, before the next row (rows_) and the next range-change (changes_) of its slice.
class MemtableSource final : public RowSource {
 public:
  MemtableSource(const TokenDirectory* directory, const ScanSpec& spec, const SequenceRange& sequences,
                 const RowCounts& counts)
      : directory_(directory),
        spec_(spec),
        sequences_(sequences),
        batch_rows_(FirstBatchRows(spec.rows_hint)),
        counts_(counts),
        merger_(spec.projection),
        builder_(spec.projection, spec.budget, BatchBuilder::Bytes::kViewed) {
    ComplexRules rules;
    rules.can_fold = &kCanFold;
    merger_.SetComplexRules(rules);
    Enter(directory_->FindAtOrAfter(spec_.range.start.token, spec_.range.start.key));
  }

  absl::StatusOr<bool> Next(RowBatch* batch) override {
    builder_.Clear(open_);
    run_started_ = false;
    while (partition_ != nullptr && AddElements()) {
      Enter(spec_.reverse ? nullptr : partition_->next.load(std::memory_order_acquire));
    }
    counts_.Add(std::exchange(examined_, 0), std::exchange(dropped_, 0));
    if (builder_.empty()) return false;
    batch_rows_ = std::min(batch_rows_ * 2, kBatchRowsLast);
    *batch = builder_.Finish();
    return true;
  }

  absl::Status SkipTo(const PositionView& position) override {
    if (partition_ == nullptr) return absl::OkStatus();
    const auto order = PartitionOf(position) <=> partition_->position();
    if (spec_.reverse ? order < 0 : order > 0) {
      open_ = DeletionTime{};
      Enter(spec_.reverse ? nullptr : directory_->FindAtOrAfter(position.token, position.key));
    }
    if (partition_ != nullptr && PartitionOf(position) == partition_->position()) {
      SkipInPartition(position.clustering);
    }
    return absl::OkStatus();
  }

 private:
  static PositionView PartitionOf(const PositionView& position) {
    return PositionView{position.token, position.key, {}};
  }

  /// Goes to the beginning of the slice of a partition; to the end if it is null or beyond the range.
  void Enter(const Partition* partition) {
    const PositionRange& range = spec_.range;
    partition_ = nullptr;
    if (partition == nullptr || (range.end.has_value() && partition->position() >= *range.end)) return;
    partition_ = partition;
    started_ = run_started_ = false;
    deletion_ = partition->deletion.At(sequences_.up_to);
    tombstones_ = partition->range_tombstones.At(sequences_.up_to);
    if (sequences_.after != 0) LeaveOutOldDeletions();
    rows_ = RowCursor(&partition->rows, spec_.reverse);

    slice_ = ClusteringSlice{};
    if (range.start.SamePartition(partition->position())) slice_.begin = range.start.clustering;
    if (range.end.has_value() && range.end->SamePartition(partition->position())) {
      slice_.end = range.end->clustering;
    }
    changes_ = RangeChanges(tombstones_, slice_, spec_.reverse);
    SeekRow();
  }

  void LeaveOutOldDeletions() {
    if (deletion_ == partition_->deletion.At(sequences_.after)) deletion_ = DeletionTime{};
    if (tombstones_ == partition_->range_tombstones.At(sequences_.after)) tombstones_ = RangeTombstones();
  }

  void SeekRow() {
    if (!spec_.reverse) {
      rows_.Seek(slice_.begin);
    } else if (slice_.end.has_value()) {
      rows_.Seek(*slice_.end);
    } else {
      rows_.SeekToLast();
    }
  }

  /// Narrows the slice to what is left and, where this stood outside it, goes to its beginning. What is open
  /// there is then said by the next batch's open_deletion instead of a range-change.
  void SkipInPartition(std::string_view clustering) {
    if (spec_.reverse ? slice_.end.has_value() && clustering >= *slice_.end : clustering <= slice_.begin)
      return;
    skipped_to_ = clustering;
    if (spec_.reverse) {
      skipped_to_.push_back('\0');  // the least of the byte strings after it: this one is left
      slice_.end = skipped_to_;
    } else {
      slice_.begin = skipped_to_;
    }
    const StoredRow* row = rows_.row();
    if (row != nullptr && (spec_.reverse ? row->key() >= skipped_to_ : row->key() < skipped_to_)) SeekRow();
    if (changes_.valid() &&
        (spec_.reverse ? changes_.bound() >= skipped_to_ : changes_.bound() <= skipped_to_)) {
      changes_ = RangeChanges(tombstones_, slice_, spec_.reverse);
      open_ = DeletionTime{};
      if (changes_.valid() && changes_.bound() == skipped_to_) {
        open_ = changes_.deletion();
        changes_.Advance();
      }
    }
  }

  bool Full() const {
    if (dropped_ >= kDroppedRowsMax && !builder_.empty()) return true;
    return builder_.row_count() >= batch_rows_ || builder_.byte_count() >= kBatchBytesMax || builder_.full();
  }

  /// Adds what is left of the partition to the batch. False when the batch is full before that.
  bool AddElements() {
    if (!started_ && !deletion_.live()) StartRun();
    while (true) {
      if (Full()) return false;
      const StoredRow* row = RowInSlice();
      if (changes_.valid() && (row == nullptr || ChangeComesBefore(*row))) {
        StartRun();
        open_ = changes_.deletion();
        builder_.AddRangeChange(changes_.bound(), open_);
        changes_.Advance();
      } else if (row != nullptr) {
        AddRow(*row);
        rows_.Advance();
      } else {
        return true;
      }
    }
  }

  const StoredRow* RowInSlice() const {
    const StoredRow* row = rows_.row();
    if (row == nullptr) return nullptr;
    if (spec_.reverse) return row->key() < slice_.begin ? nullptr : row;
    return slice_.end.has_value() && row->key() >= *slice_.end ? nullptr : row;
  }

  /// A deletion includes its start and excludes its end. (Rows and bounds are never equal in fact.)
  bool ChangeComesBefore(const StoredRow& row) const {
    return spec_.reverse ? changes_.bound() > row.key() : changes_.bound() <= row.key();
  }

  void AddRow(const StoredRow& row) {
    ++examined_;
    merger_.Start();
    if (row.MergeInto(sequences_, &merger_) == 0) return;
    merger_.AddCoveringDeletion(Stronger(deletion_, open_));
    if (!merger_.HasContent()) {
      ++dropped_;
      return;
    }
    StartRun();
    merger_.Emit(row.key(), &builder_);
  }

  void StartRun() {
    if (run_started_) return;
    builder_.StartRun(partition_->token, partition_->key(), deletion_, !started_);
    started_ = run_started_ = true;
  }

  const TokenDirectory* const directory_;
  const ScanSpec spec_;
  const SequenceRange sequences_;
  uint32_t batch_rows_;
  const RowCounts counts_;
  uint64_t examined_ = 0;  // not yet counted
  uint64_t dropped_ = 0;
  RowMerger merger_;
  BatchBuilder builder_;

  const Partition* partition_ = nullptr;  // null: at the end
  ClusteringSlice slice_;                 // of the partition, as far as it is left
  std::string skipped_to_;                // what an end of the slice may be a view of
  DeletionTime deletion_;                 // of the partition
  RangeTombstones tombstones_;
  RowCursor rows_;
  RangeChanges changes_;
  DeletionTime open_;         // the range deletion open here
  bool started_ = false;      // the partition's START was handed over
  bool run_started_ = false;  // the batch being built has a run of the partition
};

}  // namespace

std::unique_ptr<RowSource> NewMemtableSource(const TokenDirectory* directory, const ScanSpec& spec,
                                             const SequenceRange& sequences, const RowCounts& counts) {
  return std::make_unique<MemtableSource>(directory, spec, sequences, counts);
}

}  // namespace stoa
