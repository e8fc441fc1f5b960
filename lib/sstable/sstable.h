// SSTables: immutable sorted files. FORMAT.md describes every byte.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "blob/blob_registry.h"
#include "data/row_batch.h"
#include "data/row_merger.h"
#include "data/source_bounds.h"
#include "io/file_system.h"
#include "sstable/block.h"
#include "sstable/block_cache.h"

namespace stoa {

class CachedBlock;
class TableReader;

/// "<number>.sst", the number in at least six digits.
std::string SSTableName(uint64_t number);
/// The number of an SSTable file's name, or 0 if it is not one.
uint64_t ParseSSTableName(std::string_view name);

/// What the manifest says of a file, enough to plan without opening it and to notice that it is another file.
struct SSTableMetadata {
  uint64_t number = 0;   ///< names the file; never reused
  uint64_t file_id = 0;  ///< unique id, bound into every checksum of the file
  TableId table = 0;
  uint64_t file_bytes = 0;
  uint64_t row_count = 0;
  uint64_t partition_count = 0;                    ///< partitions with a piece in the file
  uint64_t tombstone_count = 0;                    ///< row, range and cell tombstones, partition deletions
  uint64_t file_hash_low = 0, file_hash_high = 0;  ///< XXH3-128 of the whole file; both 0: not known
  SourceBounds bounds;
  std::vector<BlobId> blobs;  ///< that cells refer to, ascending by number

  void Encode(std::string* out) const;
  /// InvalidArgument on malformed bytes.
  static absl::StatusOr<SSTableMetadata> Decode(std::string_view bytes);
  friend bool operator==(const SSTableMetadata&, const SSTableMetadata&) = default;
};

/// What reading cost.
struct ReadStats {
  uint64_t blocks_read = 0;  ///< blocks looked into, cached or not
  uint64_t bytes_read = 0;   ///< bytes read from files
  uint64_t cache_misses = 0;
  uint64_t filter_rejections = 0;
  uint64_t sstables = 0;  ///< SSTables whose index was consulted
  uint64_t rows_examined = 0;
};

struct SSTableWriterOptions {
  /// As the table wants its files.
  static SSTableWriterOptions For(const TableSchema& schema, uint64_t number, uint64_t file_id,
                                  IoPurpose purpose);

  uint64_t number = 0;
  uint64_t file_id = 0;
  int compression_level = 1;  ///< 0: sections stay as they are
  /// Filter bits for each partition; 0: no filter.
  int filter_bits = 10;
  /// Bytes of a block, and of a page of the index, before compression, about. Smaller ones are for tests.
  size_t block_bytes = kBlockRawBytesTarget;
  size_t index_page_bytes = 16 << 10;
  IoPurpose purpose = IoPurpose::kFlush;
};

/// Writes one SSTable from a row stream. Order and counts are checked on the way: a stream that breaks the
/// contract of row_batch.h gives Internal, and nothing is published. OutOfRange, which nothing else is,
/// naming table, column and size, when a row has more than kColumnBytesMax in a column. After an error every
/// further call returns it. Not thread-safe.
class SSTableWriter {
 public:
  /// Creates "<number>.sst.tmp" in `directory`, which outlives the writer. The schema is copied.
  static absl::StatusOr<std::unique_ptr<SSTableWriter>> Create(Directory& directory,
                                                               const TableSchema& schema,
                                                               const SSTableWriterOptions& options);
  ~SSTableWriter();

  /// The projection in which batches must come: all columns of the schema outside of the key.
  static Projection ProjectionOf(const TableSchema& schema);
  /// Loads what is not loaded. A batch that is all of a block of another SSTable is not loaded where the
  /// block can be copied as it is; DataLoss, naming that SSTable and the place in it, if it is damaged.
  absl::Status Add(RowBatch& batch);
  /// Bytes written so far, about; and those of them in blocks that were copied.
  uint64_t file_bytes() const;
  uint64_t copied_bytes() const;
  bool empty() const;
  /// Writes what is open, index, filter, zones, statistics and footer; syncs and renames. The caller syncs
  /// the directory. An empty stream leaves no file: InvalidArgument.
  absl::StatusOr<SSTableMetadata> Finish();

 private:
  struct State;
  explicit SSTableWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The memory of point reads: a block reader, and hold of the blocks whose bytes the values found so far are
/// views of. Reused from read to read; not thread-safe.
class PointReadScratch {
 public:
  PointReadScratch();
  ~PointReadScratch();

  /// Begins a read of the columns of `projection`, which outlives it. What the read before found is no longer
  /// valid.
  void Start(const Projection* projection);
  /// Goes on with other columns; what was found stays valid.
  void Turn(const Projection* projection) { projection_ = projection; }

 private:
  friend class SSTable;
  absl::Status AddRow(const BlockLayout& layout, const PositionView& position,
                      std::shared_ptr<CachedBlock> block, RowMerger* merger, ReadStats* stats);

  const Projection* projection_ = nullptr;
  std::unique_ptr<BlockReader> reader_;
  std::vector<std::shared_ptr<CachedBlock>> blocks_;
};

/// Whether blocks that a scan reads are kept in the cache. Either way it uses those that are there.
enum class CacheUse : uint8_t { kFill, kLeave };

/// An open SSTable. Thread-safe.
class SSTable {
 public:
  /// Checks header, statistics, footer and size against `metadata`; DataLoss if they differ, Unimplemented
  /// when the file has a format or a feature that this version does not know. Reads the index root; filter,
  /// index pages and zones are loaded when first needed, through `cache`, which outlives the SSTable. The
  /// blobs that it refers to are held as long as it is open, and DataLoss if one is missing; unless `blobs`
  /// is null.
  static absl::StatusOr<std::shared_ptr<SSTable>> Open(Directory& directory, const SSTableMetadata& metadata,
                                                       BlockCache* cache, BlobRegistry* blobs = nullptr);
  /// For tools: takes the metadata from the file itself. The hash of the file is not known then.
  static absl::StatusOr<std::shared_ptr<SSTable>> OpenFile(Directory& directory, std::string_view name,
                                                           BlockCache* cache);
  ~SSTable();

  const SSTableMetadata& metadata() const;
  const SourceBounds& bounds() const { return metadata().bounds; }

  /// Adds to `merger` all that the file knows of a row, in the columns of `scratch`'s projection, which is
  /// the merger's, and the deletions that cover its place. Values are valid until `scratch` starts another
  /// read. Filter before index. `stats` may be null.
  absl::Status GetRow(uint64_t token, std::string_view key, std::string_view clustering,
                      PointReadScratch* scratch, RowMerger* merger, ReadStats* stats) const;
  const BlockLayout& layout() const;

  /// The source keeps the SSTable alive. `stats` may be null, else must outlive it; so must `examined`, to
  /// which the rows and range-changes are added that the source hands over.
  std::unique_ptr<RowSource> NewSource(const ScanSpec& spec, ReadStats* stats,
                                       CacheUse cache_use = CacheUse::kFill,
                                       uint64_t* examined = nullptr) const;

  /// How many dead rows and range-changes readers say that they have stepped over in the file, about, since
  /// it was opened: for whoever decides when it is merged.
  void NoteDead(uint64_t count) const { dead_.fetch_add(count, std::memory_order_relaxed); }
  uint64_t dead() const { return dead_.load(std::memory_order_relaxed); }

  /// Reads every byte, past the cache: checksums, hash of the file, order, counts, bounds, zones, filter (no
  /// false negative). DataLoss naming file and offset at the first thing that is wrong.
  absl::Status Verify() const;

  /// For `stoa inspect`: blocks, rows, encodings and bytes per column, sections.
  struct Description {
    uint64_t blocks = 0;
    /// In the file, compressed.
    uint64_t index_bytes = 0, filter_bytes = 0, zone_bytes = 0, block_bytes = 0, block_header_bytes = 0;
    uint64_t key_bytes = 0, liveness_bytes = 0;
    struct ColumnUse {
      ColumnId id = 0;
      uint64_t blocks = 0;
      uint64_t stored_bytes = 0;  ///< share of compressed sections
      uint64_t raw_bytes = 0;
      std::vector<std::pair<std::string, uint64_t>> encodings;  ///< name, blocks
    };
    std::vector<ColumnUse> columns;
  };
  absl::StatusOr<Description> Describe() const;

 private:
  SSTable(std::shared_ptr<const TableReader> reader, std::vector<SharedBlob> blobs);
  const std::shared_ptr<const TableReader> reader_;
  const std::vector<SharedBlob> blobs_;
  mutable std::atomic<uint64_t> dead_{0};
};

}  // namespace stoa
