// Data blocks: consecutive rows, column by column. FORMAT.md describes every byte.
//
// A block is a header and a few sections, compressed one by one: the keys (partition runs, clustering keys,
// range changes), the liveness (timestamps, markers, expiry, row deletions), and groups of columns. This file
// knows blocks as bytes in memory; where they stand in a file, their checksums and the cache are the business
// of sstable_writer.h and block_cache.h.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/inlined_vector.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <stoa/schema.h>

#include "base/arena.h"
#include "data/row_batch.h"
#include "data/row_merger.h"
#include "data/source_bounds.h"
#include "sstable/block_parts.h"

namespace stoa {

inline constexpr uint32_t kBlockRowsMax = 4096;
inline constexpr size_t kBlockRawBytesTarget = 32 << 10;

/// How the encoded value of a clustering component ends (types/byte_comparable.h), which is all that a block
/// must know to keep each component in a column of its own.
struct ClusteringComponent {
  enum class Shape : uint8_t {
    kFixed = 0,               ///< always `bytes` bytes, 1 to 16
    kTerminated = 1,          ///< ends with 00 (00 FF is a byte of the value)
    kTerminatedInverted = 2,  ///< descending: ends with FF (FF 00 is a byte of the value)
    kRest = 3,                ///< any other: this and all components after it are one byte string
    kWhole = 4,               ///< in no layout: all of the key (BlockHeader::Components)
  };
  Shape shape = Shape::kRest;
  uint8_t bytes = 0;  ///< of kFixed
  friend bool operator==(const ClusteringComponent&, const ClusteringComponent&) = default;
};

/// What blocks of a table have in common; stored once in the file.
struct BlockLayout {
  std::vector<ClusteringComponent> clustering;
  /// What takes the place of `clustering` in a block with keys that do not consist of these components: of
  /// static rows, or with empty components.
  static const std::vector<ClusteringComponent>& WholeKeys();
  struct ColumnType {
    ColumnId id;
    TypeKind kind;
    friend bool operator==(const ColumnType&, const ColumnType&) = default;
  };
  /// Ascending by id.
  std::vector<ColumnType> columns;

  static BlockLayout Of(const TableSchema& schema);
  void Encode(std::string* out) const;
  /// DataLoss when the bytes are not a layout.
  static absl::StatusOr<BlockLayout> Decode(std::string_view bytes);
  friend bool operator==(const BlockLayout&, const BlockLayout&) = default;
};

inline constexpr uint32_t kKeySection = 0;
inline constexpr uint32_t kLivenessSection = 1;

enum class SectionCodec : uint8_t { kRaw = 0, kZstd = 1 };

/// The largest section there is: one cell of the greatest size, and what stands beside it.
inline constexpr uint32_t kSectionRawBytesMax = (256u << 20) + (16u << 20);
/// What the values of one column may take in a block. One cell of the greatest size always fits, with small
/// ones of other rows beside it; a collection that grew by additions may not. Less than a section, for what
/// encoding adds.
inline constexpr uint32_t kColumnBytesMax = (256u << 20) + (8u << 20);

/// Undoes SectionCodec with one zstd context for all sections. Not thread-safe.
class SectionDecompressor {
 public:
  SectionDecompressor();
  ~SectionDecompressor();
  /// Writes exactly `raw_bytes` bytes to `out`; DataLoss when `payload` is not the encoding of so many.
  absl::Status Decompress(SectionCodec codec, std::string_view payload, uint32_t raw_bytes, char* out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// One section as it goes to disk.
struct BlockSection {
  SectionCodec codec = SectionCodec::kRaw;
  uint32_t raw_bytes = 0;
  std::string payload;
};

/// Smallest and greatest value of a column in a block, for zone maps. A column without a cell in the block
/// has no zone; where null_count is the row count there is no value, and nothing can match.
struct ColumnZone {
  ColumnId id = 0;
  bool known = false;  ///< false: a NaN or an empty word: anything may be in there
  bool is_word = true;
  uint32_t null_count = 0;             ///< rows without a live value
  int64_t word_min = 0, word_max = 0;  ///< WordToOrdered; of float and double the bits of numbers
  std::string bytes_min, bytes_max;    ///< max is rounded up when cut
};

/// What the file that a block stands in says of it.
struct BlockFacts {
  uint32_t row_count = 0;
  uint32_t partition_starts = 0;  ///< partitions whose START is in the block
  TimeBounds times;
  /// First and last row or range-change; the start of the partition (empty clustering) where a run has
  /// neither, or, for `first`, where it STARTs with a deletion. In ascending order from block to block.
  Position first, last;
  DeletionTime open_before, open_after;
  std::vector<uint64_t> tokens;  ///< of the partitions in the block, ascending
  /// Ascending by id; one for every column with a live value, others match nothing.
  std::vector<ColumnZone> zones;
};

/// A finished block: header (uncompressed, self-contained, position-independent) and sections.
struct BuiltBlock : BlockFacts {
  std::string header;  ///< row and run counts, and for each section what it holds
  std::vector<BlockSection> sections;
  /// Encoded bytes before compression per column id; id 0 is keys and liveness. Of a bundle all have those of
  /// the bundle.
  struct ColumnBytes {
    ColumnId id;
    uint8_t encoding;
    uint32_t bytes;
    uint16_t lanes = 1;
  };
  std::vector<ColumnBytes> column_bytes;
};

/// Collects rows and encodes them. Not thread-safe; reused for block after block.
class BlockBuilder {
 public:
  /// `raw_bytes_target`: about how many bytes a block has before compression.
  BlockBuilder(const BlockLayout* layout, const Projection* projection, int compression_level,
               size_t raw_bytes_target = kBlockRawBytesTarget);
  ~BlockBuilder();

  /// Takes what is in `batch` (projection as given; it is loaded if needed). True: all of it. False: the
  /// block is full, and something is left; after Finish, Add must be called again with the same batch, which
  /// goes on where it stopped. A block is full only when something comes that does not fit, so that where
  /// blocks end does not depend on where batches do. A single row larger than the target makes a block of its
  /// own. DataLoss when a clustering key is none of the table's; InternalError when the stream contradicts
  /// itself.
  absl::StatusOr<bool> Add(RowBatch& batch);
  bool empty() const;
  /// Whether at least half of a block was collected.
  bool half_full() const;
  /// Whether the block may end before a row that comes next: not directly behind a range-change, which may
  /// stand in the place of the row itself.
  bool may_end() const;

  /// The column whose values take the most bytes of what was collected, and the partition of the last row.
  struct LargestColumn {
    ColumnId id = 0;
    size_t bytes = 0;
    std::string_view partition_key;  ///< valid until the next call
  };
  LargestColumn FindLargestColumn();

  /// Encodes what was collected and begins a new block, which continues partition and open deletion.
  /// REQUIRES: no column takes more than kColumnBytesMax.
  absl::StatusOr<BuiltBlock> Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct BlockColumn;

/// A block being read. Sections are handed over decompressed, when wanted, by a SectionSource (the cache).
/// All offsets and counts inside are validated before use: damaged bytes give DataLoss, never a crash (the
/// checksum has been verified, but an attacker can make valid checksums).
class SectionSource {
 public:
  virtual ~SectionSource() = default;
  /// The raw bytes of section `number`; valid as long as the source.
  virtual absl::StatusOr<std::string_view> Section(uint32_t number) = 0;
  /// The same, if it is there already, of the size that the header says; null when it has to be asked for.
  virtual const char* LoadedSection(uint32_t number) const {
    (void)number;
    return nullptr;
  }

  /// What was kept of the column, or the bundle that begins, at `place` in BlockHeader::columns; null when
  /// nothing was.
  virtual const BlockColumn* KeptColumn(uint32_t place) const {
    (void)place;
    return nullptr;
  }
  /// Offers the parsed column at `place`, so that readers to come need not parse it.
  virtual void KeepColumn(uint32_t place, const BlockColumn& column) {
    (void)place;
    (void)column;
  }

  /// The tokens of all runs that were kept; null when they were not.
  virtual const uint64_t* KeptTokens() const { return nullptr; }
  /// Offers them.
  virtual void KeepTokens(std::span<const uint64_t> tokens) { (void)tokens; }
};

/// Parsed header. Immutable after Parse; thread-safe. Small enough to be kept in the cache beside the
/// sections.
class BlockHeader {
 public:
  /// DataLoss when the bytes are not a header of a block with this layout, or use what this version does not
  /// know.
  static absl::StatusOr<BlockHeader> Parse(std::string_view header, const BlockLayout& layout);

  uint32_t row_count = 0;
  uint32_t run_count = 0;
  uint32_t change_count = 0;
  bool clean = false;         ///< as RowBatch::clean
  bool first_starts = false;  ///< PartitionRun::starts of the first run; all others do
  int64_t min_timestamp = 0;
  int64_t max_timestamp = 0;
  bool whole_keys = false;    ///< the clustering keys are not taken apart
  bool has_liveness = false;  ///< section 1 is liveness; without it the descriptors say everything
  /// What follows from the parts below, so that a point read need not look at them: no partition deletions
  /// and range-changes, and nothing is open before the first; of liveness nothing but timestamps.
  bool no_coverings = false;
  bool only_timestamps = false;
  DeletionTime open_before;
  struct Section {
    SectionCodec codec;
    uint32_t raw_bytes;
    uint32_t stored_bytes;
  };
  /// As they stand after the header: keys, liveness (if its section is not empty), then columns.
  using Sections = absl::InlinedVector<Section, 4>;
  Sections sections;
  /// Columns present, ascending by id, with the section that holds them. Those of a bundle, one after
  /// another, are all in the same place.
  struct ColumnPlace {
    ColumnId id;
    uint16_t section;
    uint8_t encoding;  ///< for inspection, but for kEncodingBundle: EncodingName
    uint16_t lane;     ///< which column of its bundle it is
    uint16_t lanes;    ///< columns in the bundle; 1: a column by itself
    uint32_t offset;   ///< in the section
    uint32_t bytes;
  };
  using Columns = absl::InlinedVector<ColumnPlace, 4>;
  Columns columns;

  LivenessParts liveness;
  KeyParts keys;
  /// What the clustering keys of the block are made of, `layout` being that of the table.
  const std::vector<ClusteringComponent>& Components(const BlockLayout& layout) const {
    return whole_keys ? BlockLayout::WholeKeys() : layout.clustering;
  }
  /// Bytes of memory, for the cache.
  size_t memory_bytes() const;
};

/// Reads rows of one block into batches and row mergers. Holds decoded views in memory of its own that is
/// reused; one reader at a time. Runs and rows are named by their ordinals in the block.
class BlockReader : public BatchLoader {
 public:
  /// To be Started.
  BlockReader();
  BlockReader(const BlockLayout* layout, const Projection* projection, MemoryBudget* budget = nullptr);
  ~BlockReader() override;

  /// Begins to read blocks of this layout. `budget` is charged with the reader's memory, if given.
  void Start(const BlockLayout* layout, const Projection* projection, MemoryBudget* budget);
  /// Forgets what it has read and is no longer charged for its memory, until it is Started again. False when
  /// that memory is too much to be kept idle.
  bool Rest();

  /// Turns to another block. `header` and `sections` must outlive the use.
  absl::Status Open(const BlockHeader* header, SectionSource* sections);
  /// The same reader for a block of another table or with another projection.
  absl::Status Open(const BlockLayout* layout, const Projection* projection, const BlockHeader* header,
                    SectionSource* sections);

  /// Rows [begin, end) of the block.
  struct RowRange {
    uint32_t begin;
    uint32_t end;
  };

  /// Row ordinal of the first row at or after `position` (row_count when none), and whether it is exactly
  /// there; and the run of the position's partition, -1 when the block has none. Interpolates over tokens and
  /// fixed-width components, bounded, then binary search. Any bytes will do as a clustering key,
  /// cut-off ones included; the token is the key's, unless the key is empty.
  struct Found {
    uint32_t row;
    bool exact;
    int run;
    RowRange run_rows{0, 0};  ///< of the run, if there is one
  };
  /// `will_read_row`: AddRow is to follow if the row is there, for which memory is asked for meanwhile; if it
  /// is not, the ordinal is any of the run.
  absl::StatusOr<Found> Find(const PositionView& position, bool will_read_row = false);

  /// The same, if the run that the last call found is of the position's partition.
  absl::StatusOr<Found> FindInRun(const Found& last, std::string_view clustering);

  /// The index of the run of a partition in this block, or -1.
  absl::StatusOr<int> FindRun(uint64_t token, std::string_view key);
  /// The rows of a run.
  absl::StatusOr<RowRange> RunRows(int run);

  /// A batch of rows [begin, end), lazily loaded, with the runs and range-changes among them: what stands
  /// directly before a row comes with that row; what stands at the end of a run, or of the block, comes with
  /// the end. A run that begins before row `begin` does not START. With `run` not negative the rows must lie
  /// in that run, and nothing of other runs is added. Rows of the batch are numbered from 0. Valid until the
  /// next call of Batch or Open.
  ///
  /// In a reverse batch everything stands in reverse order (row 0 is row end-1 of the block), and
  /// range-changes and open_deletion say what is open towards smaller bytes.
  enum class Direction : uint8_t { kForward, kReverse };
  absl::Status Batch(uint32_t begin, uint32_t end, Direction direction, RowBatch* batch, int run = -1);

  /// Sets the first and the last clustering key of the last batch, of which rows have been left out.
  absl::Status FindEnds(RowBatch* batch);

  /// How many rows a batch of this block should have at most, so that its arrays stay small though it has
  /// thousands of columns.
  uint32_t batch_rows() const;

  /// The range deletion open at `clustering` within partition run `run`.
  absl::StatusOr<DeletionTime> OpenDeletionAt(int run, std::string_view clustering);
  /// Adds the deletions of the partition and of ranges that cover `clustering`, whether a row is there or
  /// not.
  absl::Status AddCoveringDeletions(int run, std::string_view clustering, RowMerger* merger);

  /// Adds one row (projected columns) to `merger`, without the deletions that cover it. Touches nothing but
  /// what the row needs. Values are views of the sections.
  absl::Status AddRow(uint32_t row, RowMerger* merger);

  absl::Status LoadKeys(RowBatch* batch) override;
  absl::Status LoadLiveness(RowBatch* batch) override;
  absl::Status LoadColumns(RowBatch* batch) override;

 private:
  class Loading;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace stoa
