// Checks a file from its first byte to its last: that its parts stand one behind the other without a gap,
// that each is intact, and that what is said of rows - by index, filter, zones, statistics and metadata - is
// true of them.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/status_macros.h"
#include "base/stream_hash.h"
#include "data/blob_reference.h"
#include "data/complex_merge.h"
#include "data/stream_validator.h"
#include "sstable/cached_block.h"
#include "sstable/extent.h"
#include "sstable/sstable.h"
#include "sstable/stream_tally.h"
#include "sstable/table_reader.h"
#include "types/value_codec.h"

namespace stoa {
namespace {

constexpr size_t kHashPieceBytes = 256 << 10;

Projection ProjectionOf(const BlockLayout& layout) {
  Projection projection;
  for (const BlockLayout::ColumnType& column : layout.columns) {
    projection.push_back(
        ProjectedColumn{column.id, static_cast<uint8_t>(DataType(column.kind).word_bytes())});
  }
  return projection;
}

/// Bounds that only the value of `cell` satisfies; or, if that is a blob, those that its beginning does.
ColumnBounds BoundsOf(TypeKind kind, const Cell& cell) {
  ColumnBounds bounds;
  bounds.is_word = DataType(kind).is_word();
  if (bounds.is_word) {
    bounds.word_low = bounds.word_high = WordToOrdered(kind, cell.word);
  } else {
    bounds.bytes_low = cell.blob ? PrefixOfBlob(cell.bytes) : cell.bytes;
    bounds.bytes_high = bounds.bytes_low;
  }
  return bounds;
}

/// What the rows of a batch, and the deletions among them, say of time.
TimeBounds TimesOf(const RowBatch& batch) {
  TimeBounds times;
  for (const PartitionRun& run : batch.runs) {
    if (!run.deletion.live()) times.AddDeletion(run.deletion);
  }
  for (const RangeChange& change : batch.changes) {
    if (!change.deletion.live()) times.AddDeletion(change.deletion);
  }
  for (uint32_t row = batch.begin; row < batch.end; ++row) {
    if ((batch.RowFlags(row) & row_flags::kMarker) != 0)
      times.AddWrite(batch.timestamps[row], batch.RowExpiry(row));
    if (!batch.RowDeletion(row).live()) times.AddDeletion(batch.RowDeletion(row));
  }
  for (const ColumnVector& column : batch.columns) {
    for (uint32_t row = batch.begin; row < batch.end; ++row) {
      if (!column.Has(row)) continue;
      const Cell cell = batch.CellAt(column, row);
      if (cell.complex) {
        times.Add(SummaryOf(cell).times);
      } else if (cell.tombstone) {
        times.AddDeletion(DeletionTime{cell.timestamp, cell.expiry});
      } else {
        times.AddWrite(cell.timestamp, cell.expiry);
      }
    }
  }
  return times;
}

/// Where the first element of a block stands; `batch` is all of the block.
PositionView FirstPosition(const RowBatch& batch) {
  const PartitionRun& run = batch.runs[0];
  PositionView first{run.token, run.key, {}};
  if (run.starts && !run.deletion.live()) return first;
  if (batch.row_count() > 0 && run.first_row < batch.RunEnd(0))
    first.clustering = batch.clustering[run.first_row];
  if (!batch.changes.empty() && batch.changes[0].run == 0 && batch.changes[0].row == run.first_row) {
    first.clustering = batch.changes[0].bound;
  }
  return first;
}

class Verifier {
 public:
  explicit Verifier(const TableReader& reader)
      : reader_(reader),
        file_(reader.file()),
        projection_(ProjectionOf(reader.layout())),
        nothing_kept_(0),
        decoder_(&reader.layout(), &projection_) {}

  absl::Status Run() {
    // The parts tell where the damage is, and are asked first.
    STOA_RETURN_IF_ERROR(CheckParts());
    return CheckHash();
  }

 private:
  using Zones = std::vector<std::shared_ptr<ZonePage>>;

  absl::Status CheckParts();
  absl::Status CheckExtent(uint32_t number);
  absl::StatusOr<Zones> LoadZones(const Extent& extent);
  absl::Status CheckBlock(Extent& extent, uint32_t entry, const Zones& zones);
  absl::Status CheckRows(Extent& extent, uint32_t entry, const Zones& zones, RowBatch* batch);
  absl::Status CheckZones(uint32_t entry, const Zones& zones, const RowBatch& batch);
  absl::Status CheckEntry(const BlockIndexEntry& entry, uint64_t rows) const;
  absl::Status CheckTotals();
  absl::Status CheckHash();

  /// The next part of the file must be at `range`.
  absl::Status Follows(const FileRange& range, std::string_view what) {
    if (range.offset != at_) return file_.Corrupt(range.offset, what, " should stand at ", at_);
    at_ = range.end();
    return absl::OkStatus();
  }

  const TableReader& reader_;
  const TableFile& file_;
  const Projection projection_;
  BlockCache nothing_kept_;  // so that everything is read from the file
  BlockReader decoder_;

  uint64_t at_ = kFileHeaderBytes;  // up to here the file was accounted for
  uint64_t blocks_ = 0;
  StreamTally tally_;
  TimeBounds times_;        // of the file
  TimeBounds block_times_;  // of the block being checked
  bool partition_starts_ = false;
};

absl::Status Verifier::CheckParts() {
  for (uint32_t number = 0; number < reader_.root().entry_count(); ++number) {
    STOA_RETURN_IF_ERROR(CheckExtent(number));
  }
  STOA_RETURN_IF_ERROR(Follows(reader_.root_range(), "the index root"));
  STOA_RETURN_IF_ERROR(Follows(reader_.statistics_range(), "the statistics"));
  if (at_ != file_.bytes() - kFooterBytes) return file_.Corrupt(at_, "bytes that belong to nothing");
  return CheckTotals();
}

absl::Status Verifier::CheckExtent(uint32_t number) {
  const IndexPage& root = reader_.root();
  const BlockIndexEntry entry = root.Entry(number);
  STOA_ASSIGN_OR_RETURN(const std::shared_ptr<Extent> extent,
                        Extent::Load(file_, entry.range, &nothing_kept_, nullptr));
  const IndexPage& page = extent->page();
  BlockIndexEntry total;
  for (uint32_t i = 0; i < page.entry_count(); ++i) total.AddTotals(page.Entry(i));
  total.range = entry.range;
  if (total != entry || page.Separator(0) != root.Separator(number) ||
      page.OpenAt(0) != root.OpenAt(number) || page.OpenAt(page.entry_count()) != root.OpenAt(number + 1)) {
    return file_.Corrupt(reader_.root_range().offset, "the index root is wrong about extent ", number);
  }
  STOA_ASSIGN_OR_RETURN(const Zones zones, LoadZones(*extent));
  for (uint32_t i = 0; i < page.entry_count(); ++i) STOA_RETURN_IF_ERROR(CheckBlock(*extent, i, zones));
  if (extent->filter_range().bytes > 0) STOA_RETURN_IF_ERROR(Follows(extent->filter_range(), "a filter"));
  for (uint32_t i = 0; i < extent->zone_count(); ++i) {
    STOA_RETURN_IF_ERROR(Follows(extent->ZoneRangeOf(i), "a zone page"));
  }
  return Follows(entry.range, "an index page");
}

absl::StatusOr<Verifier::Zones> Verifier::LoadZones(const Extent& extent) {
  Zones zones(projection_.size());
  uint32_t found = 0;
  for (size_t i = 0; i < projection_.size(); ++i) {
    const std::optional<FileRange> range = extent.FindZones(projection_[i].id);
    if (!range.has_value()) continue;
    ++found;
    STOA_ASSIGN_OR_RETURN(zones[i], ZonePage::Load(file_, *range, reader_.layout().columns[i].kind,
                                                   nothing_kept_.decompressors(), nullptr));
    if (zones[i]->entry_count() != extent.page().entry_count()) {
      return file_.Corrupt(range->offset, "a zone page does not fit its extent");
    }
  }
  if (found != extent.zone_count())
    return file_.Corrupt(at_, "zones of a column that the file does not have");
  return zones;
}

absl::Status Verifier::CheckBlock(Extent& extent, uint32_t entry_number, const Zones& zones) {
  const IndexPage& page = extent.page();
  const BlockIndexEntry entry = page.Entry(entry_number);
  STOA_RETURN_IF_ERROR(Follows(entry.range, "a block"));
  STOA_ASSIGN_OR_RETURN(
      const std::shared_ptr<CachedBlock> block,
      CachedBlock::Load(reader_.shared_file(), entry.range, reader_.layout(), &nothing_kept_, nullptr));
  for (uint32_t i = 0; i < block->header().sections.size(); ++i) {
    STOA_RETURN_IF_ERROR(block->Section(i).status());
  }
  const auto located = [&](const absl::Status& status) { return file_.Located(entry.range.offset, status); };
  STOA_RETURN_IF_ERROR(located(decoder_.Open(&block->header(), block.get())));
  const Position last_before = tally_.here();
  block_times_ = TimeBounds();
  partition_starts_ = false;
  const uint32_t row_count = block->header().row_count;
  uint32_t row = 0;
  do {
    const uint32_t end = std::min(row_count, row + decoder_.batch_rows());
    RowBatch batch;
    STOA_RETURN_IF_ERROR(located(decoder_.Batch(row, end, BlockReader::Direction::kForward, &batch)));
    STOA_RETURN_IF_ERROR(located(batch.EnsureAll()));
    if (batch.runs.empty()) return file_.Corrupt(entry.range.offset, "a block without a run");
    const PositionView separator = page.Separator(entry_number);
    const bool after_last = blocks_ == 0 || last_before < separator;
    if (row == 0 && (!after_last || separator > FirstPosition(batch) ||
                     batch.open_deletion != page.OpenAt(entry_number))) {
      return file_.Corrupt(entry.range.offset, "the index is wrong about where a block begins");
    }
    STOA_RETURN_IF_ERROR(located(CheckRows(extent, entry_number, zones, &batch)));
    row = end;
  } while (row < row_count);
  ++blocks_;
  if (tally_.open() != page.OpenAt(entry_number + 1)) {
    return file_.Corrupt(entry.range.offset,
                         "the index is wrong about the deletion that is open after a block");
  }
  return located(CheckEntry(entry, row_count));
}

/// The errors of this and the following do not say where.
absl::Status Verifier::CheckRows(Extent& extent, uint32_t entry, const Zones& zones, RowBatch* batch) {
  absl::Status status = tally_.Add(*batch);
  if (status.ok() && batch->row_count() > 0) status = CheckBatchSummary(*batch, projection_);
  if (!status.ok()) return absl::DataLossError(status.message());
  for (const PartitionRun& run : batch->runs) {
    partition_starts_ |= run.starts;
    if (run.token != OrderedToken(PartitionToken(run.key)))
      return absl::DataLossError("the token of a key is wrong");
    STOA_ASSIGN_OR_RETURN(const bool may_contain,
                          extent.MayContain(run.token, file_, &nothing_kept_, nullptr));
    if (!may_contain) return absl::DataLossError("the filter does not know a partition");
  }
  block_times_.Add(TimesOf(*batch));
  return CheckZones(entry, zones, *batch);
}

absl::Status Verifier::CheckZones(uint32_t entry, const Zones& zones, const RowBatch& batch) {
  for (const ColumnVector& column : batch.columns) {
    const auto [id, kind] = reader_.layout().columns[column.index];
    const auto file_zone = reader_.statistics().zones.find(id);
    const bool in_file = file_zone != reader_.statistics().zones.end();
    const ZoneView zone = zones[column.index] != nullptr ? zones[column.index]->Zone(entry) : ZoneView{};
    for (uint32_t row = batch.begin; row < batch.end; ++row) {
      if (!column.Has(row)) continue;
      const Cell cell = batch.CellAt(column, row);
      if (cell.tombstone || cell.empty || cell.complex) continue;
      const ColumnBounds bounds = BoundsOf(kind, cell);
      if (!MayMatch(kind, zone, bounds) || !in_file || !MayMatch(kind, file_zone->second.view(), bounds)) {
        return absl::DataLossError(StrCat("a value of column ", id, " lies outside its zone"));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status Verifier::CheckEntry(const BlockIndexEntry& entry, uint64_t rows) const {
  const bool in_bounds = block_times_.empty() || (entry.min_timestamp <= block_times_.min_timestamp &&
                                                  entry.max_timestamp >= block_times_.max_timestamp &&
                                                  entry.max_local_time >= block_times_.max_local_time);
  const bool flagged = (!block_times_.has_tombstones || (entry.flags & index_flags::kTombstones) != 0) &&
                       (!block_times_.has_expiring || (entry.flags & index_flags::kExpiring) != 0) &&
                       (!partition_starts_ || (entry.flags & index_flags::kPartitionStart) != 0);
  if (entry.rows == rows && in_bounds && flagged) return absl::OkStatus();
  return absl::DataLossError("the index is wrong about what a block holds");
}

absl::Status Verifier::CheckTotals() {
  const Statistics& statistics = reader_.statistics();
  const TimeBounds& times = statistics.bounds.times;
  const bool in_bounds =
      times.min_timestamp <= times_.min_timestamp && times.max_timestamp >= times_.max_timestamp &&
      times.min_local_time <= times_.min_local_time && times.max_local_time >= times_.max_local_time &&
      times.has_tombstones >= times_.has_tombstones && times.has_expiring >= times_.has_expiring;
  if (tally_.Finish().ok() && statistics.row_count == tally_.row_count() &&
      statistics.partition_count == tally_.partition_count() &&
      statistics.tombstone_count == tally_.tombstone_count() && statistics.blobs == tally_.blobs() &&
      statistics.block_count == blocks_ && statistics.bounds.first == tally_.first() &&
      statistics.bounds.last == tally_.last() && in_bounds) {
    return absl::OkStatus();
  }
  return file_.Corrupt(reader_.statistics_range().offset,
                       "the statistics are wrong about what the file holds");
}

absl::Status Verifier::CheckHash() {
  StreamHash128 hash;
  auto piece = std::make_unique_for_overwrite<char[]>(kHashPieceBytes);
  for (uint64_t at = 0; at < file_.bytes(); at += kHashPieceBytes) {
    const auto size = static_cast<size_t>(std::min<uint64_t>(kHashPieceBytes, file_.bytes() - at));
    STOA_RETURN_IF_ERROR(file_.Read(at, size, piece.get(), nullptr));
    hash.Add({piece.get(), size});
  }
  const HashValue128 expected{reader_.metadata().file_hash_low, reader_.metadata().file_hash_high};
  if (expected == HashValue128{} || hash.value() == expected) return absl::OkStatus();
  return file_.Corrupt(0, "the hash of the file is not the one that the manifest has");
}

}  // namespace

absl::Status SSTable::Verify() const { return Verifier(*reader_).Run(); }

}  // namespace stoa
