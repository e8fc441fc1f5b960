#include "sstable/batch_slicer.h"

#include <algorithm>

namespace stoa {
namespace {

/// Where a run lies with respect to an end of the slice.
enum class Side : uint8_t { kOutside, kCut, kInside };

Side SideOfBegin(const BatchSlicer::Slice& slice, const PositionView& partition) {
  if (!slice.begin.has_value()) return Side::kInside;
  const PositionView& place = slice.begin->place;
  if (partition.SamePartition(place)) return Side::kCut;
  return (partition < place) != slice.reverse ? Side::kOutside : Side::kInside;
}

Side SideOfEnd(const BatchSlicer::Slice& slice, const PositionView& partition) {
  if (!slice.end.has_value()) return Side::kInside;
  // Forward, a slice that ends where a partition starts has nothing of it.
  if (partition.SamePartition(*slice.end)) {
    return !slice.reverse && slice.end->clustering.empty() ? Side::kOutside : Side::kCut;
  }
  return (partition > *slice.end) != slice.reverse ? Side::kOutside : Side::kInside;
}

/// True when a range-change comes before the slice begins. One that stands where a slice begins is replaced
/// by the slice's own; one that stands where the stream was skipped to is not yet past.
bool IsBefore(const BatchSlicer::Slice& slice, std::string_view bound) {
  const std::string_view begin = slice.begin->place.clustering;
  if (slice.reverse) return bound >= begin;
  return slice.begin->open == BatchSlicer::Open::kAsChange ? bound <= begin : bound < begin;
}

bool IsAfter(const BatchSlicer::Slice& slice, std::string_view bound) {
  return slice.reverse ? bound <= slice.end->clustering : bound >= slice.end->clustering;
}

}  // namespace

bool BatchSlicer::Cut(const Slice& slice, RowBatch* batch) {
  runs_.clear();
  changes_.clear();
  if (batch->clean && batch->changes.empty()) return CutRows(slice, batch);
  for (size_t run = 0; run < batch->runs.size(); ++run) CutRun(slice, *batch, run);
  if (runs_.empty()) return false;
  runs_[0].first_row = batch->begin;
  batch->runs = runs_;
  batch->changes = changes_;
  batch->open_deletion = open_deletion_;
  return true;
}

bool BatchSlicer::CutRows(const Slice& slice, RowBatch* batch) {
  if (batch->row_count() == 0) return false;
  const auto runs = batch->runs.begin();
  runs_.assign(runs + batch->RunOf(batch->begin), runs + batch->RunOf(batch->end - 1) + 1);
  PartitionRun& first = runs_.front();
  first.first_row = batch->begin;
  first.starts = !slice.handed_over.has_value() ||
                 !PositionView{first.token, first.key, {}}.SamePartition(*slice.handed_over);
  batch->runs = runs_;
  return true;
}

/// Adds what the slice has of a run, if anything, to runs_ and changes_.
void BatchSlicer::CutRun(const Slice& slice, const RowBatch& batch, size_t run) {
  PartitionRun cut = batch.runs[run];
  const PositionView partition{cut.token, cut.key, {}};
  const Side begin = SideOfBegin(slice, partition);
  const Side end = SideOfEnd(slice, partition);
  if (begin == Side::kOutside || end == Side::kOutside) return;
  if (runs_.empty())
    cut.starts = !slice.handed_over.has_value() || !partition.SamePartition(*slice.handed_over);
  const uint32_t end_row = std::clamp(batch.RunEnd(run), batch.begin, batch.end);
  cut.first_row = std::clamp(cut.first_row, batch.begin, end_row);

  const size_t changes_before = changes_.size();
  const auto index = static_cast<uint32_t>(runs_.size());
  auto add = [&](uint32_t row, std::string_view bound, const DeletionTime& deletion) {
    changes_.push_back(RangeChange{index, std::clamp(row, cut.first_row, end_row), bound, deletion});
  };
  auto change = std::lower_bound(batch.changes.begin(), batch.changes.end(), run,
                                 [](const RangeChange& c, size_t number) { return c.run < number; });
  const auto changes_end = batch.changes.end();
  DeletionTime open = run == 0 ? batch.open_deletion : DeletionTime{};
  if (begin == Side::kCut) {
    for (; change != changes_end && change->run == run && IsBefore(slice, change->bound); ++change) {
      open = change->deletion;
    }
  }
  const bool as_change = begin == Side::kCut && slice.begin->open == Open::kAsChange;
  const DeletionTime open_before = as_change ? DeletionTime{} : open;
  if (as_change && !open.live()) add(cut.first_row, slice.begin->place.clustering, open);
  for (; change != changes_end && change->run == run; ++change) {
    if (end == Side::kCut && IsAfter(slice, change->bound)) break;
    add(change->row, change->bound, change->deletion);
    open = change->deletion;
  }
  if (end == Side::kCut && !open.live()) add(end_row, slice.end->clustering, DeletionTime{});

  const bool has_content =
      cut.first_row < end_row || changes_.size() > changes_before || (cut.starts && !cut.deletion.live());
  if (!has_content) return;
  if (runs_.empty()) open_deletion_ = open_before;
  runs_.push_back(cut);
}

}  // namespace stoa
