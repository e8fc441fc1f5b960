// Writes SSTables. Rows go through the tally, which checks and counts them, into the block builder; a full
// block is written and entered in the open extent; a full extent is closed behind its blocks; and the root of
// the index, the statistics and the footer end the file. Nothing but the open block and extent is kept in
// memory.
//
// A batch that is all of a block of another file, and of which nothing is deleted, goes past the builder: the
// block is copied (BlockOrigin). Everything that the file says of a block - index, filter, zones, statistics
// - comes out as if it had been encoded anew. What differs is where blocks end, so copying must not fill a
// file with crumbs: a block is copied if it is at least half as large as blocks are made, and so must what is
// in the builder be, which has to end before it; or it follows enough blocks of that size
// (kBlocksBeforeCrumb).
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "schema/cell_columns.h"
#include "schema/keys.h"
#include "sstable/block.h"
#include "sstable/block_origin.h"
#include "sstable/extent.h"
#include "sstable/sstable.h"
#include "sstable/statistics.h"
#include "sstable/stored_block.h"
#include "sstable/stream_tally.h"
#include "sstable/table_file.h"

namespace stoa {
namespace {

/// A block that ends early, for the sake of one that is copied, comes after so many others.
constexpr uint32_t kBlocksBeforeCrumb = 3;

/// Of a clean block.
TimeBounds TimesOf(const BlockHeader& header) {
  TimeBounds times;
  times.AddWrite(header.min_timestamp, kNoExpiry);
  times.AddWrite(header.max_timestamp, kNoExpiry);
  return times;
}

Statistics StatisticsOf(const TableSchema& schema) {
  Statistics statistics;
  statistics.table = schema.id();
  statistics.schema_version = schema.version();
  statistics.layout = BlockLayout::Of(schema);
  return statistics;
}

}  // namespace

struct SSTableWriter::State {
  State(const TableSchema& table_schema, const SSTableWriterOptions& writer_options,
        std::unique_ptr<TableFileWriter> writer)
      : schema(table_schema),
        options(writer_options),
        projection(SSTableWriter::ProjectionOf(schema)),
        statistics(StatisticsOf(schema)),
        file(std::move(writer)),
        builder(&statistics.layout, &projection, writer_options.compression_level,
                writer_options.block_bytes),
        extent(&statistics.layout, writer_options.filter_bits, writer_options.index_page_bytes) {}

  absl::Status Add(RowBatch& batch);
  bool MayCopy(const RowBatch& batch) const;
  absl::StatusOr<bool> Copy(const RowBatch& batch);
  absl::Status CheckRowFits();
  absl::Status FinishBlock();
  absl::Status Enter(const FileRange& range, const BlockFacts& block);
  absl::Status FinishExtent();
  absl::StatusOr<SSTableMetadata> Finish();

  const TableSchema schema;
  const SSTableWriterOptions options;
  const Projection projection;
  Statistics statistics;
  std::unique_ptr<TableFileWriter> file;
  BlockBuilder builder;
  ExtentBuilder extent;
  IndexPageBuilder root;
  StreamTally tally;
  Position last;            // of the blocks written
  DeletionTime open_after;  // the last of them
  uint32_t blocks_since_crumb = 0;
  uint64_t copied_bytes = 0;
  absl::Status error;
};

absl::Status SSTableWriter::State::Add(RowBatch& batch) {
  if (batch.origin != nullptr && MayCopy(batch)) {
    STOA_ASSIGN_OR_RETURN(const bool copied, Copy(batch));
    if (copied) return absl::OkStatus();
  }
  STOA_RETURN_IF_ERROR(tally.Add(batch));
  while (true) {
    STOA_ASSIGN_OR_RETURN(const bool all, builder.Add(batch));
    if (all) return absl::OkStatus();
    STOA_RETURN_IF_ERROR(FinishBlock());
  }
}

/// Whether `batch` is a block which means the same here, and no crumbs would come of copying it.
bool SSTableWriter::State::MayCopy(const RowBatch& batch) const {
  const BlockOrigin& origin = *batch.origin;
  const bool is_large =
      origin.raw_bytes() >= options.block_bytes / 2 || batch.row_count() >= kBlockRowsMax / 2;
  if (!is_large || !origin.IsAllOf(batch) || !origin.FitsInto(statistics.layout)) return false;
  if (builder.empty()) return true;
  return builder.may_end() && (builder.half_full() || blocks_since_crumb >= kBlocksBeforeCrumb);
}

/// False if the block has to be encoded anew after all.
absl::StatusOr<bool> SSTableWriter::State::Copy(const RowBatch& batch) {
  BlockFacts facts;
  STOA_ASSIGN_OR_RETURN(const bool has_zones, batch.origin->FindZones(&facts.zones));
  if (!has_zones) return false;
  const PartitionRun& first_run = batch.runs.front();
  PositionView first{first_run.token, first_run.key, {}};
  if (batch.RunEnd(0) > 0) first.clustering = batch.first_clustering;
  STOA_RETURN_IF_ERROR(tally.AddBlock(batch, first));
  if (!builder.empty()) {
    const bool is_crumb = !builder.half_full();
    STOA_RETURN_IF_ERROR(FinishBlock());
    if (is_crumb) blocks_since_crumb = 0;
  }
  facts.row_count = batch.row_count();
  facts.times = TimesOf(batch.origin->header());
  for (const PartitionRun& run : batch.runs) {
    facts.tokens.push_back(run.token);
    facts.partition_starts += run.starts ? 1 : 0;
  }
  facts.first = Position(first);
  facts.last = tally.here();
  const FileRange range{file->offset(), batch.origin->stored_bytes()};
  STOA_ASSIGN_OR_RETURN(const std::string_view bytes,
                        batch.origin->ReadMoved(file->file_id(), range.offset, first_run.starts));
  STOA_RETURN_IF_ERROR(file->Append(bytes));
  copied_bytes += bytes.size();
  STOA_RETURN_IF_ERROR(Enter(range, facts));
  return true;
}

/// Only a row that has a block to itself can be too large.
absl::Status SSTableWriter::State::CheckRowFits() {
  const BlockBuilder::LargestColumn largest = builder.FindLargestColumn();
  if (largest.bytes <= kColumnBytesMax) return absl::OkStatus();
  const absl::Status status = absl::OutOfRangeError(
      StrCat("a row of partition 0x", HexDump(largest.partition_key), " has ", largest.bytes,
             " bytes in this column; an SSTable takes at most ", kColumnBytesMax));
  return ColumnError(schema, *schema.FindColumn(largest.id), status);
}

absl::Status SSTableWriter::State::FinishBlock() {
  STOA_RETURN_IF_ERROR(CheckRowFits());
  STOA_ASSIGN_OR_RETURN(const BuiltBlock block, builder.Finish());
  FileRange range{file->offset(), 0};
  STOA_RETURN_IF_ERROR(file->Append(EncodeBlockFront(block, file->file_id(), range.offset)));
  for (const BlockSection& section : block.sections) STOA_RETURN_IF_ERROR(file->Append(section.payload));
  range.bytes = file->offset() - range.offset;
  return Enter(range, block);
}

/// A block was written at `range`.
absl::Status SSTableWriter::State::Enter(const FileRange& range, const BlockFacts& block) {
  Position separator;
  separator.token = block.first.token;
  if (statistics.block_count > 0) {
    if (!(last < block.first)) return absl::InternalError("blocks do not ascend");
    separator = ShortestSeparator(last, block.first);
  }
  extent.AddBlock(separator, range, block);
  for (const uint64_t token : block.tokens) extent.AddToken(token);
  for (const ColumnZone& zone : block.zones) {
    const TypeKind kind = *KindOf(statistics.layout, zone.id);
    const ZoneView view = ViewOf(zone, block.row_count);
    if (view.state != ZoneState::kNothing) statistics.zones[zone.id].Add(kind, view);
  }
  statistics.bounds.times.Add(block.times);
  ++statistics.block_count;
  ++blocks_since_crumb;
  last = block.last;
  open_after = block.open_after;
  return extent.full() ? FinishExtent() : absl::OkStatus();
}

absl::Status SSTableWriter::State::FinishExtent() {
  STOA_RETURN_IF_ERROR(extent.Finish(open_after, file.get(), &root));
  ++statistics.extent_count;
  return absl::OkStatus();
}

absl::StatusOr<SSTableMetadata> SSTableWriter::State::Finish() {
  if (tally.partition_count() == 0) return InvalidArgument("an SSTable without rows");
  STOA_RETURN_IF_ERROR(tally.Finish());
  if (!builder.empty()) STOA_RETURN_IF_ERROR(FinishBlock());
  if (!extent.empty()) STOA_RETURN_IF_ERROR(FinishExtent());
  using Compression = TableFileWriter::Compression;
  std::string page;
  root.Finish({}, &page);
  STOA_ASSIGN_OR_RETURN(const FileRange root_range,
                        file->AppendSection(SectionKind::kIndexRoot, page, Compression::kNone));
  statistics.row_count = tally.row_count();
  statistics.partition_count = tally.partition_count();
  statistics.tombstone_count = tally.tombstone_count();
  statistics.blobs = tally.blobs();
  statistics.bounds.first = tally.first();
  statistics.bounds.last = tally.last();
  std::string encoded;
  statistics.Encode(&encoded);
  STOA_ASSIGN_OR_RETURN(const FileRange statistics_range,
                        file->AppendSection(SectionKind::kStatistics, encoded, Compression::kNone));
  STOA_RETURN_IF_ERROR(file->Finish(root_range, statistics_range));
  SSTableMetadata metadata = MetadataOf(statistics, options.number, options.file_id, file->offset());
  metadata.file_hash_low = file->hash().low;
  metadata.file_hash_high = file->hash().high;
  return metadata;
}

absl::StatusOr<std::unique_ptr<SSTableWriter>> SSTableWriter::Create(Directory& directory,
                                                                     const TableSchema& schema,
                                                                     const SSTableWriterOptions& options) {
  const IoTag tag{FileKind::kTable, options.purpose};
  STOA_ASSIGN_OR_RETURN(std::unique_ptr<TableFileWriter> file,
                        TableFileWriter::Create(directory, SSTableName(options.number), options.file_id,
                                                options.compression_level, tag));
  return std::unique_ptr<SSTableWriter>(
      new SSTableWriter(std::make_unique<State>(schema, options, std::move(file))));
}

Projection SSTableWriter::ProjectionOf(const TableSchema& schema) {
  Projection projection;
  for (const Column* column : CellColumns(schema)) {
    projection.push_back(ProjectedColumn{column->id, static_cast<uint8_t>(column->type.word_bytes())});
  }
  return projection;
}

SSTableWriterOptions SSTableWriterOptions::For(const TableSchema& schema, uint64_t number, uint64_t file_id,
                                               IoPurpose purpose) {
  SSTableWriterOptions options;
  options.number = number;
  options.file_id = file_id;
  options.compression_level = schema.options().compression_level;
  options.purpose = purpose;
  return options;
}

SSTableWriter::SSTableWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
SSTableWriter::~SSTableWriter() = default;

uint64_t SSTableWriter::file_bytes() const { return state_->file->offset(); }
uint64_t SSTableWriter::copied_bytes() const { return state_->copied_bytes; }
bool SSTableWriter::empty() const { return state_->tally.partition_count() == 0; }

absl::Status SSTableWriter::Add(RowBatch& batch) {
  if (state_->error.ok()) state_->error = state_->Add(batch);
  return state_->error;
}

absl::StatusOr<SSTableMetadata> SSTableWriter::Finish() {
  if (!state_->error.ok()) return state_->error;
  absl::StatusOr<SSTableMetadata> metadata = state_->Finish();
  state_->error = metadata.ok() ? FailedPrecondition("the SSTable is finished") : metadata.status();
  return metadata;
}

}  // namespace stoa
