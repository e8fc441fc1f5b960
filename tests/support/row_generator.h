// Random tables, writes and places, from a seed. Keys, timestamps and values come from small sets, so that
// everything collides with everything.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <stoa/schema.h>

#include "data/fragment.h"
#include "data/row_batch.h"
#include "io/random.h"
#include "support/row_content.h"

namespace stoa::testing {

struct GeneratorOptions {
  uint32_t partitions = 5;
  uint32_t rows_per_partition = 12;
  uint32_t sparse_columns = 6;
  uint32_t complex_columns = 2;  ///< of complex cells: a map, a list, and so on
  /// Rows whose clustering key does not consist of the table's components: static rows, and keys with an
  /// empty component.
  uint32_t irregular_percent = 8;
  int64_t timestamps = 30;     ///< write timestamps are 1 to this
  int64_t now_seconds = 1000;  ///< writes are made at up to 50 seconds around it
  uint32_t deletion_percent = 25;
  uint32_t ttl_percent = 15;
  uint32_t marker_percent = 70;  ///< of the writes that are no deletions
  uint32_t static_percent = 0;   ///< of the writes to rows; without it there are no static columns
  bool blobs = true;             ///< some values are blobs
};

/// One write, as content and as mutation bytes (data/mutation.h) to be read with `context`.
struct RandomWrite {
  Content content;
  FragmentContext context;
  std::string mutations;
};

class RowGenerator {
 public:
  explicit RowGenerator(uint64_t seed, const GeneratorOptions& options = {});

  const TableSchema& schema() const { return schema_; }
  /// All columns with cells.
  const Projection& projection() const { return projection_; }
  Random& random() { return random_; }

  RandomWrite NextWrite();
  std::vector<RandomWrite> Writes(uint32_t count);
  /// `count` writes, reconciled.
  Content NextContent(uint32_t count);

  std::string RandomPartitionKey();
  std::string RandomClustering();
  std::string RandomBound();

 private:
  ContentRow RandomRow(const FragmentContext& context);
  ContentCell RandomComplexCell(ColumnId column, const FragmentContext& context, int64_t expiry);
  ContentCell RandomCell(const DataType& type, const FragmentContext& context, int64_t expiry);
  void EncodeRow(const ContentRow& row, const FragmentContext& context, std::string* out) const;

  GeneratorOptions options_;
  Random random_;
  TableSchema schema_;
  Projection projection_;
  std::map<ColumnId, std::string>
      complex_bytes_;  // of the cells of the last row, as they are in its fragment
};

/// Whether a column of a random table has complex cells.
inline bool IsComplex(const Column& column) { return column.name[0] == 'z'; }

Projection FullProjection(const TableSchema& schema);
/// Each column with probability one half.
Projection RandomProjection(const TableSchema& schema, Random* random);

/// A place in or near `content`: at a row or bound, just after one, at a bound of a prefix of a row's key, at
/// or after a partition, or at its token.
Position RandomPosition(const TableSchema& schema, const Content& content, Random* random);
/// From one such place to another or to the end; may be empty.
struct OwnedRange {
  Position start;
  std::optional<Position> end;
  PositionRange view() const;
};
OwnedRange RandomRange(const TableSchema& schema, const Content& content, Random* random);
/// The same within one partition (of `content`, unless that is empty); never reaches outside of it.
OwnedRange RandomSlice(const TableSchema& schema, const Content& content, Random* random);

}  // namespace stoa::testing
