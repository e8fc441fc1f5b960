// Blocks in memory, for tests.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <stoa/schema.h>
#include <stoa/value.h>

#include "io/random.h"
#include "sstable/block.h"
#include "support/row_content.h"
#include "support/row_stream.h"

namespace stoa::testing {

/// A table and what follows from its schema.
struct Table {
  explicit Table(const TableSchema::Builder& builder);

  /// A row with a marker.
  ContentRow Row(Values clustering, int64_t timestamp) const;
  ColumnId Id(std::string_view name) const { return schema.FindColumn(name)->id; }

  TableSchema schema;
  BlockLayout layout;
  Projection projection;
};

ContentPartition Partition(std::string key);
/// Into the order that Content has.
void SortPartitions(Content* content);
ContentCell WordCell(uint64_t word, int64_t timestamp);
ContentCell BytesCell(std::string bytes, int64_t timestamp);
std::string RandomBytes(Random* random, uint64_t size);

/// A block as the cache would hold it.
class MemoryBlock : public SectionSource {
 public:
  /// DataLoss when header or sections are damaged.
  static absl::StatusOr<std::unique_ptr<MemoryBlock>> Open(const BuiltBlock& built,
                                                           const BlockLayout& layout);

  absl::StatusOr<std::string_view> Section(uint32_t number) override;

  BlockHeader header;
  /// Exactly as large as they are, so that reading past the end is noticed.
  std::vector<std::vector<char>> sections;
  std::vector<bool> loaded;
};

/// The blocks that the builder makes of a stream.
absl::StatusOr<std::vector<BuiltBlock>> BuildBlocks(RowSource* source, const BlockLayout& layout,
                                                    const Projection& projection, int compression_level = 1);
/// Of `content`, in batches of up to `batch_rows`.
std::vector<BuiltBlock> BlocksOf(const Content& content, const BlockLayout& layout,
                                 const Projection& projection, uint64_t seed, uint32_t batch_rows);

std::vector<std::unique_ptr<MemoryBlock>> OpenBlocks(const std::vector<BuiltBlock>& built,
                                                     const BlockLayout& layout);

/// The stream of what blocks hold, read in batches of random sizes; with `rows_max` 0 in one batch a block.
/// In reverse the blocks are read from the last to the first and must hold one partition. Everything must
/// outlive the source.
std::unique_ptr<RowSource> NewBlockSource(const std::vector<std::unique_ptr<MemoryBlock>>& blocks,
                                          const BlockLayout& layout, const Projection& projection,
                                          BlockReader::Direction direction, uint32_t rows_max, uint64_t seed);

/// The same, watched by a StreamValidator and read to its end.
absl::StatusOr<Content> ReadBlocks(const std::vector<std::unique_ptr<MemoryBlock>>& blocks,
                                   const BlockLayout& layout, const Projection& projection,
                                   BlockReader::Direction direction, uint32_t rows_max, uint64_t seed);

}  // namespace stoa::testing
