// The data of the microbenchmarks: readings of sensors (series.h) as the layers of the engine take them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <stoa/write_batch.h>

#include "data/batch_builder.h"
#include "data/row_batch.h"
#include "memtable/memtable.h"
#include "series.h"
#include "sstable/block.h"

namespace stoa {

/// 100,000 rows of 100 sensors. Immutable, one for all benchmarks.
class Readings {
 public:
  static const Readings& Get();

  const Series& series() const { return series_; }
  size_t row_count() const { return series_.samples().size(); }
  const TableSchema& schema() const { return *table_; }
  const BlockLayout& layout() const { return layout_; }
  /// All columns.
  const Projection& projection() const { return projection_; }

  std::string PartitionKey(int64_t sensor) const;
  /// Of the row at a time.
  std::string ClusteringKey(int64_t time) const;
  /// What a batch that writes row number `row`, in order of arrival, has encoded.
  std::string_view mutations(size_t row) const { return mutations_[row]; }

  /// Writes a row into a memtable of the table, under a sequence of its own.
  void Insert(size_t row, Memtable* memtable) const;
  /// A memtable with the rows numbered first, first + step, first + 2 * step, ...
  std::unique_ptr<Memtable> NewMemtable(size_t first = 0, size_t step = 1) const;

 private:
  Readings();

  const Series series_;
  Table table_;
  BlockLayout layout_;
  Projection projection_;
  std::vector<std::string> mutations_;
};

/// A row stream kept in memory, to be read again and again. Immutable; thread-safe.
class StoredStream {
 public:
  /// Reads `source`, which has this projection, to its end.
  StoredStream(RowSource* source, const Projection* projection);

  size_t row_count() const { return row_count_; }
  /// The stream from its beginning; must not outlive this. It cannot skip.
  std::unique_ptr<RowSource> NewSource() const;

 private:
  std::vector<std::unique_ptr<BatchBuilder>> builders_;  // own what the batches view
  std::vector<RowBatch> batches_;
  size_t row_count_ = 0;
};

}  // namespace stoa
