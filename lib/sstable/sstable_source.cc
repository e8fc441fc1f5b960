// How a slice is cut out of blocks.
//
// A source goes from block to block and hands each over as one batch, or, if few rows are wanted, as a few.
// Inside a slice the batches of the block reader pass through as they are. At the ends of the slice, and
// where the stream was skipped to, rows are easily counted off, but runs and range-changes need care: a
// partition may have none of its rows in the slice and yet have its deletion to hand over; a range-change
// that stands before the slice may be open in it. So at such a place the batch is taken one row wider than
// the slice, which brings in everything that stands between the last row outside and the first row inside;
// then the rows are narrowed again and BatchSlicer cuts the rest. One such cut at each end is enough: what a
// block holds after the first row of the slice needs no cut at its beginning. A slice of one partition, in a
// block without range-changes, is cut out of its run alone, and nothing stands beside its rows.
//
// Blocks that a deletion in another source covers are passed by without being read, in either direction, if
// the index says so much of them (BlockIndexCursor::IsCoveredBy): nothing in the block is newer than the
// deletion; no partition starts in it, for that would have a START to hand over, and rows that the deletion
// does not reach; and what range deletions reach into it or out of it are older too. The last is what makes
// it safe to miss where they end: as long as the stronger deletion covers the place nobody sees them, and
// what is open behind the block the next one says.
#include "sstable/sstable_source.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/status_macros.h"
#include "sstable/batch_slicer.h"
#include "sstable/block_index_cursor.h"
#include "sstable/block_origin.h"
#include "sstable/zone_map.h"

namespace stoa {
namespace {

/// After every row and bound of a partition.
constexpr std::string_view kAfterAll = "\xff";

class TableSource final : public RowSource {
 public:
  TableSource(std::shared_ptr<const TableReader> reader, const ScanSpec& spec, ReadStats* stats,
              CacheUse cache_use, uint64_t* examined);
  ~TableSource() override;

  absl::StatusOr<bool> Next(RowBatch* batch) override;
  absl::Status SkipTo(const PositionView& position) override;
  void LeaveOut(const CoveredStretch& stretch) override;
  absl::StatusOr<std::optional<Position>> NextPossibleMatch(const ColumnBounds& bounds,
                                                            const PositionView& from) override;

 private:
  enum class Stage : uint8_t { kSeek, kOpen, kRows, kNextBlock, kDone };

  absl::StatusOr<bool> Advance(RowBatch* batch);
  absl::Status OpenBlock();
  absl::Status NextBlock();
  bool MayLeaveOutBlock() const;
  absl::StatusOr<bool> ReadRows(RowBatch* batch);
  void CountRows(uint32_t handed_over);
  absl::Status Narrow(uint32_t from_front, uint32_t from_back, RowBatch* batch);
  bool Cut(bool cut_end, RowBatch* batch);
  absl::StatusOr<uint32_t> FindRow(const PositionView& position);
  /// Leaves out the rows of the block before begin_.
  absl::Status CutRows();
  absl::Status Skip(const PositionView& position);
  absl::StatusOr<std::optional<Position>> FindMatch(ColumnId column, TypeKind kind,
                                                    const ColumnBounds& bounds, const PositionView& from);

  const std::shared_ptr<const TableReader> reader_;
  const ScanSpec spec_;
  ReadStats* const stats_;
  const CacheUse cache_use_;
  uint64_t* const examined_;
  /// Where the range ends in stream order, as BatchSlicer::Slice::end; none: at the end of the table.
  std::optional<PositionView> end_;
  bool in_one_partition_ = false;

  Stage stage_ = Stage::kSeek;
  absl::Status error_;
  BlockIndexCursor cursor_;
  std::shared_ptr<CachedBlock> block_;
  std::unique_ptr<BlockReader> decoder_;
  BlockOrigin origin_;
  BatchSlicer slicer_;
  /// Of the block, what is still to be read: rows [row_begin_, row_end_).
  uint32_t row_begin_ = 0;
  uint32_t row_end_ = 0;
  BlockReader::Found found_{0, false, -1};  ///< what was looked for last; no run if nothing was
  bool last_block_ = false;                 ///< the range ends in this block
  uint32_t rows_asked_ = 0;  ///< how many rows are thought to be wanted; kBatchRowsMax: no end to them
  uint32_t rows_next_ = 0;   ///< of these, what has not been handed over: what the next batch has at most

  /// Set until a block was cut there: where the slice begins, or the stream was skipped to.
  bool cut_begin_ = true;
  bool widen_begin_ = false;  ///< of the block, rows before the cut were left out that nobody has looked at
  Position begin_;
  BatchSlicer::Open begin_open_ = BatchSlicer::Open::kAsChange;

  bool handed_over_any_ = false;
  Position handed_over_;  ///< the partition of the last run handed over

  /// Where LeaveOut allows it: the partition, and the bound if it has one.
  bool may_leave_out_ = false;
  Position covered_to_;
  bool covered_to_end_ = false;
  int64_t covering_timestamp_ = kNoTimestamp;

  BlockIndexCursor zone_cursor_;
};

TableSource::TableSource(std::shared_ptr<const TableReader> reader, const ScanSpec& spec, ReadStats* stats,
                         CacheUse cache_use, uint64_t* examined)
    : reader_(std::move(reader)),
      spec_(spec),
      stats_(stats),
      cache_use_(cache_use),
      examined_(examined),
      cursor_(reader_.get(), stats),
      decoder_(reader_->cache().idle_readers().Take()),
      origin_(reader_.get(), spec.budget),
      rows_asked_(spec.rows_hint == 0 ? kBatchRowsMax : std::min(spec.rows_hint, kBatchRowsMax)),
      rows_next_(rows_asked_),
      zone_cursor_(reader_.get(), stats) {
  const PositionView& start = spec.range.start;
  const std::optional<PositionView>& end = spec.range.end;
  decoder_->Start(&reader_->layout(), spec.projection, spec.budget);
  if (end.has_value() && *end <= start) stage_ = Stage::kDone;
  in_one_partition_ = end.has_value() && end->SamePartition(start);
  if (spec.reverse) {
    begin_ = Position(in_one_partition_ ? *end : PositionView{start.token, start.key, kAfterAll});
    end_ = start;
  } else {
    begin_ = Position(start);
    end_ = end;
  }
  if (stats != nullptr) ++stats->sstables;
}

TableSource::~TableSource() {
  if (decoder_->Rest()) reader_->cache().idle_readers().Give(std::move(decoder_));
}

absl::StatusOr<bool> TableSource::Next(RowBatch* batch) {
  if (!error_.ok()) return error_;
  absl::StatusOr<bool> result = Advance(batch);
  error_ = result.status();
  return result;
}

absl::StatusOr<bool> TableSource::Advance(RowBatch* batch) {
  while (stage_ != Stage::kDone) {
    switch (stage_) {
      case Stage::kSeek:
        STOA_RETURN_IF_ERROR(cursor_.Seek(begin_));
        stage_ = Stage::kOpen;
        break;
      case Stage::kOpen:
        STOA_RETURN_IF_ERROR(OpenBlock());
        break;
      case Stage::kRows: {
        STOA_ASSIGN_OR_RETURN(const bool found, ReadRows(batch));
        if (found) return true;
        break;
      }
      case Stage::kNextBlock:
        STOA_RETURN_IF_ERROR(NextBlock());
        break;
      case Stage::kDone:
        break;
    }
  }
  return false;
}

absl::Status TableSource::OpenBlock() {
  STOA_ASSIGN_OR_RETURN(block_, reader_->GetBlock(cursor_.range(), cache_use_, stats_));
  if (cut_begin_) block_->PrefetchForFind();
  const absl::Status opened = decoder_->Open(&block_->header(), block_.get());
  STOA_RETURN_IF_ERROR(reader_->file().Located(block_->offset(), opened));
  row_begin_ = 0;
  row_end_ = block_->header().row_count;
  found_.run = -1;
  widen_begin_ = false;
  if (cut_begin_) STOA_RETURN_IF_ERROR(CutRows());
  if (spec_.reverse) {
    last_block_ = cursor_.at_first() || cursor_.separator() <= *end_;
  } else {
    const std::optional<PositionView> next = cursor_.next_separator();
    last_block_ = !next.has_value() || (end_.has_value() && *next >= *end_);
  }
  if (last_block_ && end_.has_value()) {
    STOA_ASSIGN_OR_RETURN(const uint32_t row, FindRow(*end_));
    if (spec_.reverse) {
      row_begin_ = std::min(row, row_end_);
    } else {
      row_end_ = std::max(row, row_begin_);
    }
  }
  stage_ = Stage::kRows;
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> TableSource::FindRow(const PositionView& position) {
  const bool known_run = in_one_partition_ && found_.run >= 0;
  const absl::StatusOr<BlockReader::Found> found =
      known_run ? decoder_->FindInRun(found_, position.clustering) : decoder_->Find(position);
  if (!found.ok()) return reader_->file().Located(block_->offset(), found.status());
  found_ = *found;
  return found->row;
}

absl::Status TableSource::CutRows() {
  STOA_ASSIGN_OR_RETURN(const uint32_t row, FindRow(begin_));
  widen_begin_ |= spec_.reverse ? row < row_end_ : row > row_begin_;
  if (spec_.reverse) {
    row_end_ = std::clamp(row, row_begin_, row_end_);
  } else {
    row_begin_ = std::clamp(row, row_begin_, row_end_);
  }
  return absl::OkStatus();
}

absl::Status TableSource::NextBlock() {
  stage_ = Stage::kDone;
  if (last_block_) return absl::OkStatus();
  do {
    if (spec_.reverse ? cursor_.at_first() : cursor_.at_last()) return absl::OkStatus();
    STOA_RETURN_IF_ERROR(spec_.reverse ? cursor_.Previous() : cursor_.Next());
  } while (may_leave_out_ && MayLeaveOutBlock());
  stage_ = Stage::kOpen;
  return absl::OkStatus();
}

/// Whether the block that the cursor is at, which was entered from the one before it in stream order, is
/// covered.
bool TableSource::MayLeaveOutBlock() const {
  const PositionView separator = cursor_.separator();
  if (!separator.SamePartition(covered_to_.view())) return false;
  if (!covered_to_end_ && spec_.reverse && separator < covered_to_.view()) return false;
  if (!covered_to_end_ && !spec_.reverse) {
    const std::optional<PositionView> next = cursor_.next_separator();
    if (!next.has_value() || *next > covered_to_.view()) return false;
  }
  if (!cursor_.IsCoveredBy(covering_timestamp_)) return false;
  // The end of the range is looked for in the block that holds it.
  if (!end_.has_value()) return true;
  if (spec_.reverse) return !cursor_.at_first() && separator > *end_;
  const std::optional<PositionView> next = cursor_.next_separator();
  return next.has_value() && *next < *end_;
}

void TableSource::LeaveOut(const CoveredStretch& stretch) {
  may_leave_out_ = true;
  covered_to_.token = stretch.token;
  covered_to_.key = stretch.key;
  covered_to_.clustering = stretch.to.value_or(std::string_view());
  covered_to_end_ = !stretch.to.has_value();
  covering_timestamp_ = stretch.timestamp;
}

/// Reads the next rows of the block; false when nothing was left of them.
absl::StatusOr<bool> TableSource::ReadRows(RowBatch* batch) {
  const uint32_t rows = std::min({row_end_ - row_begin_, rows_next_, decoder_->batch_rows()});
  const uint32_t begin = spec_.reverse ? row_end_ - rows : row_begin_;
  const uint32_t end = begin + rows;
  const bool completes = spec_.reverse ? begin == row_begin_ : end == row_end_;
  const bool cut_end = completes && last_block_ && end_.has_value();

  const bool in_run = in_one_partition_ && block_->header().change_count == 0 && found_.run >= 0 &&
                      begin >= found_.run_rows.begin && end <= found_.run_rows.end;
  const bool widen_begin = cut_begin_ && widen_begin_ && !in_run;
  const bool widen_end = cut_end && !in_run;
  const uint32_t below = begin > 0 && (spec_.reverse ? widen_end : widen_begin) ? 1 : 0;
  const uint32_t above =
      end < block_->header().row_count && (spec_.reverse ? widen_begin : widen_end) ? 1 : 0;
  const auto direction = spec_.reverse ? BlockReader::Direction::kReverse : BlockReader::Direction::kForward;
  absl::Status status =
      decoder_->Batch(begin - below, end + above, direction, batch, in_run ? found_.run : -1);
  if (status.ok()) status = Narrow(spec_.reverse ? above : below, spec_.reverse ? below : above, batch);
  STOA_RETURN_IF_ERROR(reader_->file().Located(block_->offset(), status));

  const bool left = Cut(cut_end, batch);
  cut_begin_ = false;
  (spec_.reverse ? row_end_ : row_begin_) = spec_.reverse ? begin : end;
  CountRows(rows);
  if (completes) stage_ = Stage::kNextBlock;
  if (!left) return false;
  if (rows == block_->header().row_count && below + above == 0 && !spec_.reverse) {
    origin_.Set(block_.get(), &cursor_.extent(), cursor_.extent_number(), cursor_.entry());
    batch->origin = &origin_;
  }
  const PartitionRun& last_run = batch->runs.back();
  handed_over_any_ = true;
  handed_over_.token = last_run.token;
  handed_over_.key = last_run.key;
  if (stats_ != nullptr) stats_->rows_examined += batch->row_count();
  if (examined_ != nullptr) *examined_ += batch->row_count() + batch->changes.size();
  return true;
}

/// Who reads on behind the rows that were wanted may want many more.
void TableSource::CountRows(uint32_t handed_over) {
  if (rows_asked_ == kBatchRowsMax) return;
  rows_next_ -= handed_over;
  if (rows_next_ == 0) rows_next_ = rows_asked_ = std::min(rows_asked_ * 4, kBatchRowsMax);
}

/// Leaves rows at both ends out of a batch.
absl::Status TableSource::Narrow(uint32_t from_front, uint32_t from_back, RowBatch* batch) {
  if (from_front + from_back == 0) return absl::OkStatus();
  batch->begin += from_front;
  batch->end -= from_back;
  return decoder_->FindEnds(batch);
}

/// Cuts runs and range-changes where there is something to cut; false when nothing is left of the batch.
bool TableSource::Cut(bool cut_end, RowBatch* batch) {
  if (batch->runs.empty()) return false;
  const PartitionRun& run = batch->runs[0];
  const bool starts = !handed_over_any_ || !PositionView{run.token, run.key, {}}.SamePartition(handed_over_);
  if (!cut_begin_ && !cut_end && run.starts == starts) return true;
  BatchSlicer::Slice slice;
  slice.reverse = spec_.reverse;
  if (cut_begin_) slice.begin = BatchSlicer::Begin{begin_, begin_open_};
  if (cut_end) slice.end = end_;
  if (handed_over_any_) slice.handed_over = handed_over_;
  return slicer_.Cut(slice, batch);
}

absl::Status TableSource::SkipTo(const PositionView& position) {
  if (error_.ok()) error_ = Skip(position);
  return error_;
}

absl::Status TableSource::Skip(const PositionView& position) {
  if (stage_ == Stage::kDone) return absl::OkStatus();
  // In reverse the position itself stays: the slice now ends before its successor.
  Position begin(position);
  if (spec_.reverse) begin.clustering.push_back('\0');
  if (cut_begin_ && (spec_.reverse ? begin > begin_ : begin < begin_)) return absl::OkStatus();
  if (end_.has_value() && (spec_.reverse ? begin.view() <= *end_ : begin.view() >= *end_)) {
    stage_ = Stage::kDone;
    return absl::OkStatus();
  }
  if (!cut_begin_) widen_begin_ = false;
  cut_begin_ = true;
  begin_ = std::move(begin);
  begin_open_ = BatchSlicer::Open::kAsState;
  if (stage_ == Stage::kSeek) return absl::OkStatus();
  const std::optional<PositionView> next = cursor_.next_separator();
  const bool in_block =
      spec_.reverse ? cursor_.separator() < begin_.view() : !next.has_value() || *next > begin_.view();
  if (!in_block) {
    stage_ = Stage::kSeek;
    return absl::OkStatus();
  }
  return stage_ == Stage::kRows ? CutRows() : absl::OkStatus();
}

absl::StatusOr<std::optional<Position>> TableSource::NextPossibleMatch(const ColumnBounds& bounds,
                                                                       const PositionView& from) {
  if (!error_.ok()) return error_;
  const ColumnId column = (*spec_.projection)[bounds.index].id;
  const std::optional<TypeKind> kind = KindOf(reader_->layout(), column);
  const auto zone = reader_->statistics().zones.find(column);
  // A column that the file does not know, or without a live value, matches nothing.
  if (!kind.has_value() || zone == reader_->statistics().zones.end()) return std::nullopt;
  if (!MayMatch(*kind, zone->second.view(), bounds)) return std::nullopt;
  absl::StatusOr<std::optional<Position>> match = FindMatch(column, *kind, bounds, from);
  error_ = match.status();
  return match;
}

absl::StatusOr<std::optional<Position>> TableSource::FindMatch(ColumnId column, TypeKind kind,
                                                               const ColumnBounds& bounds,
                                                               const PositionView& from) {
  STOA_RETURN_IF_ERROR(zone_cursor_.Seek(from));
  while (true) {
    const Extent& extent = zone_cursor_.extent();
    STOA_ASSIGN_OR_RETURN(const std::shared_ptr<ZonePage> zones,
                          reader_->GetZones(extent, column, kind, stats_));
    uint32_t entry = zone_cursor_.entry();
    const uint32_t entries = extent.page().entry_count();
    if (zones == nullptr || !MayMatch(kind, zones->range(), bounds)) entry = entries;
    while (entry < entries && !MayMatch(kind, zones->Zone(entry), bounds)) ++entry;
    if (entry < entries) {
      const PositionView found = std::max(from, extent.page().Separator(entry));
      if (end_.has_value() && found >= *end_) return std::nullopt;
      return Position(found);
    }
    if (zone_cursor_.in_last_extent()) return std::nullopt;
    STOA_RETURN_IF_ERROR(zone_cursor_.NextExtent());
  }
}

}  // namespace

std::unique_ptr<RowSource> NewTableSource(std::shared_ptr<const TableReader> reader, const ScanSpec& spec,
                                          ReadStats* stats, CacheUse cache_use, uint64_t* examined) {
  return std::make_unique<TableSource>(std::move(reader), spec, stats, cache_use, examined);
}

}  // namespace stoa
