#include "sstable/stream_tally.h"

#include "base/status_macros.h"
#include "base/strings.h"
#include "data/complex_merge.h"
#include "types/byte_comparable.h"

namespace stoa {
namespace {

absl::Status Broken(int guarantee, std::string_view what) {
  return absl::InternalError(StrCat("the row stream breaks guarantee ", guarantee, ": ", what));
}

/// Of a stream that begins with `batch`: the start of the partition if that is deleted, else the first row or
/// change.
PositionView FirstElement(const RowBatch& batch) {
  const PartitionRun& run = batch.runs[0];
  PositionView first{run.token, run.key, {}};
  if (!run.deletion.live()) return first;
  if (run.first_row < batch.RunEnd(0)) first.clustering = batch.clustering[run.first_row];
  if (!batch.changes.empty() && batch.changes[0].row == run.first_row)
    first.clustering = batch.changes[0].bound;
  return first;
}

}  // namespace

absl::Status StreamTally::Add(RowBatch& batch) {
  if (batch.runs.empty()) return Broken(4, "a batch without a run");
  STOA_RETURN_IF_ERROR(batch.EnsureAll());
  if (partition_count_ > 0 && batch.open_deletion != open_) {
    return Broken(3, "the open deletion at the beginning of a batch is not the one left open");
  }
  if (!batch.open_deletion.live() && partition_count_ == 0) {
    return Broken(3, "the stream begins inside a range deletion");
  }
  place_ = here_;
  size_t change = 0;
  for (size_t run = 0; run < batch.runs.size(); ++run) STOA_RETURN_IF_ERROR(AddRun(batch, run, &change));
  if (change != batch.changes.size()) return Broken(1, "a range-change outside its run");
  SetHere(place_);
  last_ = here_;
  const DeletionTime& deletion = batch.runs.back().deletion;
  if (!deletion.live()) last_.clustering = kBoundAfter;
  row_count_ += batch.row_count();
  if (!batch.clean) CountTombstones(batch);
  return AddBlobs(batch);
}

/// `place` may view here_.
void StreamTally::SetHere(const PositionView& place) {
  here_.token = place.token;
  here_.key = place.key;
  here_.clustering = place.clustering;
}

absl::Status StreamTally::AddBlock(const RowBatch& batch, const PositionView& first) {
  if (!open_.live()) return Broken(3, "a block that begins outside the range deletion that is open");
  if (partition_count_ == 0) first_ = Position(first);
  place_ = here_;
  for (size_t i = 0; i < batch.runs.size(); ++i) {
    const PartitionRun& run = batch.runs[i];
    const bool continues = partition_count_ > 0 && PositionView{run.token, run.key, {}}.SamePartition(place_);
    if (continues && run.starts) return Broken(2, "a partition STARTs twice");
    if (!continues) STOA_RETURN_IF_ERROR(StartPartition(run));
    if (i == 0 && !first.clustering.empty()) STOA_RETURN_IF_ERROR(Advance(first.clustering, false));
  }
  // The rows of the last run may all be in the next block.
  const bool ends_with_row = batch.runs.back().first_row < batch.end;
  if (ends_with_row) place_.clustering = batch.last_clustering;
  SetHere(place_);
  last_ = here_;
  row_count_ += batch.row_count();
  return absl::OkStatus();
}

absl::Status StreamTally::AddRun(const RowBatch& batch, size_t run, size_t* change) {
  const PartitionRun& partition = batch.runs[run];
  const PositionView position{partition.token, partition.key, {}};
  if (partition_count_ == 0) first_ = Position(FirstElement(batch));
  if (partition_count_ == 0 || !position.SamePartition(place_)) {
    STOA_RETURN_IF_ERROR(StartPartition(partition));
  } else if (partition.starts) {
    return Broken(2, "a partition STARTs twice");
  }
  uint32_t row = partition.first_row;
  const uint32_t end = batch.RunEnd(run);
  while (true) {
    const bool has_change = *change < batch.changes.size() && batch.changes[*change].run == run;
    if (has_change && batch.changes[*change].row <= row) {
      STOA_RETURN_IF_ERROR(AddChange(batch.changes[(*change)++]));
    } else if (row < end) {
      STOA_RETURN_IF_ERROR(Advance(batch.clustering[row++], false));
    } else {
      break;
    }
  }
  return absl::OkStatus();
}

absl::Status StreamTally::StartPartition(const PartitionRun& run) {
  const PositionView position{run.token, run.key, {}};
  if (partition_count_ > 0) {
    if (!open_.live()) return Broken(3, "a range deletion is open at the end of a partition");
    if (!run.starts) return Broken(2, "a partition continues that is not the one before");
    if (position < PositionView{place_.token, place_.key, {}}) return Broken(1, "partitions do not ascend");
  }
  ++partition_count_;
  if (!run.deletion.live()) ++tombstone_count_;
  place_ = position;
  after_change_ = false;
  return absl::OkStatus();
}

absl::Status StreamTally::AddChange(const RangeChange& change) {
  if (change.deletion == open_) return Broken(3, "consecutive range-changes are equal");
  open_ = change.deletion;
  if (!open_.live()) ++tombstone_count_;
  return Advance(change.bound, true);
}

absl::Status StreamTally::Advance(std::string_view clustering, bool is_change) {
  const int order = clustering.compare(place_.clustering);
  // A range deletion that was cut at a row's own key begins or ends in the row's place.
  if (order < 0 || (order == 0 && (is_change || !after_change_))) {
    return Broken(1, "rows or range-changes do not ascend");
  }
  place_.clustering = clustering;
  after_change_ = is_change;
  return absl::OkStatus();
}

void StreamTally::CountTombstones(const RowBatch& batch) {
  for (uint32_t row = batch.begin; row < batch.end; ++row) {
    if ((batch.RowFlags(row) & row_flags::kDeletion) != 0) ++tombstone_count_;
  }
  for (const ColumnVector& column : batch.columns) {
    if (column.flags == nullptr) continue;
    for (uint32_t row = batch.begin; row < batch.end; ++row) {
      if (!column.Has(row)) continue;
      if ((column.flags[row] & cell_flags::kTombstone) != 0) ++tombstone_count_;
      if ((column.flags[row] & cell_flags::kComplex) != 0) {
        tombstone_count_ += SummaryOf(batch.CellAt(column, row)).tombstone_count;
      }
    }
  }
}

absl::Status StreamTally::AddBlobs(const RowBatch& batch) {
  BlobReference reference;
  for (const ColumnVector& column : batch.columns) {
    if (column.flags == nullptr) continue;
    for (uint32_t row = batch.begin; row < batch.end; ++row) {
      if (!column.Has(row) || (column.flags[row] & cell_flags::kBlob) == 0) continue;
      if (!ParseBlobReference(column.bytes[row], &reference)) {
        return absl::InternalError("the row stream has a malformed reference to a blob");
      }
      const auto [at, added] = blobs_.emplace(reference.id.number, reference.id);
      if (!added && at->second != reference.id) {
        return absl::InternalError(StrCat("the row stream has two blobs with number ", reference.id.number));
      }
    }
  }
  return absl::OkStatus();
}

std::vector<BlobId> StreamTally::blobs() const {
  std::vector<BlobId> blobs;
  blobs.reserve(blobs_.size());
  for (const auto& [number, id] : blobs_) blobs.push_back(id);
  return blobs;
}

absl::Status StreamTally::Finish() const {
  return open_.live() ? absl::OkStatus() : Broken(3, "a range deletion is open at the end of the stream");
}

}  // namespace stoa
