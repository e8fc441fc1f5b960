// SSTables: immutable sorted files. FORMAT.md describes every byte.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "data/row_batch.h"
#include "data/row_merger.h"
#include "data/source_bounds.h"
#include "io/file_system.h"
#include "sstable/block.h"
#include "sstable/block_cache.h"

namespace stoa {

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
  uint64_t partition_count = 0;  ///< partitions with a piece in the file
  uint64_t tombstone_count = 0;  ///< row, range and cell tombstones, partition deletions
  uint64_t file_hash_low = 0, file_hash_high = 0;  ///< XXH3-128 of the whole file, for scrub and backup
  SourceBounds bounds;

  void Encode(std::string* out) const;
  /// InvalidArgument on malformed bytes.
  static absl::StatusOr<SSTableMetadata> Decode(std::string_view bytes);
  friend bool operator==(const SSTableMetadata&, const SSTableMetadata&) = default;
};

/// What reading cost.
struct ReadStats {
  uint64_t blocks_read = 0;       ///< blocks looked into, cached or not
  uint64_t bytes_read = 0;        ///< bytes read from files
  uint64_t cache_misses = 0;
  uint64_t filter_rejections = 0;
  uint64_t sstables = 0;          ///< SSTables whose index was consulted
  uint64_t rows_examined = 0;
};

struct SSTableWriterOptions {
  uint64_t number = 0;
  uint64_t file_id = 0;
  int compression_level = 1;
  /// Filter bits for each partition.
  int filter_bits = 10;
  IoPurpose purpose = IoPurpose::kFlush;
};

/// Writes one SSTable from a row stream. Not thread-safe.
class SSTableWriter {
 public:
  /// Creates "<number>.sst.tmp" in `directory`. `projection` has all columns of `schema`.
  static absl::StatusOr<std::unique_ptr<SSTableWriter>> Create(Directory& directory, const TableSchema& schema,
                                                               const SSTableWriterOptions& options);
  ~SSTableWriter();

  /// The projection in which batches must come: all regular columns of the schema.
  const Projection& projection() const;
  absl::Status Add(RowBatch& batch);
  /// Bytes written so far, about.
  uint64_t file_bytes() const;
  bool empty() const;
  /// Writes what is open, index, filter, zones, statistics and footer; syncs and renames. The caller syncs the directory.
  /// An empty stream leaves no file: InvalidArgument.
  absl::StatusOr<SSTableMetadata> Finish();

 private:
  struct State;
  explicit SSTableWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// An open SSTable. Thread-safe.
class SSTable {
 public:
  /// Checks footer and size against `metadata`; DataLoss if they differ. Reads the index root; filter, index pages and
  /// zones are loaded when first needed, through `cache`. `file_name` is used in messages.
  static absl::StatusOr<std::shared_ptr<SSTable>> Open(Directory& directory, const SSTableMetadata& metadata,
                                                       BlockCache* cache);
  /// For tools: takes the metadata from the file itself.
  static absl::StatusOr<std::shared_ptr<SSTable>> OpenFile(Directory& directory, std::string_view name,
                                                           BlockCache* cache);
  ~SSTable();

  const SSTableMetadata& metadata() const;
  const SourceBounds& bounds() const { return metadata().bounds; }

  /// Adds to `merger` all that the file knows of a row. `scratch` is the caller's, reused from read to read. Filter
  /// before index. `stats` may be null.
  absl::Status GetRow(uint64_t token, std::string_view key, std::string_view clustering, BlockReader* scratch,
                      RowMerger* merger, ReadStats* stats) const;
  const BlockLayout& layout() const;

  /// The source keeps the SSTable alive. `stats` may be null, else must outlive it.
  std::unique_ptr<RowSource> NewSource(const ScanSpec& spec, ReadStats* stats) const;

  /// Reads every byte: checksums, hash of the file, order, counts, bounds, zones, filter (no false negative).
  /// DataLoss naming file and offset at the first thing that is wrong.
  absl::Status Verify() const;

  /// For `stoa inspect`: blocks, rows, encodings and bytes per column, sections.
  struct Description {
    uint64_t blocks = 0;
    uint64_t index_bytes = 0, filter_bytes = 0, zone_bytes = 0, key_bytes = 0, liveness_bytes = 0;
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
  struct State;
  explicit SSTable(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace stoa
